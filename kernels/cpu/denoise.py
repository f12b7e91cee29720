"""Noise taken out of bands and spectra; blocks of rows and bands stay in the cache."""

import numpy as np
import numpy.typing as npt

from edgers.kernels.jit import kernel
from edgers.kernels.median_network import median_network
from edgers.kernels.smoothing import (
    Numbers,
    check_median_size,
    gaussian_weights,
    savitzky_golay_weights,
)
from edgers.kernels.spectra import Cube, Image, check_cube

Pairs = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
CHUNK = 256
"""Columns, or pixels, worked on at once: 5 × 5 windows of as many are 25 KiB, in the L1 cache."""
RUN = 512
"""Pixels of a band worked on at once along bands."""
HALF, NAN, ONE, ZERO = np.float32(0.5), np.float32(np.nan), np.float32(1), np.float32(0)


def median_filter(cube: Cube, size: int = 3) -> Cube:
    """As the reference; exchanges on many windows side by side, one by one only near NaN."""
    check_cube(cube)
    check_median_size(size)
    out = np.empty(cube.shape, np.float32)
    network = median_network(size)
    if out.size:
        _median(
            np.ascontiguousarray(cube), size, network.columns, network.window, network.place, out
        )
    return out


def gaussian_filter(cube: Cube, sigma_px: float = 1.0) -> Cube:
    """As the reference, in float32: along columns, then along rows, row by row."""
    check_cube(cube)
    out = np.empty(cube.shape, np.float32)
    _gaussian(np.ascontiguousarray(cube), gaussian_weights(sigma_px), out)
    return out


def savitzky_golay(
    cube: Cube, window: int = 7, degree: int = 2,
    wavelengths_nm: npt.NDArray[np.floating] | None = None,
) -> Cube:  # fmt: skip
    """As the reference; all bands of a few pixels at once, while they are near."""
    check_cube(cube)
    plan = savitzky_golay_weights(len(cube), window, degree, wavelengths_nm)
    out = np.empty(cube.shape, np.float32)
    pixels = np.ascontiguousarray(cube).reshape(len(cube), cube.shape[1] * cube.shape[2])
    _along_bands(pixels, plan.weights, plan.first, out.reshape(pixels.shape))
    return out


