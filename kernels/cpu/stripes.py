"""Stripes of a push-broom sensor: each pass reads the cube once, row by row."""

import numpy as np
import numpy.typing as npt

from edgers.kernels.column_moments import ColumnMoments, Wide
from edgers.kernels.detector_rules import check_gains
from edgers.kernels.jit import kernel
from edgers.kernels.moment_matching import Gains
from edgers.kernels.spectra import Cube, check_cube

Numbers = npt.NDArray[np.float32]
Counts = npt.NDArray[np.int32]
CHUNK = 256
"""Columns worked on at once: what is summed for them (10 KiB) stays in the L1 cache."""
INFINITY, NAN = np.float32(np.inf), np.float32(np.nan)


def column_moments(cube: Cube) -> ColumnMoments:
    """As the reference; sums are about a sample of the column, so that a far mean costs nothing."""
    check_cube(cube)
    bands, _, columns = cube.shape
    count = np.empty((bands, columns), np.int32)
    mean, squares = (np.empty((bands, columns)) for _ in range(2))
    low, high = (np.empty((bands, columns), np.float32) for _ in range(2))
    _moments(np.ascontiguousarray(cube), count, mean, squares, low, high)
    return ColumnMoments(
        count=count.astype(np.int64), mean=mean, squares=squares, minimum=low, maximum=high
    )


def apply_gains(cube: Cube, gains: Gains) -> Cube:
    """As the reference; one pass."""
    check_gains(cube, gains.gain, gains.offset)
    out = np.empty(cube.shape, np.float32)
    gain, offset = np.ascontiguousarray(gains.gain), np.ascontiguousarray(gains.offset)
    _apply(np.ascontiguousarray(cube), gain, offset, out)
    return out


@kernel
def _moments(
    cube: Cube, count: Counts, mean: Wide, squares: Wide, low: Numbers, high: Numbers
) -> None:  # fmt: skip
    bands, rows, columns = cube.shape
    shift, nothing = np.empty(CHUNK, np.float64), np.full(CHUNK, NAN, np.float32)
    for band in range(bands):
        for begin in range(0, columns, CHUNK):
            end = min(begin + CHUNK, columns)
            plane = cube[band]
            n, s, q = count[band, begin:end], mean[band, begin:end], squares[band, begin:end]
            least, most = low[band, begin:end], high[band, begin:end]
            n[:], s[:], q[:], least[:], most[:] = 0, 0.0, 0.0, INFINITY, -INFINITY
            _first(plane, begin, end, shift)
            for row in range(0, rows, 4):
                # Four rows at once; a row beyond the last one is all missing.
                x = plane[row, begin:end]
                y = plane[row + 1, begin:end] if row + 1 < rows else nothing[: len(x)]
                z = plane[row + 2, begin:end] if row + 2 < rows else nothing[: len(x)]
                w = plane[row + 3, begin:end] if row + 3 < rows else nothing[: len(x)]
                _add(x, y, z, w, shift, s, q)
                _widen(x, y, z, w, n, least, most)
            _finish(shift, n, s, q, least, most)


@kernel
def _first(plane: Numbers, begin: int, end: int, shift: Wide) -> None:
    """Find the first sample of each column that is not missing; 0 where there is none."""
    for column in range(begin, end):
        shift[column - begin] = 0.0
        for row in range(plane.shape[0]):
            if plane[row, column] == plane[row, column]:
                shift[column - begin] = plane[row, column]
                break


@kernel
def _add(
    x: Numbers, y: Numbers, z: Numbers, w: Numbers, shift: Wide, s: Wide, q: Wide
) -> None:  # fmt: skip
    for i in range(len(x)):
        middle = shift[i]
        a, b = np.float64(x[i]) - middle, np.float64(y[i]) - middle
        c, d = np.float64(z[i]) - middle, np.float64(w[i]) - middle
        a, b = a if a == a else 0.0, b if b == b else 0.0
        c, d = c if c == c else 0.0, d if d == d else 0.0
        s[i] += (a + b) + (c + d)
        q[i] += (a * a + b * b) + (c * c + d * d)


@kernel
def _widen(
    x: Numbers, y: Numbers, z: Numbers, w: Numbers, n: Counts, least: Numbers, most: Numbers
) -> None:  # fmt: skip
    for i in range(len(x)):
        a, b, c, d = x[i], y[i], z[i], w[i]
        n[i] += np.int32(a == a) + np.int32(b == b) + np.int32(c == c) + np.int32(d == d)
        low, high = least[i], most[i]
        # NaN compares as false and changes nothing.
        low = a if a < low else low
        low = b if b < low else low
        low = c if c < low else low
        least[i] = d if d < low else low
        high = a if a > high else high
        high = b if b > high else high
        high = c if c > high else high
        most[i] = d if d > high else high


@kernel
def _finish(shift: Wide, n: Counts, s: Wide, q: Wide, least: Numbers, most: Numbers) -> None:
    for i in range(len(n)):
        step = s[i] / n[i]
        rest = q[i] - s[i] * step
        # 0 / 0 leaves NaN as the mean of nothing; rounding may leave a little below zero.
        s[i] = shift[i] + step
        q[i] = 0.0 if n[i] == 0 or rest < 0 else rest
        if n[i] == 0:
            least[i], most[i] = NAN, NAN


@kernel
def _apply(cube: Cube, gain: Numbers, offset: Numbers, out: Cube) -> None:
    for band in range(cube.shape[0]):
        a, b = gain[band], offset[band]
        for row in range(cube.shape[1]):
            x, target = cube[band, row], out[band, row]
            for i in range(len(x)):
                target[i] = x[i] * a[i] + b[i]


def _warm() -> None:
    cube, one = np.zeros((1, 1, 1), np.float32), np.ones((1, 1), np.float32)
    column_moments(cube)
    apply_gains(cube, Gains(gain=one, offset=one))


WARMUP = (_warm,)
