"""Spectral angles; one thread a pixel, or a pixel and reference. References have length 1."""

import math
from typing import Any

from numba import cuda, float32

from edgers.kernels.cuda.entry import Entry


def spectral_angles(cube: Any, units: Any, out: Any, count: int, bands: int, n: int) -> None:
    """Give angles in radians; `cube` (band, n), `units` (reference, band), `out` (reference, n)."""
    i = cuda.grid(1)
    if i >= count * n:
        return
    k = i // n
    pixel = i - k * n
    square = float32(0)
    product = float32(0)
    for band in range(bands):
        x = cube[band * n + pixel]
        square += x * x
        product += x * units[k * bands + band]
    angle = float32(math.nan)
    # False for NaN, for zeros, and where squares leave float32's range.
    if square > float32(0) and square < float32(math.inf):
        cosine = product / math.sqrt(square)
        angle = math.acos(max(float32(-1), min(float32(1), cosine)))
    out[i] = angle


def nearest_spectrum(
    cube: Any, units: Any, classes: Any, angles: Any, count: int, bands: int, n: int
) -> None:
    """Give the reference of the least angle (-1 for none) and the angle, (n,)."""
    i = cuda.grid(1)
    if i >= n:
        return
    square = float32(0)
    for band in range(bands):
        x = cube[band * n + i]
        square += x * x
    best = -1
    largest = float32(0)
    angle = float32(math.nan)
    if square > float32(0) and square < float32(math.inf):
        for k in range(count):
            product = float32(0)
            for band in range(bands):
                product += cube[band * n + i] * units[k * bands + band]
            if best < 0 or product > largest:
                best = k
                largest = product
        cosine = largest / math.sqrt(square)
        angle = math.acos(max(float32(-1), min(float32(1), cosine)))
    classes[i] = best
    angles[i] = angle


ENTRIES = (
    Entry(
        name="spectral_angles",
        function=spectral_angles,
        signature=("float32*",) * 3 + ("int32",) * 3,
    ),
    Entry(
        name="nearest_spectrum",
        function=nearest_spectrum,
        signature=("float32*", "float32*", "int16*", "float32*") + ("int32",) * 3,
    ),
)
