"""Ratios in one pass; co-occurrence by what enters and leaves the window as it slides.

Every feature follows from a few sums that one pair of pixels changes by a known amount, so that a
step costs about 8 · window pairs, whatever the number of levels.
"""

import numpy as np
import numpy.typing as npt

from edgers.kernels.cpu.logarithm import decibel
from edgers.kernels.jit import kernel
from edgers.kernels.spectra import Cube, Image
from edgers.kernels.texture_rules import MOST_LEVELS, NO_LEVEL, Levels, check_images, check_texture

Numbers = npt.NDArray[np.float32]
Counts = npt.NDArray[np.int32]
Wide = npt.NDArray[np.float64]
CHUNK = 1024
NAN, ZERO, ONE, FOUR = np.float32(np.nan), np.float32(0), np.float32(1), np.float32(4)
Sums = tuple[int, int, int, int, int, int]
"""Over pairs: their number, Σ i + j, Σ i² + j², Σ i · j, Σ |i − j|; over the table: Σ count²."""
NOTHING = (0, 0, 0, 0, 0, 0)


def radar_ratios(co: Image, cross: Image) -> Cube:
    """As the reference; each image is read once."""
    check_images(co, cross)
    out = np.empty((5, *co.shape), np.float32)
    flat = np.ascontiguousarray(co).reshape(-1), np.ascontiguousarray(cross).reshape(-1)
    _ratios(*flat, out.reshape(5, co.size))
    return out


def quantize(image: Image, levels: int, lower: float, upper: float) -> Levels:
    """As the reference."""
    check_texture(image, 3, 1, levels, lower, upper)
    out = np.empty(image.shape, np.uint8)
    scale = np.float32(levels / (upper - lower))
    _quantize(
        np.ascontiguousarray(image).reshape(-1), np.float32(lower), scale, np.float32(levels - 1),
        out.reshape(-1),
    )  # fmt: skip
    return out


