"""RX scores by blocks of pixels; the sums of windows slide, so that their size costs nothing."""

from collections.abc import Callable
from typing import Any

import numpy as np

from edgers.kernels.cpu.local_covariance import local_covariance_rx as local_covariance_rx
from edgers.kernels.cpu.projection import ZERO, four_rows
from edgers.kernels.dual_window import dual_window
from edgers.kernels.jit import kernel
from edgers.kernels.reference.anomaly import check_background
from edgers.kernels.spectra import Cube, Image, Matrix, Vector, check_cube, check_matrix, pixels_of

BLOCK = 1024
"""Pixels worked on at once: 200 bands of them are 0.8 MB, which the L2 cache holds."""
INFINITE, NOTHING = np.float32(np.inf), np.float32(np.nan)


def mahalanobis(cube: Cube, mean: Vector, whitening: Matrix) -> Image:
    """As the reference; sums are float32, and the zeros of the triangle cost nothing."""
    check_background(cube, mean, whitening)
    out = np.empty(cube.shape[1:], np.float32)
    _mahalanobis(
        pixels_of(cube), np.asarray(mean, np.float32), padded_triangle(whitening), out.reshape(-1)
    )
    return out


def local_rx(cube: Cube, whitening: Matrix, *, inner: int, outer: int) -> Image:
    """As the reference; each sample enters and leaves a column's and a row's float64 sum once.

    What a sample leaves behind by rounding is below 1e-13 of it, for all the sums after it.
    """
    check_cube(cube)
    check_matrix("the whitening matrix", whitening, len(cube), square=True)
    windows = dual_window(*cube.shape[1:], inner=inner, outer=outer)
    out = np.empty(cube.shape[1:], np.float32)
    _local(
        np.ascontiguousarray(cube), padded_triangle(whitening), windows.outer_rows,
        windows.outer_columns, windows.inner_rows, windows.inner_columns, out,
    )  # fmt: skip
    return out


