"""Sums that hang on no order, so that blocks may be added and merged as they come."""

import math
from fractions import Fraction

import numpy as np
import numpy.typing as npt


class ExactSum:
    """A running sum of block sums, each rounded once and added without rounding.

    It takes some hundred bytes however much is added. Infinity and NaN are kept, as IEEE 754 adds
    them.
    """

    __slots__ = ("_finite", "_other")

    def __init__(self) -> None:
        self._finite = Fraction(0)
        self._other = 0.0

    def add(self, values: npt.NDArray[np.float64]) -> None:
        """Add all values of a block, of any shape."""
        with np.errstate(invalid="ignore", over="ignore"):
            block = float(np.sum(values))
        if math.isfinite(block):
            self._finite += Fraction(block)
        else:
            self._other += block

    def merge(self, other: "ExactSum") -> None:
        """Add another sum."""
        self._finite += other._finite
        self._other += other._other

    def value(self) -> float:
        """Give the sum, rounded once."""
        return float(self._finite) if self._other == 0.0 else self._other