def grey_level_texture(
    image: Image, *, window: int = 7, distance: int = 1, levels: int = 16, lower: float,
    upper: float,
) -> Cube:  # fmt: skip
    """As the reference; whole numbers but for entropy and homogeneity, begun anew each row."""
    check_texture(image, window, distance, levels, lower, upper)
    grey = quantize(image, levels, lower, upper)
    out = np.full((8, *image.shape), NAN, np.float32)
    _texture(grey, window // 2, distance, levels, _logarithms(window), out)
    return out


def _logarithms(window: int) -> Wide:
    """Give n · ln n of all counts that can be: four pairs a pixel, in both orders."""
    counts = np.arange(8 * window * window + 1, dtype=np.float64)
    counts[1:] *= np.log(counts[1:])
    return counts


@kernel
def _ratios(co: Numbers, cross: Numbers, out: Image) -> None:
    for begin in range(0, len(co), CHUNK):
        end = min(begin + CHUNK, len(co))
        a, b = co[begin:end], cross[begin:end]
        _linear(a, b, out[0, begin:end], out[2, begin:end], out[3, begin:end], out[4, begin:end])
        logarithm = out[1, begin:end]
        for i in range(len(a)):
            ratio = a[i] / b[i]
            logarithm[i] = ratio if (a[i] > ZERO) & (b[i] > ZERO) else NAN
        decibel(logarithm)


@kernel
def _linear(
    a: Numbers, b: Numbers, ratio: Numbers, inverse: Numbers, vegetation: Numbers, span: Numbers
) -> None:  # fmt: skip
    for i in range(len(a)):
        total, there, back = a[i] + b[i], a[i] / b[i], b[i] / a[i]
        share = FOUR * b[i] / total
        ratio[i] = NAN if b[i] == ZERO else there
        inverse[i] = NAN if a[i] == ZERO else back
        vegetation[i] = NAN if total == ZERO else share
        span[i] = total


@kernel
def _quantize(
    x: Numbers, lower: np.float32, scale: np.float32, highest: np.float32, out: Levels
) -> None:  # fmt: skip
    for i in range(len(x)):
        v = np.floor((x[i] - lower) * scale)
        v = highest if v > highest else v
        v = v if v > ZERO else ZERO
        level = np.uint8(np.int32(v))
        out[i] = level if x[i] == x[i] else np.uint8(NO_LEVEL)


@kernel
def _texture(
    grey: Levels, reach: int, distance: int, levels: int, logarithms: Wide, out: Cube
) -> None:  # fmt: skip
    rows, columns = grey.shape
    table = np.empty(levels * levels, np.int32)
    near = np.empty(MOST_LEVELS)
    for apart in range(MOST_LEVELS):
        near[apart] = 1.0 / (1 + apart * apart)
    for row in range(rows):
        top, bottom = max(row - reach, 0), min(row + reach + 1, rows)
        table[:] = 0
        whole, real = NOTHING, (0.0, 0.0)
        first, end = 0, 0
        for column in range(columns):
            left, right = max(column - reach, 0), min(column + reach + 1, columns)
            while end < right:
                other = end - distance if end - distance >= first else -1
                more, rest = _change(
                    grey[top:bottom], end, other, distance, 1, levels, table, near, logarithms
                )
                whole, real = _sum(whole, more, 1), (real[0] + rest[0], real[1] + rest[1])
                end += 1
            while first < left:
                other = first + distance if first + distance < end else -1
                less, rest = _change(
                    grey[top:bottom], first, other, distance, -1, levels, table, near, logarithms
                )
                whole, real = _sum(whole, less, -1), (real[0] + rest[0], real[1] + rest[1])
                first += 1
            if grey[row, column] != NO_LEVEL and whole[0] > 0:
                _store(whole, real, out, row, column)


@kernel
def _sum(a: Sums, b: Sums, sign: int) -> Sums:
    return (
        a[0] + sign * b[0], a[1] + sign * b[1], a[2] + sign * b[2], a[3] + sign * b[3],
        a[4] + sign * b[4], a[5] + b[5],
    )  # fmt: skip


@kernel
def _change(
    grey: Levels, column: int, other: int, distance: int, sign: int, levels: int, table: Counts,
    near: Wide, logarithms: Wide,
) -> tuple[Sums, tuple[float, float]]:  # fmt: skip
    """Count, or count out, all pairs that a column has in itself and with the `other` one.

    A column enters on the right and leaves on the left, so that the other one is to one side; −1
    where it is not in the window. Gives the first five sums of the pairs, and how far the rest has
    changed.
    """
    pairs, first, second, product, far, same = NOTHING
    rows, logarithm, homogeneity = len(grey), 0.0, 0.0
    for row in range(rows):
        a = int(grey[row, column])
        if a == NO_LEVEL:
            continue
        for turn in range(4 if other >= 0 else 1):
            down = distance if turn < 2 else (0 if turn == 2 else -distance)
            if row + down < 0 or row + down >= rows:
                continue
            b = int(grey[row + down, other if turn else column])
            if b == NO_LEVEL:
                continue
            low, high = min(a, b), max(a, b)
            place, apart = low * levels + high, high - low
            before = int(table[place])
            after = before + sign
            table[place] = after
            pairs, far, product = pairs + 1, far + apart, product + low * high
            first, second = first + low + high, second + low * low + high * high
            homogeneity += near[apart]
            # In both orders: two equal entries off the diagonal, a double one on it.
            each = 1 if apart else 2
            same += 2 * each * (after * after - before * before)
            change = logarithms[each * after] - logarithms[each * before]
            logarithm += change if each == 2 else 2 * change
    return (pairs, first, second, product, far, same), (logarithm, sign * homogeneity)


@kernel
def _store(whole: Sums, real: tuple[float, float], out: Cube, row: int, column: int) -> None:
    pairs, first, second, product, far, same = whole
    each, both = 1.0 / pairs, 2 * pairs
    # Times (2 · pairs)², whole numbers: exactly 0 where there is one level.
    variance = both * second - first * first
    together = 2 * both * product - first * first
    out[0, row, column] = (second - 2 * product) * each
    out[1, row, column] = far * each
    out[2, row, column] = real[1] * each
    out[3, row, column] = same * each * each * 0.25
    entropy = np.log(np.float64(both)) - real[0] * each * 0.5
    out[4, row, column] = 0.0 if variance == 0 else entropy
    out[5, row, column] = 1.0 if variance == 0 else together / variance
    out[6, row, column] = 0.5 * each * first
    out[7, row, column] = variance * each * each * 0.25


def _warm() -> None:
    one = np.ones((1, 1), np.float32)
    radar_ratios(one, one)
    grey_level_texture(one, lower=0, upper=1)


WARMUP = (_warm,)
