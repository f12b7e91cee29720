"""Stripes of a push-broom sensor: one thread a detector for its statistics, one a sample to apply.

The wavelet form has no kernel here: it is Fourier transforms by numpy on the host.
"""

import math
from typing import Any

from numba import cuda, float32, float64

from edgers.kernels.cuda.entry import Entry


def column_moments(
    cube: Any, count: Any, mean: Any, squares: Any, low: Any, high: Any,
    rows: int, columns: int, n: int,
) -> None:  # fmt: skip
    """Take statistics of n detectors (band, column) along track, by Welford (1962) in float64."""
    i = cuda.grid(1)
    if i >= n:
        return
    start = i // columns * (rows * columns) + i % columns
    seen, middle, apart = 0, float64(0.0), float64(0.0)
    least, most = float32(math.nan), float32(math.nan)
    for row in range(rows):
        x = cube[start + row * columns]
        if x == x:
            seen += 1
            step = float64(x) - middle
            middle += step / seen
            apart += step * (float64(x) - middle)
            if not x >= least:
                least = x
            if not x <= most:
                most = x
    count[i] = seen
    mean[i] = middle if seen > 0 else float64(math.nan)
    squares[i] = apart
    low[i] = least
    high[i] = most


def apply_gains(
    cube: Any, gain: Any, offset: Any, out: Any, rows: int, columns: int, n: int
) -> None:  # fmt: skip
    """Apply gain and offset of a detector to one of n samples (band, row, column)."""
    i = cuda.grid(1)
    if i < n:
        detector = i // (rows * columns) * columns + i % columns
        out[i] = cube[i] * gain[detector] + offset[detector]


ENTRIES = (
    Entry(
        name="column_moments",
        function=column_moments,
        signature=(
            "float32*", "int32*", "float64*", "float64*", "float32*", "float32*",
            "int32", "int32", "int32",
        ),
    ),
    Entry(
        name="apply_gains",
        function=apply_gains,
        signature=("float32*", "float32*", "float32*", "float32*", "int32", "int32", "int32"),
    ),
)  # fmt: skip
