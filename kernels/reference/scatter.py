"""Overlapping tiles mixed: their scores, times their weights, added up."""

import numpy as np
import numpy.typing as npt

Scores = npt.NDArray[np.float32]


def scatter(
    target: Scores, part: Scores, row_weights: Scores, column_weights: Scores,
    total: Scores | None = None,
) -> None:  # fmt: skip
    """Add what a tile gives to `target`, in place.

    `target` and `part` are (class, height, width), of any strides; a pixel's weight is the product
    of its row's, (height,), and its column's, (width,), in float32. Where weights do not sum to one
    by themselves, `total`, (height, width), keeps their running sum.
    """
    weights = row_weights[:, np.newaxis] * column_weights
    target += part * weights
    if total is not None:
        total += weights


def weighted(part: Scores, row_weights: Scores, column_weights: Scores) -> Scores:
    """Give the scores of a tile times their weights, as a new array, (class, height, width)."""
    result: Scores = part * (row_weights[:, np.newaxis] * column_weights)
    return result