@kernel
def _median(
    cube: Cube, size: int, sort_columns: Pairs, sort_window: Pairs, place: int, out: Cube
) -> None:  # fmt: skip
    half, columns = size // 2, cube.shape[2]
    strip = np.empty((size, CHUNK + size - 1), np.float32)
    work = np.empty((size * size, CHUNK), np.float32)
    for band in range(len(cube)):
        for row in range(cube.shape[1]):
            for begin in range(0, columns, CHUNK):
                count = min(CHUNK, columns - begin)
                for i in range(size):
                    inside = _mirrored(row + i - half, cube.shape[1])
                    _load(cube[band, inside], begin - half, strip[i, : count + size - 1])
                has_holes = _has_holes(strip, count + size - 1)
                _exchange(strip, sort_columns, count + size - 1)
                for i in range(size * size):
                    work[i, :count] = strip[i // size, i % size : i % size + count]
                _exchange(work, sort_window, count)
                out[band, row, begin : begin + count] = work[place, :count]
                if has_holes:
                    _again(cube[band], row, begin, count, half, out[band, row])


@kernel
def _mirrored(place: int, size: int) -> int:
    """Give the pixel that stands at a place beyond the border, however far."""
    place %= 2 * size
    return min(place, 2 * size - 1 - place)


@kernel
def _load(row: Numbers, first: int, target: Numbers) -> None:
    low, high = min(max(0, -first), len(target)), max(min(len(target), len(row) - first), 0)
    for i in range(low):
        target[i] = row[_mirrored(first + i, len(row))]
    for i in range(low, high):
        target[i] = row[first + i]
    for i in range(high, len(target)):
        target[i] = row[_mirrored(first + i, len(row))]


@kernel
def _has_holes(strip: Image, count: int) -> bool:
    found = 0
    for i in range(len(strip)):
        row = strip[i]
        for j in range(count):
            found += 1 if row[j] != row[j] else 0
    return found > 0


@kernel
def _exchange(rows: Image, pairs: Pairs, count: int) -> None:
    for pair in range(len(pairs)):
        a, b = rows[pairs[pair, 0]], rows[pairs[pair, 1]]
        for i in range(count):
            x, y = a[i], b[i]
            a[i] = y if y < x else x
            b[i] = x if y < x else y


@kernel
def _again(
    plane: Image, row: int, begin: int, count: int, half: int, target: Numbers
) -> None:  # fmt: skip
    """Make the medians of windows with missing samples once more, by sorting what is there."""
    size = 2 * half + 1
    held = np.empty(size * size, np.float32)
    for column in range(begin, begin + count):
        seen = 0
        for i in range(-half, half + 1):
            near = plane[_mirrored(row + i, plane.shape[0])]
            for j in range(-half, half + 1):
                v = near[_mirrored(column + j, plane.shape[1])]
                if v == v:
                    at = seen
                    while at > 0 and held[at - 1] > v:
                        held[at] = held[at - 1]
                        at -= 1
                    held[at] = v
                    seen += 1
        if plane[row, column] != plane[row, column]:
            target[column] = NAN
        elif seen % 2:
            target[column] = held[seen // 2]
        else:
            target[column] = HALF * held[seen // 2 - 1] + HALF * held[seen // 2]


@kernel
def _gaussian(cube: Cube, weights: Numbers, out: Cube) -> None:
    _, rows, columns = cube.shape
    radius = len(weights) // 2
    total, weight = (
        np.zeros(columns + 2 * radius, np.float32),
        np.zeros(columns + 2 * radius, np.float32),
    )
    shares = np.empty(columns, np.float32)
    for band in range(len(cube)):
        for row in range(rows):
            low, high = max(0, row - radius), min(rows, row + radius + 1)
            inside, inside_weight = (
                total[radius : radius + columns],
                weight[radius : radius + columns],
            )
            inside[:], inside_weight[:] = ZERO, ZERO
            for near in range(low, high):
                _add(cube[band, near], weights[near - row + radius], inside, inside_weight)
            _along(total, weights, out[band, row])
            _along(weight, weights, shares)
            _divide(cube[band, row], shares, out[band, row])


@kernel
def _add(x: Numbers, factor: np.float32, total: Numbers, weight: Numbers) -> None:
    for i in range(len(x)):
        is_sample = x[i] == x[i]
        total[i] += factor * x[i] if is_sample else ZERO
        weight[i] += factor if is_sample else ZERO


@kernel
def _along(x: Numbers, weights: Numbers, target: Numbers) -> None:
    target[:] = ZERO
    for tap in range(len(weights)):
        factor, moved = weights[tap], x[tap : tap + len(target)]
        for i in range(len(target)):
            target[i] += factor * moved[i]


@kernel
def _divide(x: Numbers, shares: Numbers, target: Numbers) -> None:
    for i in range(len(x)):
        target[i] = target[i] / shares[i] if x[i] == x[i] else NAN


@kernel
def _along_bands(
    pixels: Image, weights: Image, first: npt.NDArray[np.int32], out: Image
) -> None:  # fmt: skip
    bands, count = pixels.shape
    window = weights.shape[1]
    for begin in range(0, count, RUN):
        end = min(begin + RUN, count)
        for band in range(bands):
            target, w, at = out[band, begin:end], weights[band], first[band]
            if window == 1:
                _begin(pixels[at, begin:end], w[0], target)
                continue
            _begin_three(
                pixels[at, begin:end], pixels[at + 1, begin:end], pixels[at + 2, begin:end],
                w[0], w[1], w[2], target,
            )  # fmt: skip
            tap = 3
            while tap < window:
                near, second = pixels[at + tap, begin:end], pixels[at + tap + 1, begin:end]
                if tap + 4 <= window:
                    third, fourth = pixels[at + tap + 2, begin:end], pixels[at + tap + 3, begin:end]
                    _add_four(near, second, third, fourth, w[tap : tap + 4], target)
                    tap += 4
                else:
                    _add_two(near, second, w[tap], w[tap + 1], target)
                    tap += 2


# Several bands in one loop: each reads and writes the sum once. Added in the order of bands.
@kernel
def _begin(x: Numbers, a: np.float32, target: Numbers) -> None:
    for i in range(len(target)):
        target[i] = a * x[i]


@kernel
def _begin_three(
    x: Numbers, y: Numbers, z: Numbers, a: np.float32, b: np.float32, c: np.float32,
    target: Numbers,
) -> None:  # fmt: skip
    for i in range(len(target)):
        target[i] = (a * x[i] + b * y[i]) + c * z[i]


@kernel
def _add_two(x: Numbers, y: Numbers, a: np.float32, b: np.float32, target: Numbers) -> None:
    for i in range(len(target)):
        target[i] = (target[i] + a * x[i]) + b * y[i]


@kernel
def _add_four(
    x: Numbers, y: Numbers, z: Numbers, v: Numbers, w: Numbers, target: Numbers
) -> None:  # fmt: skip
    a, b, c, d = w[0], w[1], w[2], w[3]
    for i in range(len(target)):
        target[i] = (((target[i] + a * x[i]) + b * y[i]) + c * z[i]) + d * v[i]


def _warm() -> None:
    cube = np.zeros((3, 1, 1), np.float32)
    median_filter(cube)
    gaussian_filter(cube)
    savitzky_golay(cube, 3, 1)


WARMUP = (_warm,)
