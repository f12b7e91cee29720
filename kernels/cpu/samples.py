"""Loops over samples of float32 side by side: what an ingest does in any order of bands."""

from typing import Literal

import numpy as np

from edgers.kernels.cpu.flat import Array
from edgers.kernels.cpu.logarithm import decibel
from edgers.kernels.jit import kernel
from edgers.kernels.recipe import DECIBEL, ROUND, TRUNCATE
from edgers.kernels.wide_vectors import wide_vectors

HALF, ZERO = np.float32(0.5), np.float32(0)
Way = Literal[True] | None
"""Whether samples are stored in some way: True, or else None.

What stands under `if way is not None` Numba leaves out by the type of None, before it compiles;
what stands under `if way` it compiles always.
"""


@kernel
def load(source: Array, step: int, x: Array) -> None:
    """Take every `step`-th stored sample, as many as `x` has room for."""
    wide_vectors()
    if step == 1:
        for i in range(len(x)):
            x[i] = source[i]
    else:
        for i in range(len(x)):
            x[i] = source[i * step]


@kernel
def finish(x: Array, ending: int) -> None:
    """Do in place what ends a segment of a recipe."""
    wide_vectors()
    if ending == DECIBEL:
        decibel(x)
    elif ending == TRUNCATE:
        for i in range(len(x)):
            x[i] = np.trunc(x[i])
    elif ending == ROUND:
        for i in range(len(x)):
            x[i] = np.rint(x[i])


@kernel
def store(x: Array, target: Array, step: int) -> None:
    """Store as many samples as `x` has, every `step` places of `target`."""
    if step == 1:
        for i in range(len(x)):
            target[i] = x[i]
    else:
        for i in range(len(x)):
            target[i * step] = x[i]


@kernel
def store_whole(x: Array, target: Array, step: int) -> None:
    """Store whole numbers, and 0 for NaN; `x` is changed."""
    for i in range(len(x)):
        x[i] = x[i] if x[i] == x[i] else ZERO
    if step == 1:
        for i in range(len(x)):
            target[i] = x[i]
    else:
        for i in range(len(x)):
            target[i * step] = x[i]


@kernel
def store_half(x: Array, target: Array, step: int) -> None:
    """Store the bits of 16-bit floats, rounded half to even as numpy and IEEE 754 do;
    `x` is lost.
    """
    tiny = np.empty(len(x), np.float32)
    for i in range(len(x)):
        tiny[i] = abs(x[i]) + HALF
    bits, tiny_bits = x.view(np.uint32), tiny.view(np.uint32)
    for i in range(len(x)):
        whole = np.uint32(bits[i] & np.uint32(0x7FFFFFFF))
        sign = np.uint32(np.uint32(bits[i] >> np.uint32(16)) & np.uint32(0x8000))
        # The exponent's bias goes from 127 to 15, the fraction from 23 bits to 10.
        moved = np.uint32(whole - np.uint32(0x38000000))
        odd = np.uint32(np.uint32(moved >> np.uint32(13)) & np.uint32(1))
        found = np.uint32(np.uint32(moved + np.uint32(odd + np.uint32(0xFFF))) >> np.uint32(13))
        # Below 2^-14 a sum with 0.5 leaves the bits of a subnormal number, rounded.
        small = np.uint32(tiny_bits[i] - np.uint32(0x3F000000))
        found = small if whole < np.uint32(0x38800000) else found
        # From 65520 on it is infinity; beyond infinity's bits it is NaN.
        found = np.uint32(0x7C00) if whole >= np.uint32(0x477FF000) else found
        found = np.uint32(0x7E00) if whole > np.uint32(0x7F800000) else found
        bits[i] = sign | found
    if step == 1:
        for i in range(len(x)):
            target[i] = np.uint16(bits[i])
    else:
        for i in range(len(x)):
            target[i * step] = np.uint16(bits[i])