def padded_triangle(whitening: Matrix) -> Matrix:
    """Give the lower triangle as float32 with zeros up to a multiple of four rows and columns."""
    bands = len(whitening)
    side = -(-bands // 4) * 4
    padded = np.zeros((side, side), np.float32)
    padded[:bands, :bands] = np.tril(whitening)
    return padded


@kernel
def _mahalanobis(x: Any, mean: Any, triangle: Any, out: Any) -> None:
    pixels = x.shape[1]
    centred = np.zeros((len(triangle), BLOCK), np.float32)
    white = np.empty((4, BLOCK), np.float32)
    none = np.zeros(len(triangle), np.float32)
    unused = np.empty(BLOCK, np.float32)
    for begin in range(0, pixels, BLOCK):
        size = min(BLOCK, pixels - begin)
        take_block(x, mean, begin, size, centred)
        whitened_sums(triangle, none, centred, white, out[begin : begin + size], unused)
        only_finite(out[begin : begin + size])


@kernel
def take_block(x: Any, mean: Any, begin: Any, size: Any, centred: Any) -> None:
    """Copy `size` pixels of (band, pixel) from `begin` on, without their mean."""
    for band in range(len(x)):
        source, target, center = x[band, begin : begin + size], centred[band], mean[band]
        for p in range(size):
            target[p] = source[p] - center


@kernel
def whitened_sums(
    triangle: Any, target: Any, centred: Any, white: Any, squares: Any, products: Any
) -> None:
    """Give |Wx|² and target · Wx of each column x of `centred`; `white` is for four rows of Wx."""
    size = len(squares)
    center = np.zeros(4, np.float32)
    w0, w1, w2, w3 = white[0, :size], white[1, :size], white[2, :size], white[3, :size]
    squares[:] = ZERO
    products[:size] = ZERO
    for i in range(0, len(triangle), 4):
        white[:, :size] = ZERO
        for j in range(0, i + 4, 4):
            four_rows(
                triangle[i : i + 4, j : j + 4], center, centred[j], centred[j + 1],
                centred[j + 2], centred[j + 3], w0, w1, w2, w3,
            )  # fmt: skip
        t0, t1, t2, t3 = target[i], target[i + 1], target[i + 2], target[i + 3]
        for p in range(size):
            squares[p] += (w0[p] * w0[p] + w1[p] * w1[p]) + (w2[p] * w2[p] + w3[p] * w3[p])
            products[p] += (t0 * w0[p] + t1 * w1[p]) + (t2 * w2[p] + t3 * w3[p])


@kernel
def only_finite(scores: Any) -> None:
    """Make NaN of what is infinite, in place."""
    for p in range(len(scores)):
        scores[p] = scores[p] if abs(scores[p]) < INFINITE else NOTHING


@kernel
def _local(
    cube: Any,
    triangle: Any,
    outer_rows: Any,
    outer_columns: Any,
    inner_rows: Any,
    inner_columns: Any,
    out: Any,
) -> None:
    bands, rows, columns = cube.shape
    complete = _complete(cube)
    outer, inner = np.zeros((bands + 1, columns)), np.zeros((bands + 1, columns))
    centred = np.zeros((len(triangle), columns), np.float32)
    white = np.empty((4, columns), np.float32)
    none = np.zeros(len(triangle), np.float32)
    unused = np.empty(columns, np.float32)
    counts = np.empty(columns)
    for row in range(rows):
        _move_down(cube, complete, outer_rows, row, outer)
        _move_down(cube, complete, inner_rows, row, inner)
        _differences(outer[bands], inner[bands], outer_columns, inner_columns, counts)
        for band in range(bands):
            _take_mean(
                cube[band, row], outer[band], inner[band], outer_columns, inner_columns, counts,
                centred[band],
            )  # fmt: skip
        whitened_sums(triangle, none, centred, white, out[row], unused)
        only_finite(out[row])


@kernel
def _complete(cube: Any) -> Any:
    """Give 1 where all bands are finite, 0 elsewhere, (row, column)."""
    complete = np.ones(cube.shape[1:], np.uint8)
    for band in range(cube.shape[0]):
        for row in range(cube.shape[1]):
            for column in range(cube.shape[2]):
                known = abs(cube[band, row, column]) < INFINITE
                complete[row, column] &= np.uint8(known)
    return complete


@kernel
def _move_down(cube: Any, complete: Any, spans: Any, row: Any, sums: Any) -> None:
    """Bring the column sums (band, column), and the counts after them, to the window of `row`."""
    above = max(row - 1, 0)
    first = spans[above, 1] if row > 0 else spans[0, 0]
    for gone in range(spans[above, 0], spans[row, 0]):
        _add_row(cube, complete, gone, -1.0, sums)
    for new in range(first, spans[row, 1]):
        _add_row(cube, complete, new, 1.0, sums)


@kernel
def _add_row(cube: Any, complete: Any, row: Any, sign: Any, sums: Any) -> None:
    bands = len(cube)
    known = complete[row]
    for band in range(bands):
        source, target = cube[band, row], sums[band]
        for column in range(len(source)):
            target[column] += sign * np.float64(source[column] if known[column] else ZERO)
    for column in range(len(known)):
        sums[bands, column] += sign * known[column]


@kernel
def _differences(outer: Any, inner: Any, outer_columns: Any, inner_columns: Any, out: Any) -> None:
    """Give the sum over the outer window less that over the inner one, for each column."""
    total, guard = 0.0, 0.0
    outer_begin = outer_end = inner_begin = inner_end = 0
    for column in range(len(out)):
        while outer_end < outer_columns[column, 1]:
            total += outer[outer_end]
            outer_end += 1
        while outer_begin < outer_columns[column, 0]:
            total -= outer[outer_begin]
            outer_begin += 1
        while inner_end < inner_columns[column, 1]:
            guard += inner[inner_end]
            inner_end += 1
        while inner_begin < inner_columns[column, 0]:
            guard -= inner[inner_begin]
            inner_begin += 1
        out[column] = total - guard


@kernel
def _take_mean(
    x: Any, outer: Any, inner: Any, outer_columns: Any, inner_columns: Any, counts: Any, out: Any
) -> None:
    sums = np.empty(len(x))
    _differences(outer, inner, outer_columns, inner_columns, sums)
    for column in range(len(x)):
        out[column] = np.float32(x[column] - sums[column] / counts[column])


_ONES = np.ones((1, 3, 3), np.float32)
WARMUP: tuple[Callable[[], object], ...] = (
    lambda: mahalanobis(_ONES, np.zeros(1), np.eye(1)),
    lambda: local_rx(_ONES, np.eye(1), inner=1, outer=3),
    lambda: local_covariance_rx(_ONES, inner=1, outer=3),
)
