"""Rasters of a strip: rows of each are appended when a row of tiles is complete."""

from contextlib import ExitStack
from pathlib import Path
from typing import Any, Generic, TypeVar, cast

import numpy as np
import numpy.typing as npt

from edgers.engines import Tensors
from edgers.pipeline.answer import Seen
from edgers.pipeline.class_maps import class_layers
from edgers.pipeline.gap_filling import filled
from edgers.pipeline.options import RunOptions
from edgers.pipeline.raster_maker import Decoder
from edgers.pipeline.strip_maker import StripAnswer, StripOrder, hand_on
from edgers.pipeline.value_maps import value_layers
from edgers.products.found import Found
from edgers.products.label_map import LabelMap
from edgers.products.raster_block import Block, Laid
from edgers.products.raster_products import RasterKind
from edgers.products.row_map import RowMap
from edgers.products.tile_record import TileRecord
from edgers.tasks.kinds import kind_of
from edgers.tasks.multi_label import MultiLabelDecoder
from edgers.tasks.values import ValueBlock

FoundT = TypeVar("FoundT")


class StripRasters(Generic[FoundT]):
    """A `strip_maker.StripProducts` of rasters."""

    looks_beyond = False

    def __init__(
        self, order: StripOrder, kind: RasterKind[FoundT], decoder: Decoder[FoundT]
    ) -> None:
        """Begin a growing raster for each layer of `kind`."""
        self._order, self._kind, self._decoder = order, kind, decoder
        self._output = order.model.output.name
        self._parts: list[dict[str, npt.NDArray[np.generic]]] = []
        with ExitStack() as opened:
            self._maps = {
                role: opened.enter_context(
                    RowMap(
                        order.folder, f"{order.name}{layer.ending}",
                        width_px=order.columns.output_px, layer=layer,
                        map_fields=order.map_fields, description=order.description,
                    )
                )
                for role, layer in kind.layers.items()
            }  # fmt: skip
            self._opened = opened.pop_all()
        self._main = next(iter(self._maps.values()))

    @property
    def found(self) -> Found:
        """Give what was counted."""
        return self._kind.found

    @property
    def files(self) -> list[Path]:
        """Give image and header of each raster."""
        return [path for one in self._maps.values() for path in one.files]

    def take(self, seen: Seen, outputs: Tensors | None) -> StripAnswer:
        """Decode a tile, and lay its core out as it is stored."""
        tile = seen.tile
        found = None if outputs is None else self._decoder.decode(outputs[self._output], tile)
        if isinstance(found, ValueBlock) and seen.own is not None:
            found = cast(FoundT, filled(found, seen.own))
        laid = self._kind.lay(
            Block(
                tile=tile.index, row=tile.rows.core_start, column=tile.columns.core_start,
                found=found, nodata=seen.nodata, preview=seen.preview, skipped=outputs is None,
            )
        )  # fmt: skip
        lost = 0 if laid.not_finite is None else int((laid.not_finite & ~seen.nodata).sum())
        record = TileRecord(
            tile=tile.index, checksums=(), nodata_px=int(laid.gone.sum()), not_finite_px=lost,
            skipped=outputs is None, own=laid.own,
        )  # fmt: skip
        return StripAnswer(tile=tile, record=record, given=laid)

    def add(self, answer: StripAnswer) -> None:
        """Put blocks side by side; write them when they make whole rows."""
        assert isinstance(answer.given, Laid)
        self._kind.count(answer.record.own)
        self._parts.append(answer.given.blocks)
        if len(self._parts) < len(self._order.columns.tiles):
            return
        parts, self._parts = self._parts, []
        for role, one in self._maps.items():
            data = one.add_rows(np.concatenate([blocks[role] for blocks in parts], axis=2))
            if one is self._main:
                hand_on(self._order.sink, data)

    def finish(self, rows_in: int, rows_out: int) -> None:
        """All is written already."""

    def tell(self, text: str) -> None:
        """Write the summary, beside the main file."""
        self._main.replace("json", text)

    def close(self) -> None:
        """Let go of the files."""
        self._opened.close()


def strip_rasters(order: StripOrder) -> StripRasters[Any]:
    """Begin the rasters of classes, labels or values."""
    output, options = order.model.output, RunOptions()
    kind = kind_of(output)
    if kind == "classes":
        return StripRasters(order, *class_layers(output, options, order.place))
    if kind == "labels":
        labels = LabelMap(output, order.place, probabilities=False)
        return StripRasters(order, labels, MultiLabelDecoder(output))
    return StripRasters(order, *value_layers(order.model, order.kept, options, order.place))
