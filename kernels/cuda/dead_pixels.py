"""Samples of dead detectors; one thread a sample.

`before`, `after` and `weight` are those of `edgers.kernels.neighbours`, (band, column).
"""

import math
from typing import Any

from numba import cuda, float32

from edgers.kernels.cuda.entry import Entry


def replace_across_columns(
    cube: Any, before: Any, after: Any, weight: Any, out: Any, rows: int, columns: int, n: int
) -> None:
    """Interpolate between columns; `cube` and `out` are (band, row, column), n samples in all."""
    i = cuda.grid(1)
    if i >= n:
        return
    column = i % columns
    detector = i // (rows * columns) * columns + column
    a, b = before[detector], after[detector]
    if a < 0 or b < 0:
        out[i] = float32(math.nan)
    elif a == b:
        out[i] = cube[i]
    else:
        first, second = cube[i - column + a], cube[i - column + b]
        out[i] = first + (second - first) * weight[detector]


def replace_across_bands(
    cube: Any, before: Any, after: Any, weight: Any, out: Any, rows: int, columns: int, n: int
) -> None:
    """Interpolate between bands; `cube` and `out` are (band, row, column), n samples in all."""
    i = cuda.grid(1)
    if i >= n:
        return
    plane = rows * columns
    pixel = i % plane
    detector = i // plane * columns + i % columns
    a, b = before[detector], after[detector]
    if a < 0 or b < 0:
        out[i] = float32(math.nan)
    elif a == b:
        out[i] = cube[i]
    else:
        first, second = cube[a * plane + pixel], cube[b * plane + pixel]
        out[i] = first + (second - first) * weight[detector]


SIGNATURE = ("float32*", "int32*", "int32*", "float32*", "float32*", "int32", "int32", "int32")
ENTRIES = (
    Entry(name="replace_across_columns", function=replace_across_columns, signature=SIGNATURE),
    Entry(name="replace_across_bands", function=replace_across_bands, signature=SIGNATURE),
)
