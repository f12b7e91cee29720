"""What a tensor was seen to hold: its ends, and a histogram that widens as larger values come.

A bin is a power of two wide, and twice as wide when a value does not fit: two bins become one, and
a value falls into the same bin whether it came before or after. So one pass is enough, nothing is
kept but the counts, and the result does not hang on the order of the tiles, to the last bit.
"""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

HALF = 4096
"""Bins on each side of zero; at least half of them lie below the largest value. TensorRT's entropy
calibrator has 2048 (NVIDIA, "8-bit inference with TensorRT", GTC 2017)."""

BLOCK = 65_536
"""Values binned at once, so that what is worked out on the way stays in the cache."""

LEAST_EXPONENT = -110
"""Values below 2⁻¹¹⁰ share bins: the scale of finer ones would leave float32."""

MOST_EXPONENT = 12
"""Above it bins are worked out in float64: in float32 a small negative value would become zero."""

Counts = npt.NDArray[np.int64]


@dataclass(slots=True)
class Tally:
    """What was seen of one tensor so far."""

    low: float = math.inf
    """Smallest value."""
    high: float = -math.inf
    """Largest value."""
    exponent: int = LEAST_EXPONENT
    """The bins reach from −2^exponent to 2^exponent; all values lie within, ends excluded."""
    counts: Counts | None = None
    """Values in each of 2 × `HALF` bins; None before the first value. A bin holds its lower end."""

    @property
    def total(self) -> int:
        """Count the values."""
        return 0 if self.counts is None else int(self.counts.sum())

    @property
    def width(self) -> float:
        """Give the width of a bin."""
        return math.ldexp(1.0, self.exponent) / HALF

    def merge(self, other: "Tally") -> None:
        """Take in what another has seen."""
        if other.counts is None:
            return
        self.low, self.high = min(self.low, other.low), max(self.high, other.high)
        exponent = max(self.exponent, other.exponent)
        counts = widened(other.counts, exponent - other.exponent)
        if self.counts is not None:
            counts = counts + widened(self.counts, exponent - self.exponent)
        self.exponent, self.counts = exponent, counts


def tally_of(values: npt.NDArray[np.generic]) -> Tally:
    """Count the values of a tensor of any shape and float type.

    Raises ValueError where one is NaN or infinite. A tensor without values gives an empty tally.
    """
    flat = np.ravel(values)
    if flat.dtype.itemsize < 4:
        flat = flat.astype(np.float32)
    if not flat.size:
        return Tally()
    low, high = float(flat.min()), float(flat.max())
    if not (math.isfinite(low) and math.isfinite(high)):
        raise ValueError("NaN" if math.isnan(low) else "infinity")
    exponent = max(LEAST_EXPONENT, math.frexp(max(-low, high))[1])
    counts = np.zeros(2 * HALF, np.int64)
    # Multiplying by a power of two is exact: no value is put into a bin beside its own.
    kind = np.float32 if exponent <= MOST_EXPONENT and flat.itemsize == 4 else np.float64
    scale = kind(math.ldexp(float(HALF), -exponent))
    for begin in range(0, flat.size, BLOCK):
        bins = np.multiply(flat[begin : begin + BLOCK], scale, dtype=kind)
        np.floor(bins, out=bins)
        index = bins.astype(np.intp)
        index += HALF
        counts += np.bincount(index, minlength=2 * HALF)
    return Tally(low=low, high=high, exponent=exponent, counts=counts)


def widened(counts: Counts, doublings: int) -> Counts:
    """Give the same histogram with bins twice as wide, so many times."""
    # After so many, all that is left are the two bins beside zero.
    for _ in range(min(doublings, HALF.bit_length())):
        half = counts.reshape(-1, 2).sum(axis=1)
        counts = np.zeros_like(counts)
        counts[HALF // 2 : HALF // 2 + HALF] = half
    return counts
