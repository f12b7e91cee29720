"""What is done to the rows of a strip: cut into tiles as they arrive, then as those of a scene."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol, cast

import numpy as np
import numpy.typing as npt

from edgers.errors import SceneError
from edgers.pipeline.flow import Stage
from edgers.pipeline.tile_work import ReadTile, ReadyTile, TileSteps, plain_index
from edgers.scene.one_image import OneImage
from edgers.scene.pushbroom import Samples, Strip
from edgers.scene.row_ring import RowRing
from edgers.tiling.axis_tiles import AxisPlan
from edgers.tiling.grid import Tile
from edgers.tiling.row_stream import RowTile


class RowTiles(Protocol):
    """The tiles along the height of one strip, in order."""

    @property
    def place(self) -> AxisPlan:
        """Where output rows lie."""

    def ready(self, rows: int) -> Iterator[RowTile]:
        """Give the tiles that can be made now that `rows` rows have arrived, each once."""

    def rest(self, rows: int) -> list[RowTile]:
        """Give the tiles that are left now that the strip has ended after `rows` rows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StripTile:
    """A tile with its samples."""

    tile: Tile
    """Where it lies in the strip."""
    samples: Samples
    """Stored samples of the window, (band, row, column), cut off at the strip's end."""
    under: tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]
    """Rows and columns of the window under the output pixels of the core."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StripWork(TileSteps):
    """The work on one strip."""

    strip: Strip
    """Rows."""
    image: OneImage
    """The same as a scene, which is never read."""
    stream: RowTiles
    """Tiles along the height."""
    columns: AxisPlan
    """Tiles along the width."""
    ring: RowRing
    """Rows that tiles still need."""

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
        prepare = self._guarded(lambda item: self.preprocess(self._seen(cast(StripTile, item))))
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

    def _seen(self, found: StripTile) -> ReadTile:
        """Tell which samples are missing, and what the window shows."""
        window = self.image.seen(self.strip.window(found.samples))
        rows, columns = (plain_index(index) for index in found.under)
        return self.look(found.tile, window, rows, columns)

    def _guarded(self, work: Callable[[object], object]) -> Callable[[object], object]:
        """Let a failure end the wait for rows, which would else keep the flow from ending."""

        def guarded(item: object) -> object:
            try:
                return work(item)
            except BaseException:
                self.strip.stop()
                raise

        return guarded
