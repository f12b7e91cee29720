"""Medians of square windows by exchanges alone: the same ones for all pixels, without a branch.

Columns of a window are sorted first, which neighbouring windows share. Once its rows are sorted
too, few numbers can still be the median; these are sorted. Exchanges that the median does not need
are left out.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

Pair = tuple[int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class MedianNetwork:
    """Exchanges (first, second) after which the first is the smaller one."""

    columns: npt.NDArray[np.int64]
    """Among the rows of a column, (exchange, 2)."""
    window: npt.NDArray[np.int64]
    """Among the samples of a window of sorted columns, numbered row by row, (exchange, 2)."""
    place: int
    """Number of the sample where the median then is."""


@lru_cache
def median_network(size: int) -> MedianNetwork:
    """Give the exchanges for windows of `size` rows and columns, an odd number."""
    middle = size * size // 2
    sort_rows = [
        (row * size + a, row * size + b) for row in range(size) for a, b in sorting_network(size)
    ]
    # In a window with sorted rows and columns a sample is not below those above and left of it.
    left = [
        row * size + column for row in range(size) for column in range(size)
        if (row + 1) * (column + 1) - 1 <= middle and (size - row) * (size - column) - 1 <= middle
    ]  # fmt: skip
    sort_left = [(left[a], left[b]) for a, b in sorting_network(len(left))]
    place = left[len(left) // 2]
    return MedianNetwork(
        columns=np.array(sorting_network(size)),
        window=np.array(_needed([*sort_rows, *sort_left], place)),
        place=place,
    )


def sorting_network(count: int) -> list[Pair]:
    """Give exchanges that sort `count` numbers: odd-even merge sort (Batcher 1968)."""
    whole = 1 << max(count - 1, 0).bit_length()
    return [pair for pair in _merges(whole) if pair[1] < count]


def _merges(whole: int) -> Iterable[Pair]:
    run = 1
    while run < whole:
        step = run
        while step:
            for first in range(step % run, whole - step, 2 * step):
                for a in range(first, min(first + step, whole - step)):
                    if a // (2 * run) == (a + step) // (2 * run):
                        yield a, a + step
            step //= 2
        run *= 2


def _needed(pairs: Sequence[Pair], place: int) -> list[Pair]:
    """Leave out exchanges of numbers that never come to `place`."""
    wanted, kept = {place}, []
    for pair in reversed(pairs):
        if not wanted.isdisjoint(pair):
            kept.append(pair)
            wanted.update(pair)
    return kept[::-1]
