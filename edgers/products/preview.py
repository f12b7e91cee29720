"""A thinned copy of a scene, gathered tile by tile, for the picture."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from edgers.products.draft import Draft, DraftShape

MAX_SIDE_PX = 900
"""Longest side of a picture of a scene."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Thinning:
    """Every so manieth pixel of a product."""

    height_px: int
    """Rows of the product."""
    width_px: int
    """Columns of the product."""

    @property
    def step(self) -> int:
        """One pixel in this many is kept along each axis."""
        return -(-max(self.height_px, self.width_px) // MAX_SIDE_PX)

    def shape(self, bands: int) -> DraftShape:
        """Give what a draft of kept samples holds."""
        return DraftShape(
            bands=bands,
            height_px=-(-self.height_px // self.step),
            width_px=-(-self.width_px // self.step),
            data_type="float32",
        )

    def place(self, row: int, column: int) -> tuple[int, int]:
        """Give the first kept row and column from `row`, `column` on, counted in kept ones."""
        return -(-row // self.step), -(-column // self.step)

    def keep(
        self, block: npt.NDArray[np.generic], row: int, column: int
    ) -> npt.NDArray[np.generic]:
        """Give the kept pixels of a block, (…, height, width), that begins at `row`, `column`."""
        return block[..., -row % self.step :: self.step, -column % self.step :: self.step]

    def of(self, draft: Draft, bands: Sequence[int] | None = None) -> npt.NDArray[np.generic]:
        """Give the kept pixels of a whole draft, or some bands of it, (band, height, width)."""
        rows = range(0, self.height_px, self.step)
        return np.concatenate(
            [draft.read(row, 0, 1, self.width_px, bands)[..., :: self.step] for row in rows], axis=1
        )
