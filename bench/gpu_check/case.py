"""One launch of one CUDA kernel, with what has to come out of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from edgers.kernels.launch import THREADS, blocks_for

Array = npt.NDArray[Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A launch."""

    entry: str
    """Name of the kernel."""
    arguments: tuple[Array | int | float, ...]
    """Its arguments; arrays are contiguous, and a launch may write into copies of them."""
    results: Mapping[int, Array]
    """What an argument, by its place, has to hold after a launch."""
    items: int
    """Threads it needs, or blocks where `by_block`."""
    moved_bytes: int
    """Bytes it must at least read and write."""
    relative: float = 0.0
    """By how much of its value a result may be off; 0 with `absolute` 0 is bit for bit."""
    absolute: float = 0.0
    """By how much it may be off besides."""
    by_block: bool = False
    """Whether the threads of a block share an item, however many they are."""
    why: str = "the same operations in the same order"
    """Why that is what it may be off by."""

    def blocks(self, threads: int = THREADS) -> int:
        """Give how many blocks of so many threads it takes."""
        return self.items if self.by_block else blocks_for(self.items, threads)


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """How far the results of a launch are from the right ones."""

    wrong: int
    """Values that are off by more than the case allows, or are NaN on one side only."""
    largest: float
    """Largest difference between two finite values."""


def difference(case: Case, found: Mapping[int, Array]) -> Difference:
    """Compare all results of a launch, by place, with those of the case."""
    wrong, largest = 0, 0.0
    for place, array in case.results.items():
        wanted = array.reshape(-1).astype(np.float64)
        got = found[place].reshape(-1).astype(np.float64)
        if wanted.shape != got.shape:
            raise ValueError(f"argument {place} of {case.entry} has another size than its result")
        same = (wanted == got) | (np.isnan(wanted) & np.isnan(got))
        both = np.isfinite(wanted) & np.isfinite(got)
        apart = np.abs(np.subtract(wanted, got, out=np.zeros_like(wanted), where=both))
        allowed = case.absolute + case.relative * np.abs(np.where(both, wanted, 0.0))
        wrong += int((~same & ~(both & (apart <= allowed))).sum())
        largest = max(largest, float(apart.max(initial=0.0)))
    return Difference(wrong=wrong, largest=largest)


def sum_error(terms: Array) -> float:
    """Give how far a float32 sum over the first axis may be off, at any pixel.

    Count × unit roundoff × sum of magnitudes (Higham 1993, recursive summation), and once again
    for the rounding of the terms themselves.
    """
    magnitudes = np.nansum(np.abs(terms), axis=0, dtype=np.float64)
    return float(2 * len(terms) * 2.0**-24 * magnitudes.max(initial=0.0))
