"""How far values spread about any number; exact, so that the order of blocks is no matter."""

from fractions import Fraction

import numpy as np
import numpy.typing as npt


class Spread:
    """Running count, sum and sum of squares, of finite values.

    A block's values are taken about its own mean, whose share is added without rounding: values of
    300 that differ by a thousandth keep all their digits.
    """

    __slots__ = ("_squares", "_sum", "count")

    def __init__(self) -> None:
        self.count = 0
        self._sum, self._squares = Fraction(0), Fraction(0)

    def add(self, values: npt.NDArray[np.float64]) -> None:
        """Add all values of a block, of any shape."""
        if not values.size:
            return
        middle = float(values.mean())
        apart = values - middle
        rest, squares, exact = Fraction(float(apart.sum())), Fraction(float((apart**2).sum())), (
            Fraction(middle)
        )  # fmt: skip
        self.count += values.size
        self._sum += rest + values.size * exact
        self._squares += squares + 2 * exact * rest + values.size * exact**2

    def merge(self, other: "Spread") -> None:
        """Add what another counted."""
        self.count += other.count
        self._sum += other._sum
        self._squares += other._squares

    @property
    def mean(self) -> Fraction:
        """Mean; 0 where nothing was counted."""
        return self._sum / self.count if self.count else Fraction(0)

    def about(self, middle: Fraction) -> Fraction:
        """Give the sum of the squared distances from a number."""
        return self._squares - 2 * middle * self._sum + self.count * middle**2
