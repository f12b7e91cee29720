"""The eight halves of a 7 × 7 window that lie along an edge through its middle (Lee 1981)."""

import numpy as np
import numpy.typing as npt

REACH = 3
"""Pixels from the middle of the window to its border."""
_DOWN, _RIGHT = np.mgrid[-REACH : REACH + 1, -REACH : REACH + 1]
ALIGNED_WINDOWS: npt.NDArray[np.bool_] = np.stack(
    [
        _RIGHT <= 0, _RIGHT >= 0,
        _RIGHT >= _DOWN, _RIGHT <= _DOWN,
        _DOWN <= 0, _DOWN >= 0,
        _DOWN + _RIGHT <= 0, _DOWN + _RIGHT >= 0,
    ]
)  # fmt: skip
"""What lies in each, (2 · direction + side, row, column); the line of the edge is in both halves.

Directions of the edge: down, from upper left to lower right, across, from lower left to upper
right. Sides: left and right, upper right and lower left, above and below, upper left and lower
right.
"""
FIRST: npt.NDArray[np.int64] = ALIGNED_WINDOWS.argmax(axis=2)
"""First column of a half in each of its rows, (half, row)."""
END: npt.NDArray[np.int64] = FIRST + ALIGNED_WINDOWS.sum(axis=2)
"""The column after its last one, (half, row)."""
SIDES = ((3, 5), (2, 6), (1, 7), (0, 8))
"""Which of the 3 × 3 means, numbered row by row, lie on the two sides of an edge, by direction."""
