"""Ratios of radar polarizations, and texture of at most 16 grey levels; one thread a pixel.

A thread holds its own table of counts in local memory: 16 × 16 levels are 1 KiB for each, and more
would not fit the caches of small devices.
"""

import math
from typing import Any

from numba import cuda, float32, float64, int32

from edgers.kernels.cuda.entry import Entry


def radar_ratios(co: Any, cross: Any, out: Any, n: int) -> None:
    """Give the five ratios of n pixels; `out` is (5, pixel)."""
    i = cuda.grid(1)
    if i >= n:
        return
    a, b = co[i], cross[i]
    span = a + b
    nothing = float32(math.nan)
    out[i] = nothing if b == float32(0.0) else a / b
    is_positive = a > float32(0.0) and b > float32(0.0)
    # One above, where there is no logarithm: the simulator would refuse another.
    ratio = a / b if is_positive else float32(1.0)
    out[n + i] = float32(10.0) * float32(math.log10(ratio)) if is_positive else nothing
    out[2 * n + i] = nothing if a == float32(0.0) else b / a
    out[3 * n + i] = nothing if span == float32(0.0) else float32(4.0) * b / span
    out[4 * n + i] = span


def quantize(image: Any, out: Any, lower: float, scale: float, levels: int, n: int) -> None:
    """Give the grey level of n samples; scale is levels / (upper − lower), 255 is no level."""
    i = cuda.grid(1)
    if i >= n:
        return
    v = (image[i] - lower) * scale
    v = v if v < float32(levels) else float32(levels - 1)
    v = v if v > float32(0.0) else float32(0.0)
    out[i] = int32(v) if image[i] == image[i] else int32(255)


def grey_level_texture(
    grey: Any, out: Any, reach: int, distance: int, levels: int, rows: int, columns: int, n: int
) -> None:  # fmt: skip
    """Give the eight features of n pixels; levels are at most 16, `out` is (8, row, column)."""
    i = cuda.grid(1)
    if i >= n:
        return
    table = cuda.local.array(256, int32)
    for place in range(levels * levels):
        table[place] = 0
    column, row = i % columns, i // columns
    top, bottom = max(row - reach, 0), min(row + reach + 1, rows)
    left, right = max(column - reach, 0), min(column + reach + 1, columns)
    pairs = 0
    for pixel in range((bottom - top) * (right - left)):
        r, c = top + pixel // (right - left), left + pixel % (right - left)
        a = int32(grey[r * columns + c])
        for turn in range(4):
            s = r if turn == 0 else r + distance
            t = c if turn == 2 else (c - distance if turn == 3 else c + distance)
            is_inside = s < bottom and t >= left and t < right
            b = int32(grey[s * columns + t]) if is_inside else int32(255)
            if a != 255 and b != 255:
                table[a * levels + b] += 1
                table[b * levels + a] += 1
                pairs += 2
    if pairs == 0 or grey[i] == 255:
        for kind in range(8):
            out[kind * n + i] = float32(math.nan)
        return
    each = float64(1.0) / pairs
    mean = float64(0.0)
    for place in range(levels * levels):
        mean += table[place] * (place // levels) * each
    contrast, dissimilarity, homogeneity = float64(0.0), float64(0.0), float64(0.0)
    asm, entropy, variance, together = float64(0.0), float64(0.0), float64(0.0), float64(0.0)
    for place in range(levels * levels):
        p, first, second = table[place] * each, place // levels, place % levels
        apart = first - second
        contrast += p * apart * apart
        dissimilarity += p * abs(apart)
        homogeneity += p / (1 + apart * apart)
        asm += p * p
        entropy -= p * math.log(p) if p > 0 else float64(0.0)
        variance += p * (first - mean) * (first - mean)
        together += p * (first - mean) * (second - mean)
    # Levels are whole: a variance this small is rounding of the mean of a single one.
    is_flat = variance < 1e-9
    out[i] = float32(contrast)
    out[n + i] = float32(dissimilarity)
    out[2 * n + i] = float32(homogeneity)
    out[3 * n + i] = float32(asm)
    out[4 * n + i] = float32(entropy)
    out[5 * n + i] = float32(1.0) if is_flat else float32(together / variance)
    out[6 * n + i] = float32(mean)
    out[7 * n + i] = float32(0.0) if is_flat else float32(variance)


ENTRIES = (
    Entry(
        name="radar_ratios",
        function=radar_ratios,
        signature=("float32*", "float32*", "float32*", "int32"),
    ),
    Entry(
        name="quantize",
        function=quantize,
        signature=("float32*", "uint8*", "float32", "float32", "int32", "int32"),
    ),
    Entry(
        name="grey_level_texture",
        function=grey_level_texture,
        signature=("uint8*", "float32*", "int32", "int32", "int32", "int32", "int32", "int32"),
    ),
)
