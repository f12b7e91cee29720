"""Radar samples to decibels, and back; one thread a sample."""

import math
from typing import Any

from numba import cuda, float32, float64

from edgers.kernels.cuda.entry import Entry


def decibel_from_real(
    x: Any, out: Any, has_floor: int, floor: float, factor: float, n: int
) -> None:
    """Give factor · log10 of n samples: 10 for power, 20 for amplitude.

    `floor`, used where `has_floor` is not 0, is in the unit of the samples.
    """
    i = cuda.grid(1)
    if i >= n:
        return
    v = x[i]
    if has_floor != 0 and v < floor:
        v = floor
    if v > float32(0.0):
        out[i] = float32(math.log10(v)) * factor
    else:
        out[i] = float32(math.nan)


def decibel_from_complex(parts: Any, out: Any, has_floor: int, floor: float, n: int) -> None:
    """Give 10 · log10 of I² + Q² of n samples; `parts` are (sample, 2)."""
    i = cuda.grid(1)
    if i >= n:
        return
    real, imaginary = float32(parts[2 * i]), float32(parts[2 * i + 1])
    v = real * real + imaginary * imaginary
    if has_floor != 0 and v < floor:
        v = floor
    if v > float32(0.0):
        out[i] = float32(math.log10(v)) * float32(10.0)
    else:
        out[i] = float32(math.nan)


def power_from_decibel(x: Any, out: Any, n: int) -> None:
    """Give the power ratio of n decibels."""
    i = cuda.grid(1)
    if i < n:
        # In float64 up to the exponent: 100 dB would lose five bits of the result otherwise.
        out[i] = float32(math.exp(float64(x[i]) * 0.23025850929940458))


ENTRIES = (
    Entry(
        name="decibel_from_real",
        function=decibel_from_real,
        signature=("float32*", "float32*", "int32", "float32", "float32", "int32"),
    ),
    Entry(
        name="decibel_from_complex_int16",
        function=decibel_from_complex,
        signature=("int16*", "float32*", "int32", "float32", "int32"),
    ),
    Entry(
        name="decibel_from_complex_float32",
        function=decibel_from_complex,
        signature=("float32*", "float32*", "int32", "float32", "int32"),
    ),
    Entry(
        name="power_from_decibel",
        function=power_from_decibel,
        signature=("float32*", "float32*", "int32"),
    ),
)
