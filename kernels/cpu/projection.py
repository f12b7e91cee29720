"""Each pixel through one affine map, by rows of pixels that stay in the cache.

Four rows of the matrix meet four bands at a time: what is loaded of a band is used four times, and
each partial sum is loaded and stored once for four bands. The order of a pixel's sums depends on
nothing but its bands, so that tiles of any size give the same bits; a BLAS matrix product does not.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from edgers.kernels.eigen import Affine
from edgers.kernels.jit import kernel
from edgers.kernels.reference.projection import check_affine
from edgers.kernels.spectra import Cube, pixels_of

ZERO = np.float32(0)
LONGEST, SHORTEST, HELD = 16_384, 1024, 262_144
"""Pixels of a block: as many as keep all its sums, HELD numbers, in the L2 cache; short blocks make
each band's piece too short for the memory's read-ahead (64 KiB pieces were the fastest)."""


def project(cube: Cube, affine: Affine) -> Cube:
    """As the reference; sums are float32."""
    check_affine(cube, affine)
    rows = affine.matrix.shape[0]
    out = np.empty((rows, *cube.shape[1:]), np.float32)
    _project(
        pixels_of(cube), np.ascontiguousarray(affine.matrix, np.float32),
        np.ascontiguousarray(affine.center, np.float32),
        np.ascontiguousarray(affine.offset, np.float32), out.reshape(rows, -1),
    )  # fmt: skip
    return out


@kernel
def _project(x: Any, matrix: Any, center: Any, offset: Any, out: Any) -> None:
    rows, pixels = out.shape
    block = max(SHORTEST, min(LONGEST, HELD // rows))
    none = np.empty(0, np.float32)
    for begin in range(0, pixels, block):
        end = min(begin + block, pixels)
        for row in range(rows):
            out[row, begin:end] = offset[row]
        add_products(matrix, center, x, begin, end, out, begin, none)


@kernel
def add_products(
    matrix: Any, center: Any, x: Any, begin: int, end: int, sums: Any, first: int, squares: Any
) -> None:
    """Add matrix · (x - center), for pixels from `begin` to `end`, to sums from `first` on.

    Adds |x|² of each pixel to `squares`, unless that is empty, while the samples are near.
    `x` and `sums` are (row, pixel) and contiguous: pieces of their rows must be so too, or no
    loop over them would vectorise.
    """
    rows, bands = matrix.shape
    whole = bands - bands % 4
    last = first + end - begin
    for j in range(0, whole, 4):
        x0, x1, x2, x3 = (
            x[j, begin:end],
            x[j + 1, begin:end],
            x[j + 2, begin:end],
            x[j + 3, begin:end],
        )
        for i in range(0, rows - rows % 4, 4):
            four_rows(
                matrix[i : i + 4, j : j + 4], center[j : j + 4], x0, x1, x2, x3,
                sums[i, first:last], sums[i + 1, first:last], sums[i + 2, first:last],
                sums[i + 3, first:last],
            )  # fmt: skip
        for i in range(rows - rows % 4, rows):
            _one_row(matrix[i, j : j + 4], center[j : j + 4], x0, x1, x2, x3, sums[i, first:last])
        for p in range(len(squares)):
            squares[p] += (x0[p] * x0[p] + x1[p] * x1[p]) + (x2[p] * x2[p] + x3[p] * x3[p])
    for j in range(whole, bands):
        for i in range(rows):
            _one_band(matrix[i, j], center[j], x[j, begin:end], sums[i, first:last])
        x0 = x[j, begin:end]
        for p in range(len(squares)):
            squares[p] += x0[p] * x0[p]


@kernel
def four_rows(
    m: Any, c: Any, x0: Any, x1: Any, x2: Any, x3: Any, s0: Any, s1: Any, s2: Any, s3: Any
) -> None:
    """Add four bands to four sums."""
    a0, a1, a2, a3 = m[0, 0], m[0, 1], m[0, 2], m[0, 3]
    b0, b1, b2, b3 = m[1, 0], m[1, 1], m[1, 2], m[1, 3]
    c0, c1, c2, c3 = m[2, 0], m[2, 1], m[2, 2], m[2, 3]
    d0, d1, d2, d3 = m[3, 0], m[3, 1], m[3, 2], m[3, 3]
    e0, e1, e2, e3 = c[0], c[1], c[2], c[3]
    for p in range(len(s0)):
        v0, v1, v2, v3 = x0[p] - e0, x1[p] - e1, x2[p] - e2, x3[p] - e3
        s0[p] += (a0 * v0 + a1 * v1) + (a2 * v2 + a3 * v3)
        s1[p] += (b0 * v0 + b1 * v1) + (b2 * v2 + b3 * v3)
        s2[p] += (c0 * v0 + c1 * v1) + (c2 * v2 + c3 * v3)
        s3[p] += (d0 * v0 + d1 * v1) + (d2 * v2 + d3 * v3)


@kernel
def _one_row(m: Any, c: Any, x0: Any, x1: Any, x2: Any, x3: Any, s: Any) -> None:
    m0, m1, m2, m3 = m[0], m[1], m[2], m[3]
    c0, c1, c2, c3 = c[0], c[1], c[2], c[3]
    for p in range(len(s)):
        s[p] += (m0 * (x0[p] - c0) + m1 * (x1[p] - c1)) + (m2 * (x2[p] - c2) + m3 * (x3[p] - c3))


@kernel
def _one_band(m: Any, c: Any, x: Any, s: Any) -> None:
    for p in range(len(s)):
        s[p] += m * (x[p] - c)


def _tiny() -> object:
    unit = Affine(
        matrix=np.ones((5, 5), np.float32), center=np.zeros(5, np.float32),
        offset=np.zeros(5, np.float32),
    )  # fmt: skip
    return project(np.ones((5, 1, 1), np.float32), unit)


WARMUP: tuple[Callable[[], object], ...] = (_tiny,)
