"""The pixel frame that every layer of one synthetic scene shares."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Field = npt.NDArray[np.float32]
"""One float32 layer of a scene, axes [height, width]."""

Mask = npt.NDArray[np.bool_]
"""One boolean layer of a scene, axes [height, width]."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """Size, sampling and seed of a scene: what a layer needs to draw itself."""

    height_px: int
    """Rows of the scene."""
    width_px: int
    """Columns of the scene."""
    gsd_m: float
    """Ground sampling distance: side of one pixel, metres."""
    seed: int
    """Seed of the scene; every layer derives its own generator from it."""

    @property
    def shape(self) -> tuple[int, int]:
        """(height_px, width_px)."""
        return (self.height_px, self.width_px)

    def to_px(self, length_m: float) -> float:
        """Length in metres as a (fractional) count of pixels."""
        return length_m / self.gsd_m

    def generator(self, layer: str) -> np.random.Generator:
        """Random generator of one named layer, a function of the seed and the name alone.

        Layers draw independently, so the same seed with another flood stage or another cloud
        share shows the same land: only the layer that depends on the changed value moves.
        """
        return np.random.default_rng([self.seed, *layer.encode("ascii")])
