"""Speckle filtered row by row; a window is summed in parts that its neighbours share."""

import numpy as np
import numpy.typing as npt

from edgers.kernels.aligned_windows import END, FIRST
from edgers.kernels.jit import kernel
from edgers.kernels.radar_rules import check_speckle
from edgers.kernels.spectra import Cube, Image

Wide = npt.NDArray[np.float64]
Places = npt.NDArray[np.int64]
INFINITY, NAN = np.float32(np.inf), np.float32(np.nan)
COUNT, TOTAL, SQUARES = range(3)
"""What is summed: samples that are not missing, they themselves, their squares."""


def lee(intensity: Cube, looks: float, window: int = 7) -> Cube:
    """As the reference; cost grows with the logarithm of the window.

    Sums are put together from parts, and nothing is ever subtracted: a bright target leaves no
    rounding error behind when the window has passed it.
    """
    check_speckle(intensity, looks, window)
    out = np.empty(intensity.shape, np.float32)
    _lee(np.ascontiguousarray(intensity), 1 / looks, window, out)
    return out


def refined_lee(intensity: Cube, looks: float) -> Cube:
    """As the reference; each 3 × 3 mean is made once."""
    check_speckle(intensity, looks, 7)
    out = np.empty(intensity.shape, np.float32)
    _refined_lee(np.ascontiguousarray(intensity), 1 / looks, FIRST, END, out)
    return out


@kernel
def _lee(cube: Cube, noise: float, window: int, out: Cube) -> None:
    _, rows, columns = cube.shape
    reach = window // 2
    # Sums from each row of a block of `window` rows to its end, and from the next one's begin on.
    tails = np.empty((window, 3, columns))
    head = np.empty((3, columns))
    across = np.zeros((3, columns + 2 * reach))
    sums, spare = np.empty((3, columns)), np.empty((2, columns + 2 * reach))
    for band in range(len(cube)):
        plane = cube[band]
        for row in range(rows):
            place = row % window
            if place == 0:
                tails[window - 1] = 0.0
                for i in range(window - 1, -1, -1):
                    if i < window - 1:
                        tails[i] = tails[i + 1]
                    _add_row(plane, row - reach + i, tails[i])
                head[:] = 0.0
            else:
                _add_row(plane, row + reach, head)
            for kind in range(3):
                _add_up(tails[place, kind], head[kind], across[kind, reach : reach + columns])
                _window_sums(across[kind], window, spare, sums[kind])
            _estimate(plane[row], sums, noise, out[band, row])


@kernel
def _add_row(plane: Image, row: int, sums: Wide) -> None:
    """Add a row to what is summed column by column; nothing beyond the border."""
    if row < 0 or row >= len(plane):
        return
    x, count, total, squares = plane[row], sums[COUNT], sums[TOTAL], sums[SQUARES]
    for i in range(len(x)):
        is_sample = abs(x[i]) < INFINITY
        v = np.float64(x[i]) if is_sample else 0.0
        count[i] += 1.0 if is_sample else 0.0
        total[i] += v
        squares[i] += v * v


@kernel
def _add_up(a: Wide, b: Wide, target: Wide) -> None:
    for i in range(len(target)):
        target[i] = a[i] + b[i]


@kernel
def _window_sums(x: Wide, window: int, spare: Image, target: Wide) -> None:
    """Sum `window` numbers from each on: of sums of 1, 2, 4, … those that make up the window."""
    target[:] = 0.0
    size, begin, turn = 1, 0, 0
    now = x
    while True:
        if window & size:
            part = now[begin:]
            for i in range(len(target)):
                target[i] += part[i]
            begin += size
        if 2 * size > window:
            return
        then, count = spare[turn], len(x) - 2 * size + 1
        moved = now[size:]
        for i in range(count):
            then[i] = now[i] + moved[i]
        now, size, turn = then, 2 * size, 1 - turn


@kernel
def _estimate(x: npt.NDArray[np.float32], sums: Wide, noise: float, target: Image) -> None:
    count, total, squares = sums[COUNT], sums[TOTAL], sums[SQUARES]
    for i in range(len(x)):
        each = 1.0 / count[i]
        mean = total[i] * each
        speckle = mean * mean * noise
        beneath = (squares[i] * each - mean * mean - speckle) / (1.0 + noise)
        share = beneath / (beneath + speckle) if beneath > 0.0 else 0.0
        found = mean + share * (np.float64(x[i]) - mean)
        target[i] = np.float32(found) if abs(x[i]) < INFINITY else NAN


