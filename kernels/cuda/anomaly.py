"""RX scores. The local mean takes three launches: sums down, sums across, distances.

RX with a covariance for each window stays on the CPU: each thread would need a matrix of its own.
"""

import math
from typing import Any

from numba import cuda, float32

from edgers.kernels.cuda.entry import Entry

MOST_BANDS = 512
"""Bands that `local_distance` has room for."""


def mahalanobis(cube: Any, mean: Any, whitening: Any, out: Any, bands: int, n: int) -> None:
    """Give |W (x - mean)|², one thread a pixel; `cube` (band, n), W lower triangular."""
    i = cuda.grid(1)
    if i >= n:
        return
    score = float32(0)
    for row in range(bands):
        white = float32(0)
        for band in range(row + 1):
            white += whitening[row * bands + band] * (cube[band * n + i] - mean[band])
        score += white * white
    out[i] = score if score < float32(math.inf) else float32(math.nan)


def window_sums_down(
    cube: Any, complete: Any, spans: Any, out: Any, bands: int, rows: int, columns: int
) -> None:
    """Sum complete pixels over each row's window, one thread a band and column.

    `cube` and `out` are (band, row, column), `complete` (row, column) is 1 or 0, `spans` (row, 2)
    holds the first row and one past the last. The sum is carried in float64.
    """
    i = cuda.grid(1)
    if i >= bands * columns:
        return
    band = i // columns
    column = i - band * columns
    total = 0.0
    begin = 0
    end = 0
    for row in range(rows):
        while end < spans[2 * row + 1]:
            if complete[end * columns + column] != 0:
                total += cube[(band * rows + end) * columns + column]
            end += 1
        while begin < spans[2 * row]:
            if complete[begin * columns + column] != 0:
                total -= cube[(band * rows + begin) * columns + column]
            begin += 1
        out[(band * rows + row) * columns + column] = total


def window_sums_across(sums: Any, spans: Any, out: Any, lines: int, columns: int) -> None:
    """Sum over each column's window, one thread a line; `sums` and `out` are (line, column)."""
    i = cuda.grid(1)
    if i >= lines:
        return
    total = 0.0
    begin = 0
    end = 0
    for column in range(columns):
        while end < spans[2 * column + 1]:
            total += sums[i * columns + end]
            end += 1
        while begin < spans[2 * column]:
            total -= sums[i * columns + begin]
            begin += 1
        out[i * columns + column] = total


def local_distance(
    cube: Any, outer: Any, inner: Any, outer_count: Any, inner_count: Any, whitening: Any,
    out: Any, bands: int, n: int,
) -> None:  # fmt: skip
    """Give |W (x - mean between the windows)|², one thread a pixel, for at most 512 bands.

    `cube` and the sums over both windows are (band, n), their counts (n,).
    """
    i = cuda.grid(1)
    if i >= n:
        return
    centred = cuda.local.array(MOST_BANDS, float32)
    count = outer_count[i] - inner_count[i]
    score = float32(math.nan)
    if count > float32(0) and bands <= MOST_BANDS:
        score = float32(0)
        for row in range(bands):
            at = row * n + i
            centred[row] = cube[at] - (outer[at] - inner[at]) / count
            white = float32(0)
            for band in range(row + 1):
                white += whitening[row * bands + band] * centred[band]
            score += white * white
    out[i] = score if score < float32(math.inf) else float32(math.nan)


ENTRIES = (
    Entry(
        name="mahalanobis",
        function=mahalanobis,
        signature=("float32*",) * 4 + ("int32",) * 2,
    ),
    Entry(
        name="window_sums_down",
        function=window_sums_down,
        signature=("float32*", "uint8*", "int32*", "float32*") + ("int32",) * 3,
    ),
    Entry(
        name="window_sums_across",
        function=window_sums_across,
        signature=("float32*", "int32*", "float32*") + ("int32",) * 2,
    ),
    Entry(
        name="local_distance",
        function=local_distance,
        signature=("float32*",) * 7 + ("int32",) * 2,
    ),
)
