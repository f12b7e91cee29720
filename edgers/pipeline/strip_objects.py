"""Objects of a strip: joined across tiles while rows arrive, a line of GeoJSON each.

A tile is joined when all is known that could belong to it: when a row of tiles has begun below its
window, or the strip has ended.
"""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from edgers.engines import Tensors
from edgers.errors import ContractError
from edgers.pipeline.answer import Seen
from edgers.pipeline.object_forms import form_of
from edgers.pipeline.strip_lines import StripLines
from edgers.pipeline.strip_maker import StripAnswer, StripOrder
from edgers.products.feature import Feature
from edgers.products.features import with_areas
from edgers.products.found import Found, ObjectCount
from edgers.products.geojson import geojson_lines
from edgers.products.object_features import COLUMNS, ObjectFeatures, records_of
from edgers.products.tile_record import TileRecord
from edgers.tasks.joining import Joined, Joiner
from edgers.tasks.pieces import PIECE, Pieces
from edgers.tasks.windows import Windows
from edgers.tiling.grid import Grid


@dataclass(frozen=True, slots=True, kw_only=True)
class _Waiting:
    """A tile that is not joined yet."""

    tile: int
    """Its position in the order of work."""
    below: int
    """Row at which its window ends."""
    pieces: Pieces
    """What it shows, in pixels of the strip."""


class StripObjects(StripLines):
    """A `strip_maker.StripProducts` of objects."""

    def __init__(self, order: StripOrder) -> None:
        """Begin the file."""
        outputs = order.model.bundle.contract.outputs
        if outputs[0].shapes:
            raise ContractError(
                f"output {outputs[0].name!r} tells of objects in words.",
                rule="Their classes are known when all tiles have answered, and a strip has no end "
                "while its rows arrive.",
                fix="Run the finished file with 'edgers run'.",
            )
        if outputs[0].masks is not None:
            raise ContractError(
                f"output {outputs[0].name!r} gives a mask of each object.",
                rule="Masks wait on disk until they are joined, and a strip keeps no tiles there.",
                fix="Run the finished file with 'edgers run'.",
            )
        self._form, head = form_of(outputs), outputs[0].boxes
        assert head is not None
        self._classes = outputs[0].classes
        self._counts = [0] * len(self._classes)
        self._grid = Grid(rows=replace(order.rows, tiles=()), columns=order.columns)
        self._windows = Windows(self._grid)
        self._joiner = Joiner(
            self._windows, upright=not head.is_oriented, by_class=head.suppression != "all"
        )
        self._waiting: deque[_Waiting] = deque()
        super().__init__(order, "geojsonl")

    @property
    def found(self) -> Found:
        """Give how many objects were written."""
        counts = zip(self._classes, self._counts, strict=True)
        return Found(
            objects=tuple(ObjectCount(name=one.name, objects=count) for one, count in counts)
        )

    def take(self, seen: Seen, outputs: Tensors | None) -> StripAnswer:
        """Decode a tile."""
        tile, pieces, lost = seen.tile, np.zeros(0, PIECE), False
        if outputs is not None:
            pieces, lost = self._form.pieces(seen, outputs)
        nodata_px = int(seen.nodata.sum())
        record = TileRecord(
            tile=tile.index, checksums=(), nodata_px=seen.nodata.size if lost else nodata_px,
            not_finite_px=seen.nodata.size - nodata_px if lost else 0, skipped=outputs is None,
        )  # fmt: skip
        return StripAnswer(tile=tile, record=record, given=pieces)

    def add(self, answer: StripAnswer) -> None:
        """Take a tile; join those of which all is known."""
        tile = answer.tile
        assert isinstance(answer.given, np.ndarray)
        if tile.column == 0:
            rows = self._grid.rows
            self._grow(replace(self._grid, rows=replace(rows, tiles=(*rows.tiles, tile.rows))))
            self._write(self._joined(tile.rows.window_start))
        self._waiting.append(
            _Waiting(tile=tile.index, below=tile.rows.window_stop, pieces=answer.given)
        )

    def finish(self, rows_in: int, rows_out: int) -> None:
        """Join what is left."""
        rows = replace(self._grid.rows, size_px=rows_in, output_px=rows_out)
        self._grow(replace(self._grid, rows=rows))
        self._write([*self._joined(None), *self._joiner.finish()])

    def _grow(self, grid: Grid) -> None:
        self._grid = grid
        self._windows.grow(grid)

    def _joined(self, row: int | None) -> list[Joined]:
        """Join the tiles whose windows end at `row` or above, all where None."""
        found: list[Joined] = []
        while self._waiting and (row is None or self._waiting[0].below <= row):
            one = self._waiting.popleft()
            found += self._joiner.add(one.tile, one.pieces)
        return found

    def _write(self, some: Sequence[Joined]) -> None:
        origin = {"bundle_id": self.order.model.bundle.bundle_id}
        maker = ObjectFeatures(grid=self._grid, classes=self._classes, provenance=origin)
        features: list[Feature] = list(maker.features(records_of(some)))
        told = with_areas(features, self.order.seen)
        lines = [f"{line}\n" for line, _ in geojson_lines(told, COLUMNS, self.order.seen)]
        self.write(lines)
        values = [one.value for one in self._classes]
        for feature in features:
            self._counts[values.index(int(str(feature.properties["class"])))] += 1
