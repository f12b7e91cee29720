"""Scores of filters, and adaptive coherence; one thread a pixel."""

import math
from typing import Any

from numba import cuda, float32

from edgers.kernels.cuda.entry import Entry


def filter_score(
    cube: Any, weights: Any, center: Any, offset: float, out: Any, bands: int, n: int
) -> None:
    """Give weights · (x - center) + offset; `cube` (band, n), `out` (n,)."""
    i = cuda.grid(1)
    if i >= n:
        return
    total = offset
    for band in range(bands):
        total += weights[band] * (cube[band * n + i] - center[band])
    out[i] = total


def coherence(
    cube: Any, mean: Any, whitening: Any, direction: Any, out: Any, bands: int, n: int
) -> None:
    """Give (u · z)² / |z|² with z = W (x - mean); `direction` is the unit vector u, (band,)."""
    i = cuda.grid(1)
    if i >= n:
        return
    square = float32(0)
    product = float32(0)
    for row in range(bands):
        white = float32(0)
        for band in range(row + 1):
            white += whitening[row * bands + band] * (cube[band * n + i] - mean[band])
        square += white * white
        product += direction[row] * white
    score = float32(math.nan)
    if square > float32(0) and square < float32(math.inf):
        score = product * product / square
    out[i] = score


ENTRIES = (
    Entry(
        name="filter_score",
        function=filter_score,
        signature=("float32*",) * 3 + ("float32", "float32*", "int32", "int32"),
    ),
    Entry(
        name="coherence",
        function=coherence,
        signature=("float32*",) * 5 + ("int32",) * 2,
    ),
)
