"""The drafts of a table: numbers of tiles, what is known of them, and a thinned scene."""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from edgers.closing import Closing
from edgers.products.draft import Draft, DraftShape
from edgers.products.preview import Thinning
from edgers.products.work_folder import WorkFolder
from edgers.scene.place import Place
from edgers.tiling.grid import Grid, Tile

Reals = npt.NDArray[np.float32]
Array = npt.NDArray[np.generic]

CHUNK_BYTES = 4 * 2**20
"""Numbers read at once: enough that reading costs little, and nothing beside the runtime."""

PRESENT, NODATA_PX = range(2)
"""What is known of a tile: whether it has numbers, and the pixels of its window without data."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Chunk:
    """Some rows one after the other, tiles without an answer left out."""

    tiles: npt.NDArray[np.intp]
    """Number of each tile, counted along rows of tiles."""
    nodata_px: npt.NDArray[np.int64]
    """Pixels of its window that are nodata."""
    rows: Reals
    """Its numbers, (row, number)."""


class RowDrafts(Closing):
    """Drafts of one table; a context manager.

    They lie in the work folder: memory does not grow with the number of tiles, and a run that was
    killed finds what it had.
    """

    def __init__(
        self, work: WorkFolder, grid: Grid, length: int, place: Place, preview_bands: int
    ) -> None:
        """Open or begin drafts for all tiles of `grid`, of `length` numbers each."""
        self._grid, self._length = grid, length
        self.tiles = len(grid)
        self.thinning = Thinning(height_px=place.height_px, width_px=place.width_px)
        shapes = {
            "rows": self._shape(length, "float32"),
            "tiles": self._shape(2, "int64"),
            "preview": self.thinning.shape(preview_bands),
        }
        with ExitStack() as opened:
            self._drafts = {
                name: opened.enter_context(Draft(work.path(f"{name}.raw"), shape))
                for name, shape in shapes.items()
            }
            self._opened = opened.pop_all()

    def write(
        self, tile: Tile, row: Reals | None, nodata_px: int, preview: Array
    ) -> tuple[int, ...]:
        """Write a tile, None where it has no answer; give the checksums.

        Any thread may call this. Raises OutputError where the disk is full or fails.
        """
        numbers = np.zeros(self._length, np.float32) if row is None else row
        known = np.array([row is not None, nodata_px], np.int64)
        at = self.number(tile)
        core = tile.rows.core_start, tile.columns.core_start
        kept = self.thinning.keep(preview, *core)
        # Samples may be wider than single precision; the picture is stretched anyway.
        with np.errstate(over="ignore"):
            thin = kept.astype(np.float32)
        return (
            self._drafts["rows"].write(numbers[None, None], at, 0),
            self._drafts["tiles"].write(known[None, None], at, 0),
            self._drafts["preview"].write(thin, *self.thinning.place(*core)),
        )

    def is_whole(self, checksums: tuple[int, ...], tile: Tile) -> bool:
        """Tell whether a tile is there as it was written."""
        at = self.number(tile)
        row, column = self.thinning.place(tile.rows.core_start, tile.columns.core_start)
        row_stop, column_stop = self.thinning.place(tile.rows.core_stop, tile.columns.core_stop)
        return checksums == (
            self._drafts["rows"].checksum(at, 0, 1, self._length),
            self._drafts["tiles"].checksum(at, 0, 1, 2),
            self._drafts["preview"].checksum(row, column, row_stop - row, column_stop - column),
        )

    def number(self, tile: Tile) -> int:
        """Give the number of a tile, counted along rows of tiles whatever the order of work."""
        return tile.row * len(self._grid.columns.tiles) + tile.column

    def chunks(self) -> Iterator[Chunk]:
        """Give all tiles that have an answer, in the order of their numbers."""
        step = max(1, CHUNK_BYTES // (4 * self._length))
        for begin in range(0, self.tiles, step):
            count = min(step, self.tiles - begin)
            known = self._drafts["tiles"].read(begin, 0, count, 2)[0].astype(np.int64)
            rows = self._drafts["rows"].read(begin, 0, count, self._length)[0]
            (kept,) = np.nonzero(known[:, PRESENT])
            yield Chunk(
                tiles=kept + begin,
                nodata_px=known[kept, NODATA_PX],
                rows=rows[kept].astype(np.float32, copy=False),
            )

    def preview(self) -> Array:
        """Give the thinned scene, (band, height, width)."""
        shape = self._drafts["preview"].shape
        return self._drafts["preview"].read(0, 0, shape.height_px, shape.width_px)

    def sync(self) -> None:
        """Force the drafts to disk; raises OutputError where that fails."""
        for draft in self._drafts.values():
            draft.sync()

    def close(self) -> None:
        """Close the drafts."""
        self._opened.close()

    def _shape(self, width: int, data_type: str) -> DraftShape:
        return DraftShape(bands=1, height_px=self.tiles, width_px=width, data_type=data_type)
