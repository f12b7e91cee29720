"""Speckle filtered by local statistics; one thread a pixel.

Sums are float64, as on the CPU: variances of bright targets need it, and the choice of a window
must not hang on rounding.
"""

import math
from typing import Any

from numba import cuda, float32, float64

from edgers.kernels.cuda.entry import Entry


def lee(
    intensity: Any, out: Any, noise: float, reach: int, rows: int, columns: int, n: int
) -> None:  # fmt: skip
    """Filter one of n samples (band, row, column) by (2 · reach + 1)² pixels; noise: 1 / looks."""
    i = cuda.grid(1)
    if i >= n:
        return
    column, row = i % columns, i // columns % rows
    plane = i - row * columns - column
    count, total, squares = float64(0.0), float64(0.0), float64(0.0)
    for r in range(max(row - reach, 0), min(row + reach + 1, rows)):
        for c in range(max(column - reach, 0), min(column + reach + 1, columns)):
            v = float64(intensity[plane + r * columns + c])
            is_sample = math.fabs(v) < math.inf
            v = v if is_sample else float64(0.0)
            count += float64(1.0) if is_sample else float64(0.0)
            total += v
            squares += v * v
    x = float64(intensity[i])
    if math.fabs(x) < math.inf:
        mean = total / count
        speckle = mean * mean * noise
        beneath = (squares / count - mean * mean - speckle) / (float64(1.0) + noise)
        share = beneath / (beneath + speckle) if beneath > 0 else float64(0.0)
        out[i] = float32(mean + share * (x - mean))
    else:
        out[i] = float32(math.nan)


def refined_lee(
    intensity: Any, out: Any, windows: Any, noise: float, rows: int, columns: int, n: int
) -> None:  # fmt: skip
    """Filter one of n samples (band, row, column); noise is 1 / looks.

    `windows` are `edgers.kernels.aligned_windows.ALIGNED_WINDOWS` as uint8, (8, 7, 7).
    """
    i = cuda.grid(1)
    if i >= n:
        return
    x = float64(intensity[i])
    if not math.fabs(x) < math.inf:
        out[i] = float32(math.nan)
        return
    column, row = i % columns, i // columns % rows
    plane = i - row * columns - column
    m = cuda.local.array(9, float64)
    for place in range(9):
        total, count = float64(0.0), float64(0.0)
        for dr in range(3):
            along, seen = float64(0.0), float64(0.0)
            for dc in range(3):
                r, c = row + 2 * (place // 3) - 3 + dr, column + 2 * (place % 3) - 3 + dc
                is_inside = r >= 0 and r < rows and c >= 0 and c < columns
                v = float64(intensity[plane + r * columns + c] if is_inside else float32(math.nan))
                along += v if math.fabs(v) < math.inf else float64(0.0)
                seen += float64(1.0) if math.fabs(v) < math.inf else float64(0.0)
            total += along
            count += seen
        m[place] = total / count if count > 0 else float64(math.nan)
    for place in range(9):
        m[place] = m[place] if m[place] == m[place] else m[4]
    steepest = math.fabs(((m[2] + m[5]) + m[8]) - ((m[0] + m[3]) + m[6]))
    half = 1 if math.fabs(m[5] - m[4]) < math.fabs(m[3] - m[4]) else 0
    gradient = math.fabs(((m[1] + m[2]) + m[5]) - ((m[3] + m[6]) + m[7]))
    side = 3 if math.fabs(m[6] - m[4]) < math.fabs(m[2] - m[4]) else 2
    half = side if gradient > steepest else half
    steepest = gradient if gradient > steepest else steepest
    gradient = math.fabs(((m[0] + m[1]) + m[2]) - ((m[6] + m[7]) + m[8]))
    side = 5 if math.fabs(m[7] - m[4]) < math.fabs(m[1] - m[4]) else 4
    half = side if gradient > steepest else half
    steepest = gradient if gradient > steepest else steepest
    gradient = math.fabs(((m[0] + m[1]) + m[3]) - ((m[5] + m[7]) + m[8]))
    side = 7 if math.fabs(m[8] - m[4]) < math.fabs(m[0] - m[4]) else 6
    half = side if gradient > steepest else half
    count, total, squares = float64(0.0), float64(0.0), float64(0.0)
    for place in range(49):
        r, c = row + place // 7 - 3, column + place % 7 - 3
        is_inside = r >= 0 and r < rows and c >= 0 and c < columns
        is_inside = is_inside and windows[half * 49 + place] != 0
        v = float64(intensity[plane + r * columns + c] if is_inside else float32(math.nan))
        is_sample = math.fabs(v) < math.inf
        v = v if is_sample else float64(0.0)
        count += float64(1.0) if is_sample else float64(0.0)
        total += v
        squares += v * v
    mean = total / count
    speckle = mean * mean * noise
    beneath = (squares / count - mean * mean - speckle) / (float64(1.0) + noise)
    share = beneath / (beneath + speckle) if beneath > 0 else float64(0.0)
    out[i] = float32(mean + share * (x - mean))


ENTRIES = (
    Entry(
        name="lee",
        function=lee,
        signature=("float32*", "float32*", "float32", "int32", "int32", "int32", "int32"),
    ),
    Entry(
        name="refined_lee",
        function=refined_lee,
        signature=("float32*", "float32*", "uint8*", "float32", "int32", "int32", "int32"),
    ),
)
