"""Convex hulls by small groups of pixels, whose spectra are first laid out one after the other."""

from collections.abc import Callable
from typing import Any

import numpy as np

from edgers.kernels.jit import kernel
from edgers.kernels.reference.continuum import check_wavelengths
from edgers.kernels.spectra import Cube, Vector, pixels_of

GROUP = 16
"""Pixels turned at once: a cache line of float32 from each band."""


def continuum(cube: Cube, wavelengths: Vector) -> Cube:
    """As the reference, to the last bit of float32 or the one before."""
    return _run(cube, wavelengths, removes=False)


def remove_continuum(cube: Cube, wavelengths: Vector) -> Cube:
    """As the reference; the hull is not kept."""
    return _run(cube, wavelengths, removes=True)


def _run(cube: Cube, wavelengths: Vector, *, removes: bool) -> Cube:
    nm = check_wavelengths(cube, wavelengths)
    out = np.empty(cube.shape, np.float32)
    _hulls(pixels_of(cube), nm, removes, out.reshape(len(cube), -1))
    return out


@kernel
def _hulls(x: Any, nm: Any, removes: Any, out: Any) -> None:
    bands, pixels = x.shape
    spectra = np.empty((GROUP, bands), np.float32)
    corners = np.empty(bands, np.int64)
    for begin in range(0, pixels, GROUP):
        size = min(GROUP, pixels - begin)
        for band in range(bands):
            for p in range(size):
                spectra[p, band] = x[band, begin + p]
        for p in range(size):
            _hull(nm, spectra[p], corners, removes)
        for band in range(bands):
            for p in range(size):
                out[band, begin + p] = spectra[p, band]


@kernel
def _hull(nm: Any, y: Any, corners: Any, removes: Any) -> None:
    """Put the hull, or the ratio to it, in the place of a spectrum."""
    count = 0
    known = True
    for i in range(len(y)):
        known = known and abs(y[i]) < np.inf
        while count > 1:
            a, b = corners[count - 2], corners[count - 1]
            rise, here = np.float64(y[b]) - y[a], np.float64(y[i]) - y[a]
            if rise * (nm[i] - nm[a]) > here * (nm[b] - nm[a]):
                break
            count -= 1
        corners[count] = i
        count += 1
    if not known:
        y[:] = np.float32(np.nan)
        return
    last = np.float64(y[corners[0]])
    for c in range(1, count):
        a, b = corners[c - 1], corners[c]
        left, right = last, np.float64(y[b])
        slope = (right - left) / (nm[b] - nm[a])
        last = right
        for i in range(a, b):
            hull = np.float32(slope * (nm[i] - nm[a]) + left)
            y[i] = y[i] / hull if removes else hull
    i = corners[count - 1]
    y[i] = y[i] / np.float32(last) if removes else np.float32(last)


_ONES = np.ones((3, 1, 1), np.float32)
WARMUP: tuple[Callable[[], object], ...] = (lambda: continuum(_ONES, np.array([1.0, 2.0, 3.0])),)
