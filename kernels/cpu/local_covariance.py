"""RX with the covariance of a pixel's surroundings: sums of outer products slide along rows."""

from typing import Any

import numpy as np

from edgers.kernels.dual_window import dual_window
from edgers.kernels.jit import kernel
from edgers.kernels.reference.anomaly import LEAST_PIVOT
from edgers.kernels.spectra import Cube, Image, check_cube, check_share


def local_covariance_rx(cube: Cube, *, inner: int, outer: int, loading: float = 0.0) -> Image:
    """As the reference; a step along the row adds and removes one column of each window.

    Samples are taken about the mean of the cube, sums are float64 and start anew in each row.
    """
    check_cube(cube)
    check_share("the diagonal loading", loading)
    windows = dual_window(*cube.shape[1:], inner=inner, outer=outer)
    out = np.empty(cube.shape[1:], np.float32)
    _local_covariance(
        np.ascontiguousarray(cube), windows.outer_rows, windows.outer_columns,
        windows.inner_rows, windows.inner_columns, float(loading), out,
    )  # fmt: skip
    return out


@kernel
def _local_covariance(
    cube: Any,
    outer_rows: Any,
    outer_columns: Any,
    inner_rows: Any,
    inner_columns: Any,
    loading: Any,
    out: Any,
) -> None:
    bands, rows, columns = cube.shape
    center = _means(cube)
    upper, sums = np.empty((bands, bands)), np.empty(bands)
    factor, offset = np.empty((bands, bands)), np.empty(bands)
    least = 2 if loading > 0 else max(2, bands + 1)
    for row in range(rows):
        upper[:] = 0.0
        sums[:] = 0.0
        count = 0
        outer_begin = outer_end = inner_begin = inner_end = 0
        above, below = outer_rows[row, 0], outer_rows[row, 1]
        top, bottom = inner_rows[row, 0], inner_rows[row, 1]
        for column in range(columns):
            while outer_end < outer_columns[column, 1]:
                count += _add(cube, above, below, outer_end, 1.0, center, upper, sums, offset)
                outer_end += 1
            while outer_begin < outer_columns[column, 0]:
                count += _add(cube, above, below, outer_begin, -1.0, center, upper, sums, offset)
                outer_begin += 1
            while inner_end < inner_columns[column, 1]:
                count += _add(cube, top, bottom, inner_end, -1.0, center, upper, sums, offset)
                inner_end += 1
            while inner_begin < inner_columns[column, 0]:
                count += _add(cube, top, bottom, inner_begin, 1.0, center, upper, sums, offset)
                inner_begin += 1
            score = np.nan
            if count >= least and _take(cube, row, column, center, offset):
                score = _score(upper, sums, count, loading, factor, offset)
            out[row, column] = np.float32(score) if abs(score) < np.inf else np.float32(np.nan)


@kernel
def _means(cube: Any) -> Any:
    """Give the mean of the finite samples of each band."""
    means = np.zeros(len(cube))
    for band in range(len(cube)):
        total, count = 0.0, 0
        for row in range(cube.shape[1]):
            for column in range(cube.shape[2]):
                x = cube[band, row, column]
                if abs(x) < np.inf:
                    total += x
                    count += 1
        means[band] = total / max(count, 1)
    return means


@kernel
def _take(cube: Any, row: Any, column: Any, center: Any, pixel: Any) -> Any:
    """Give a pixel about the center; False where it is not complete."""
    complete = True
    for band in range(len(cube)):
        x = cube[band, row, column]
        complete = complete and abs(x) < np.inf
        pixel[band] = x - center[band]
    return complete


@kernel
def _add(
    cube: Any,
    begin: Any,
    end: Any,
    column: Any,
    sign: Any,
    center: Any,
    upper: Any,
    sums: Any,
    pixel: Any,
) -> Any:
    """Add or remove the complete pixels of a piece of a column; give how far the count moves."""
    bands = len(cube)
    count = 0
    for row in range(begin, end):
        if _take(cube, row, column, center, pixel):
            count += 1
            for i in range(bands):
                weight, target = sign * pixel[i], upper[i]
                for j in range(i, bands):
                    target[j] += weight * pixel[j]
                sums[i] += weight
    return count if sign > 0 else -count


@kernel
def _score(upper: Any, sums: Any, count: Any, loading: Any, factor: Any, offset: Any) -> Any:
    """Give the squared distance of `offset`, which is used up, or NaN for a singular covariance."""
    bands = len(sums)
    trace = 0.0
    for i in range(bands):
        for j in range(i, bands):
            factor[i, j] = (upper[i, j] - sums[i] * sums[j] / count) / (count - 1)
        trace += factor[i, i]
        offset[i] -= sums[i] / count
    for i in range(bands):
        factor[i, i] += loading * trace / bands
    score = 0.0
    # Gauss elimination of the symmetric matrix and of the offset beside it: the pivots are the
    # squares of the Cholesky factor's diagonal.
    whole = np.diag(factor).copy()
    for k in range(bands):
        pivot = factor[k, k]
        if not pivot > LEAST_PIVOT * whole[k]:
            return np.nan
        score += offset[k] * offset[k] / pivot
        for i in range(k + 1, bands):
            share = factor[k, i] / pivot
            target, source = factor[i], factor[k]
            for j in range(i, bands):
                target[j] -= share * source[j]
            offset[i] -= share * offset[k]
    return score
