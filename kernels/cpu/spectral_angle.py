"""Spectral angles by blocks of pixels: products of `projection`, an arc cosine by polynomial."""

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from edgers.kernels.cpu.projection import HELD, LONGEST, SHORTEST, ZERO, add_products
from edgers.kernels.jit import kernel
from edgers.kernels.reference.spectral_angle import NO_CLASS, unit_spectra
from edgers.kernels.spectra import Cube, Image, Matrix, pixels_of

ONE, PI = np.float32(1), np.float32(np.pi)
INFINITE, NOTHING = np.float32(np.inf), np.float32(np.nan)
# arccos x = sqrt(1 - x) · polynomial, within 2e-8 (Abramowitz & Stegun 1964, 4.4.46).
A0, A1, A2, A3 = (np.float32(a) for a in (1.5707963050, -0.2145988016, 0.0889789874, -0.0501743046))
A4, A5, A6, A7 = (np.float32(a) for a in (0.0308918810, -0.0170881256, 0.0066700901, -0.0012624911))


def spectral_angles(cube: Cube, references: Matrix) -> Cube:
    """As the reference; sums are float32."""
    units = unit_spectra(cube, references).astype(np.float32)
    out = np.zeros((len(units), *cube.shape[1:]), np.float32)
    _angles(pixels_of(cube), units, np.zeros(len(cube), np.float32), out.reshape(len(units), -1))
    return out


def nearest_spectrum(cube: Cube, references: Matrix) -> tuple[npt.NDArray[np.int16], Image]:
    """As the reference; no angle but the smallest is made."""
    units = unit_spectra(cube, references).astype(np.float32)
    classes = np.empty(cube.shape[1:], np.int16)
    angles = np.empty(cube.shape[1:], np.float32)
    _nearest(
        pixels_of(cube), units, np.zeros(len(cube), np.float32), classes.reshape(-1),
        angles.reshape(-1),
    )  # fmt: skip
    return classes, angles


@kernel
def _angles(x: Any, units: Any, center: Any, out: Any) -> None:
    count, pixels = out.shape
    block = max(SHORTEST, min(LONGEST, HELD // count))
    squares = np.empty(block, np.float32)
    for begin in range(0, pixels, block):
        end = min(begin + block, pixels)
        squares[:] = ZERO
        add_products(units, center, x, begin, end, out, begin, squares[: end - begin])
        _invert_lengths(squares)
        for k in range(count):
            _arccos(out[k, begin:end], squares)


@kernel
def _nearest(x: Any, units: Any, center: Any, classes: Any, angles: Any) -> None:
    count, pixels = len(units), len(classes)
    block = max(SHORTEST, min(LONGEST, HELD // count))
    squares = np.empty(block, np.float32)
    sums = np.empty((count, block), np.float32)
    for begin in range(0, pixels, block):
        end = min(begin + block, pixels)
        size = end - begin
        sums[:] = ZERO
        squares[:] = ZERO
        add_products(units, center, x, begin, end, sums, 0, squares[:size])
        _invert_lengths(squares)
        best = angles[begin:end]
        best[:] = sums[0, :size]
        nearest = classes[begin:end]
        nearest[:] = 0
        for k in range(1, count):
            _better(sums[k], np.int16(k), best, nearest)
        _arccos(best, squares)
        for p in range(size):
            nearest[p] = nearest[p] if best[p] == best[p] else np.int16(NO_CLASS)


@kernel
def _better(products: Any, k: Any, best: Any, nearest: Any) -> None:
    for p in range(len(best)):
        above = products[p] > best[p]
        nearest[p] = k if above else nearest[p]
        best[p] = products[p] if above else best[p]


@kernel
def _invert_lengths(squares: Any) -> None:
    """Turn |x|² into 1 / |x|, NaN where squares left float32's range."""
    for p in range(len(squares)):
        inverse = ONE / np.sqrt(squares[p])
        squares[p] = inverse if ZERO < inverse < INFINITE else NOTHING


@kernel
def _arccos(products: Any, scale: Any) -> None:
    """Turn products into angles, in place."""
    for p in range(len(products)):
        x = products[p] * scale[p]
        a = abs(x)
        a = ONE if a > ONE else a
        t = ((((((A7 * a + A6) * a + A5) * a + A4) * a + A3) * a + A2) * a + A1) * a + A0
        t *= np.sqrt(ONE - a)
        products[p] = PI - t if x < ZERO else t


_ONES = np.ones((5, 1, 1), np.float32)
WARMUP: tuple[Callable[[], object], ...] = (
    lambda: spectral_angles(_ONES, _ONES.reshape(1, 5)),
    lambda: nearest_spectrum(_ONES, _ONES.reshape(1, 5)),
)
