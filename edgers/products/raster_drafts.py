"""The drafts of raster products, and of the picture of the scene they are shown beside."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack

import numpy as np
import numpy.typing as npt

from edgers.closing import Closing
from edgers.products.draft import Draft, DraftShape
from edgers.products.preview import Thinning
from edgers.products.work_folder import WorkFolder
from edgers.scene.place import Place
from edgers.tiling.grid import Tile

PREVIEW = "preview"
"""Role of the thinned scene."""

Array = npt.NDArray[np.generic]


class RasterDrafts(Closing):
    """Drafts by role, all of one grid, and a thinned scene; a context manager.

    They lie in the work folder, so that nothing of the scene's size is held and a run that was
    killed finds them again.
    """

    def __init__(
        self, work: WorkFolder, place: Place, roles: Mapping[str, tuple[int, str]],
        preview_bands: int,
    ) -> None:  # fmt: skip
        """Open or begin a draft for each role, of so many bands and that sample type."""
        self.thinning = Thinning(height_px=place.height_px, width_px=place.width_px)
        shapes = {
            role: DraftShape(
                bands=bands, height_px=place.height_px, width_px=place.width_px, data_type=kind
            )
            for role, (bands, kind) in roles.items()
        }
        shapes[PREVIEW] = self.thinning.shape(preview_bands)
        with ExitStack() as opened:
            self._drafts = {
                role: opened.enter_context(Draft(work.path(f"{role}.raw"), shape))
                for role, shape in shapes.items()
            }
            self._opened = opened.pop_all()

    def __getitem__(self, role: str) -> Draft:
        return self._drafts[role]

    def write(
        self, blocks: Mapping[str, Array], preview: Array, row: int, column: int
    ) -> tuple[int, ...]:
        """Write a block, (band, height, width), to each draft; give the checksums.

        Any thread may call this. Raises OutputError where the disk is full or fails.
        """
        return tuple(self._written(blocks, preview, row, column))

    def is_whole(self, checksums: tuple[int, ...], tile: Tile) -> bool:
        """Tell whether the blocks of a tile's core are there as they were written."""
        row, column = tile.rows.core_start, tile.columns.core_start
        height, width = tile.core_shape
        thin_row, thin_column = self.thinning.place(row, column)
        thin_stop = self.thinning.place(row + height, column + width)
        thin = (thin_row, thin_column, thin_stop[0] - thin_row, thin_stop[1] - thin_column)
        found = tuple(
            draft.checksum(*(thin if role == PREVIEW else (row, column, height, width)))
            for role, draft in self._drafts.items()
        )
        return found == checksums

    def preview(self) -> Array:
        """Give the thinned scene, (band, height, width)."""
        shape = self._drafts[PREVIEW].shape
        return self._drafts[PREVIEW].read(0, 0, shape.height_px, shape.width_px)

    def thinned(self, role: str, bands: Sequence[int] | None = None) -> Array:
        """Give every so manieth pixel of a draft, as those of the scene, (band, height, width).

        `bands` are the positions of those that are wanted, None for all.
        """
        return self.thinning.of(self._drafts[role], bands)

    def sync(self) -> None:
        """Force the drafts to disk; raises OutputError where that fails."""
        for draft in self._drafts.values():
            draft.sync()

    def close(self) -> None:
        """Close the drafts."""
        self._opened.close()

    def _written(
        self, blocks: Mapping[str, Array], preview: Array, row: int, column: int
    ) -> Iterator[int]:
        for role, draft in self._drafts.items():
            if role == PREVIEW:
                kept = self.thinning.keep(preview, row, column)
                # Samples may be wider than single precision; the picture is stretched anyway.
                with np.errstate(over="ignore"):
                    thin = kept.astype(np.float32)
                yield draft.write(thin, *self.thinning.place(row, column))
            else:
                yield draft.write(blocks[role], row, column)
