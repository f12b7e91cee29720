"""Noise taken out of bands and spectra; one thread a sample."""

import math
from typing import Any

from numba import cuda, float32

from edgers.kernels.cuda.entry import Entry


def median_filter(cube: Any, out: Any, half: int, rows: int, columns: int, n: int) -> None:
    """Take the median of (2 · half + 1)² pixels about one of n samples; half is 1 or 2."""
    i = cuda.grid(1)
    if i >= n:
        return
    held = cuda.local.array(25, float32)
    column, row = i % columns, i // columns % rows
    plane = i - row * columns - column
    seen = 0
    for step in range((2 * half + 1) * (2 * half + 1)):
        # Mirrored as often as it takes: a remainder is never negative, in Numba as in Python.
        r = (row + step // (2 * half + 1) - half) % (2 * rows)
        c = (column + step % (2 * half + 1) - half) % (2 * columns)
        v = cube[plane + min(r, 2 * rows - 1 - r) * columns + min(c, 2 * columns - 1 - c)]
        if v == v:
            at = seen
            while at > 0 and held[at - 1] > v:
                held[at] = held[at - 1]
                at -= 1
            held[at] = v
            seen += 1
    if cube[i] != cube[i]:
        out[i] = float32(math.nan)
    elif seen % 2 == 1:
        out[i] = held[seen // 2]
    else:
        out[i] = float32(0.5) * held[seen // 2 - 1] + float32(0.5) * held[seen // 2]


def gaussian_filter(
    cube: Any, weights: Any, out: Any, radius: int, rows: int, columns: int, n: int
) -> None:  # fmt: skip
    """Take the weighted mean about one of n samples; `weights` are (2 · radius + 1,)."""
    i = cuda.grid(1)
    if i >= n:
        return
    column, row = i % columns, i // columns % rows
    plane = i - row * columns - column
    total, weight = float32(0.0), float32(0.0)
    for r in range(max(row - radius, 0), min(row + radius + 1, rows)):
        for c in range(max(column - radius, 0), min(column + radius + 1, columns)):
            v = cube[plane + r * columns + c]
            if v == v:
                factor = weights[r - row + radius] * weights[c - column + radius]
                total += factor * v
                weight += factor
    if cube[i] == cube[i]:
        out[i] = total / weight
    else:
        out[i] = float32(math.nan)


def savitzky_golay(
    cube: Any, weights: Any, first: Any, out: Any, window: int, pixels: int, n: int
) -> None:  # fmt: skip
    """Take the weighted sum of bands for one of n samples; `weights` are (band, window)."""
    i = cuda.grid(1)
    if i >= n:
        return
    band = i // pixels
    start = first[band] * pixels + i % pixels
    total = weights[band * window] * cube[start]
    for tap in range(1, window):
        total += weights[band * window + tap] * cube[start + tap * pixels]
    out[i] = total


ENTRIES = (
    Entry(
        name="median_filter",
        function=median_filter,
        signature=("float32*", "float32*", "int32", "int32", "int32", "int32"),
    ),
    Entry(
        name="gaussian_filter",
        function=gaussian_filter,
        signature=("float32*", "float32*", "float32*", "int32", "int32", "int32", "int32"),
    ),
    Entry(
        name="savitzky_golay",
        function=savitzky_golay,
        signature=("float32*", "float32*", "int32*", "float32*", "int32", "int32", "int32"),
    ),
)
