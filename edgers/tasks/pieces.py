"""Objects as one tile sees them: rectangles with a class and a score, in pixels of the scene."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

PIECE = np.dtype([("corners", "<f8", (4, 2)), ("score", "<f4"), ("kind", "<i4"), ("nodata", "<f4")])
"""One piece as it lies in memory and on disk: 76 bytes. `corners` are x, y (column, row) in pixels
of the grid that the network was run on, in the sense of `kernels.boxes`; `kind` is the position of
its class in the contract; `nodata` the share of its bounds, as far as they were seen, that holds no
data."""

Pieces = npt.NDArray[np.void]
"""Pieces, (piece,), of the type `PIECE`."""
Corners = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """What a tile sees, as far as the scene goes."""

    left: float
    """Least x, in pixels of the scene."""
    top: float
    """Least y."""
    right: float
    """Greatest x."""
    bottom: float
    """Greatest y."""
    inner: tuple[bool, bool, bool, bool]
    """Whether the scene goes on beyond the left, top, right and bottom edge."""

    @property
    def rectangle(self) -> tuple[float, float, float, float]:
        """Give the rectangle as the kernels take it."""
        return self.left, self.top, self.right, self.bottom


def pieces_of(
    corners: Corners, scores: npt.NDArray[np.floating], kinds: npt.NDArray[np.integer]
) -> Pieces:
    """Put pieces together; nothing is known of nodata yet."""
    pieces = np.zeros(len(corners), PIECE)
    pieces["corners"], pieces["score"], pieces["kind"] = corners, scores, kinds
    return pieces


def bounds_of(corners: Corners) -> Corners:
    """Give least x, least y, greatest x and greatest y of polygons, (polygon, vertex, 2)."""
    return np.concatenate([corners.min(axis=-2), corners.max(axis=-2)], axis=-1)