@kernel
def _refined_lee(cube: Cube, noise: float, first: Places, end: Places, out: Cube) -> None:
    _, rows, columns = cube.shape
    # Rows by their number modulo 7 and means by theirs modulo 5, with a border of 3 and 2 px.
    near, seen = np.zeros((7, columns + 6)), np.zeros((7, columns + 6))
    means = np.empty((5, columns + 4))
    spare = np.empty((2, columns + 4))
    half = np.empty(columns, np.int64)
    sums = np.empty((3, columns))
    for band in range(len(cube)):
        near[:], seen[:] = 0.0, 0.0
        for row in range(-4, rows):
            # Row + 3 is new; so is the row of means above it, which it completes.
            _hold(cube[band], row + 3, near[(row + 3) % 7], seen[(row + 3) % 7])
            a, b, c = (row + 1) % 7, (row + 2) % 7, (row + 3) % 7
            _three_rows(near[a], near[b], near[c], spare[0])
            _three_rows(seen[a], seen[b], seen[c], spare[1])
            _ratio(spare[0], spare[1], means[(row + 2) % 5])
            if row >= 0:
                _choose(means[(row - 2) % 5], means[row % 5], means[(row + 2) % 5], half)
                _sum_halves(near, seen, row, half, first, end, sums)
                _estimate(cube[band, row], sums, noise, out[band, row])


@kernel
def _hold(plane: Image, row: int, near: Wide, seen: Wide) -> None:
    near[:], seen[:] = 0.0, 0.0
    if 0 <= row < len(plane):
        x, values, shares = plane[row], near[3:], seen[3:]
        for i in range(len(x)):
            is_sample = abs(x[i]) < INFINITY
            values[i] = np.float64(x[i]) if is_sample else 0.0
            shares[i] = 1.0 if is_sample else 0.0


@kernel
def _three_rows(a: Wide, b: Wide, c: Wide, target: Wide) -> None:
    for i in range(len(target)):
        upper, middle = (a[i] + a[i + 1]) + a[i + 2], (b[i] + b[i + 1]) + b[i + 2]
        target[i] = (upper + middle) + ((c[i] + c[i + 1]) + c[i + 2])


@kernel
def _ratio(a: Wide, b: Wide, target: Wide) -> None:
    for i in range(len(target)):
        target[i] = a[i] / b[i]


@kernel
def _choose(above: Wide, here: Wide, below: Wide, half: Places) -> None:
    """Choose the half window of each pixel of a row, by the 3 × 3 means about it."""
    for i in range(len(half)):
        m4 = here[i + 2]
        m0 = above[i] if above[i] == above[i] else m4
        m1 = above[i + 2] if above[i + 2] == above[i + 2] else m4
        m2 = above[i + 4] if above[i + 4] == above[i + 4] else m4
        m3 = here[i] if here[i] == here[i] else m4
        m5 = here[i + 4] if here[i + 4] == here[i + 4] else m4
        m6 = below[i] if below[i] == below[i] else m4
        m7 = below[i + 2] if below[i + 2] == below[i + 2] else m4
        m8 = below[i + 4] if below[i + 4] == below[i + 4] else m4
        steepest = abs(((m2 + m5) + m8) - ((m0 + m3) + m6))
        found = 1 if abs(m5 - m4) < abs(m3 - m4) else 0
        gradient = abs(((m1 + m2) + m5) - ((m3 + m6) + m7))
        side = 3 if abs(m6 - m4) < abs(m2 - m4) else 2
        found = side if gradient > steepest else found
        steepest = max(gradient, steepest)
        gradient = abs(((m0 + m1) + m2) - ((m6 + m7) + m8))
        side = 5 if abs(m7 - m4) < abs(m1 - m4) else 4
        found = side if gradient > steepest else found
        steepest = max(gradient, steepest)
        gradient = abs(((m0 + m1) + m3) - ((m5 + m7) + m8))
        side = 7 if abs(m8 - m4) < abs(m0 - m4) else 6
        half[i] = side if gradient > steepest else found


@kernel
def _sum_halves(
    near: Wide, seen: Wide, row: int, half: Places, first: Places, end: Places, sums: Wide
) -> None:  # fmt: skip
    for column in range(len(half)):
        count, total, squares = 0.0, 0.0, 0.0
        for i in range(7):
            line, share = near[(row + i - 3) % 7], seen[(row + i - 3) % 7]
            for j in range(column + first[half[column], i], column + end[half[column], i]):
                count += share[j]
                total += line[j]
                squares += line[j] * line[j]
        sums[COUNT, column], sums[TOTAL, column], sums[SQUARES, column] = count, total, squares


def _warm() -> None:
    one = np.ones((1, 1, 1), np.float32)
    lee(one, 1.0)
    refined_lee(one, 1.0)


WARMUP = (_warm,)
