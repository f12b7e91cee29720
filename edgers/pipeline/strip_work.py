"""What is done to the rows of a strip: cut into tiles as they arrive, preprocess, infer, decode."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import cast

import numpy as np
import numpy.typing as npt

from edgers.errors import SceneError
from edgers.pipeline.flow import Stage
from edgers.pipeline.model import Model
from edgers.pipeline.preprocess import Preprocessor
from edgers.programs import Spot
from edgers.scene.pushbroom import Samples, Strip
from edgers.scene.row_ring import RowRing
from edgers.tasks.segmentation import SegmentationDecoder
from edgers.tiling.axis_tiles import AxisPlan
from edgers.tiling.grid import Tile
from edgers.tiling.row_stream import RowStream, RowTile


@dataclass(frozen=True, slots=True, kw_only=True)
class StripTile:
    """A tile with its samples."""

    tile: Tile
    """Where it lies in the strip."""
    is_last: bool
    """Whether its row of tiles ends with it."""
    samples: Samples
    """Stored samples of the window, (band, row, column), cut off at the strip's end."""
    under: tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]
    """Rows and columns of the window under the output pixels of the core."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadyTile:
    """A tile with its tensor."""

    strip_tile: StripTile
    """What it was made from."""
    nodata: npt.NDArray[np.bool_]
    """True where a pixel of the core is nodata, (height, width) in output pixels."""
    tensor: npt.NDArray[np.generic] | None
    """What the network takes; None where the core holds no data."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StripBlock:
    """What one tile contributes; arrays are (height, width) in output pixels."""

    is_last: bool
    """Whether its row of tiles ends with it."""
    classes: npt.NDArray[np.uint8] | npt.NDArray[np.uint16]
    """Class values; any where the pixel is nodata."""
    nodata: npt.NDArray[np.bool_]
    """True where the strip has no data."""
    not_finite: npt.NDArray[np.bool_]
    """True where the network gave NaN or infinity."""
    skipped: bool
    """Whether the tile was not inferred because it holds no data."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StripWork:
    """The work on one strip."""

    strip: Strip
    """Rows."""
    stream: RowStream
    """Tiles along the height."""
    columns: AxisPlan
    """Tiles along the width."""
    ring: RowRing
    """Rows that tiles still need."""
    prepare: Preprocessor
    """Scaling and layout."""
    model: Model
    """Network."""
    decoder: SegmentationDecoder
    """Meaning of its output."""

    def tiles(self, rows: Iterable[Samples]) -> Iterator[StripTile]:
        """Give each tile as soon as the rows of its window are there; the end's at the end.

        Raises SceneError where no row came, TilingError where too few came.
        """
        index = 0
        for row in rows:
            self.ring.add(row)
            for found in self.stream.ready(self.ring.count):
                yield from self._cut(found, index)
                index += len(self.columns.tiles)
        if not self.ring.count:
            raise SceneError(
                f"strip {self.strip.name} has no rows.",
                seen=f"{self.strip.dropped_bytes} bytes came.",
                rule=f"A row of all bands has {self.strip.header.row_bytes} bytes.",
            )
        for found in self.stream.rest(self.ring.count):
            yield from self._cut(found, index)
            index += len(self.columns.tiles)

    def stages(self, workers: int) -> list[Stage]:
        """Give the stages in order; inference has `workers` threads."""
        prepare = self._guarded(lambda item: self.preprocess(cast(StripTile, item)))
        infer = self._guarded(lambda item: self.infer(cast(ReadyTile, item)))
        return [
            Stage(name="preprocess", work=prepare),
            Stage(name="infer", work=infer, threads=workers),
        ]

    def _cut(self, rows: RowTile, index: int) -> Iterator[StripTile]:
        """Cut one row of tiles out of the ring."""
        down, count = rows.tile, len(self.columns.tiles)
        for column, across in enumerate(self.columns.tiles):
            yield StripTile(
                tile=Tile(
                    index=index + column,
                    rows=down,
                    columns=across,
                    row=index // count,
                    column=column,
                ),
                is_last=column == count - 1,
                samples=self.ring.window(
                    down.window_start,
                    min(down.window_stop, self.ring.count),
                    across.window_start,
                    min(across.window_stop, self.columns.size_px),
                ),
                under=(
                    rows.under - down.window_start,
                    self.columns.input_index(across.core_start, across.core_stop)
                    - across.window_start,
                ),
            )

    def preprocess(self, found: StripTile) -> ReadyTile:
        """Make the tensor, unless nothing in the core is worth it."""
        window = self.strip.window(found.samples)
        nodata = window.nodata[np.ix_(*found.under)]
        tensor = None
        if not nodata.all():
            tensor = self.prepare.tensor(window, found.tile.window_shape)
        return ReadyTile(strip_tile=found, nodata=nodata, tensor=tensor)

    def infer(self, ready: ReadyTile) -> StripBlock:
        """Run the network and decode the core."""
        tile = ready.strip_tile.tile
        if ready.tensor is None:
            found = self.decoder.nothing(tile)
        else:
            spot = Spot(tile.rows.window_start, tile.columns.window_start)
            outputs = self.model.program.infer({self.model.source.name: ready.tensor}, spot)
            found = self.decoder.decode(outputs[self.model.output.name], tile)
        return StripBlock(
            is_last=ready.strip_tile.is_last,
            classes=found.classes,
            nodata=ready.nodata,
            not_finite=found.not_finite,
            skipped=ready.tensor is None,
        )

    def _guarded(self, work: Callable[[object], object]) -> Callable[[object], object]:
        """Let a failure end the wait for rows, which would else keep the flow from ending."""

        def guarded(item: object) -> object:
            try:
                return work(item)
            except BaseException:
                self.strip.stop()
                raise

        return guarded
