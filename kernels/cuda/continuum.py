"""Convex hulls of spectra, one thread a pixel, for at most 512 bands."""

import math
from typing import Any

from numba import cuda, float32, float64, int16

from edgers.kernels.cuda.entry import Entry

MOST_BANDS = 512
"""Bands whose hull fits the memory of a thread."""


def continuum(cube: Any, wavelengths: Any, out: Any, removes: int, bands: int, n: int) -> None:
    """Give the hull (band, n), or with `removes` the spectrum divided by it.

    NaN in all bands where one is missing or infinite, and for more than 512 bands. Corners are
    found in float64, as elsewhere: nearly straight pieces would break up in float32.
    """
    i = cuda.grid(1)
    if i >= n:
        return
    corners = cuda.local.array(MOST_BANDS, int16)
    count = 0
    known = bands <= MOST_BANDS
    for band in range(bands if known else 0):
        y = float64(cube[band * n + i])
        nm = float64(wavelengths[band])
        known = known and abs(y) < math.inf
        while count > 1:
            a, b = corners[count - 2], corners[count - 1]
            left, first = float64(cube[a * n + i]), float64(wavelengths[a])
            rise = float64(cube[b * n + i]) - left
            if rise * (nm - first) > (y - left) * (float64(wavelengths[b]) - first):
                break
            count -= 1
        corners[count] = band
        count += 1
    corner = 0
    for band in range(bands):
        if not known:
            out[band * n + i] = float32(math.nan)
            continue
        if corner < count - 1 and band == corners[corner + 1]:
            corner += 1
        a = corners[corner]
        hull = float64(cube[a * n + i])
        if band > a:
            b = corners[corner + 1]
            first = float64(wavelengths[a])
            slope = (float64(cube[b * n + i]) - hull) / (float64(wavelengths[b]) - first)
            hull = slope * (float64(wavelengths[band]) - first) + hull
        narrow = float32(hull)
        out[band * n + i] = cube[band * n + i] / narrow if removes != 0 else narrow


ENTRIES = (
    Entry(
        name="continuum",
        function=continuum,
        signature=("float32*",) * 3 + ("int32",) * 3,
    ),
)
