"""Coarser levels of a class map, each voted on in squares of 2 × 2 pixels of the one before.

GDAL can vote as well, and then takes several times what all else of making a map takes.
"""

from collections.abc import Iterator
from contextlib import ExitStack

import numpy as np

from edgers.closing import Closing
from edgers.kernels.cpu.votes import halve
from edgers.products.draft import Draft, DraftShape

STRIP_PX = 2**20
"""Pixels of a band held at a time."""


class Overviews(Closing):
    """Drafts of the coarser levels of a map; a context manager that removes them at its end."""

    def __init__(self, draft: Draft, nodata: int, smallest_px: int) -> None:
        """Make the levels of `draft` beside it, until one fits into `smallest_px`.

        Raises OutputError where the disk is full or fails.
        """
        self.levels: list[Draft] = []
        """The finest first."""
        with ExitStack() as opened:
            finer = draft
            while max(finer.shape.height_px, finer.shape.width_px) > smallest_px:
                path = draft.path.with_suffix(f".{len(self.levels) + 1}.raw")
                opened.callback(path.unlink, missing_ok=True)
                level = opened.enter_context(Draft(path, _half(finer.shape)))
                for row, height in _strips(finer.shape):
                    bands = finer.read(row, 0, height, finer.shape.width_px)
                    level.write(np.stack([halve(band, nodata) for band in bands]), row // 2, 0)
                self.levels.append(level)
                finer = level
            self._opened = opened.pop_all()

    def close(self) -> None:
        """Remove the drafts."""
        self._opened.close()


def _half(shape: DraftShape) -> DraftShape:
    return DraftShape(
        bands=shape.bands,
        height_px=-(-shape.height_px // 2),
        width_px=-(-shape.width_px // 2),
        data_type=shape.data_type,
    )


def _strips(shape: DraftShape) -> Iterator[tuple[int, int]]:
    """Give first row and height of strips of whole squares."""
    step = 2 * max(1, STRIP_PX // (2 * shape.width_px))
    for row in range(0, shape.height_px, step):
        yield row, min(step, shape.height_px - row)
