"""Regression: root mean square error, mean absolute error and bias, in the unit of the values."""

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from edgers.calibration.metrics.exact_sum import ExactSum


class RegressionMetric:
    """Running sums over blocks of values.

    Where the truth is not finite there is none, and nothing is counted. An answer that is not
    finite where there is truth makes the errors so as well.
    """

    __slots__ = ("_absolute", "_count", "_signed", "_squared")

    def __init__(self) -> None:
        self._count = 0
        self._squared, self._absolute, self._signed = ExactSum(), ExactSum(), ExactSum()

    def add(self, truth: npt.NDArray[Any], found: npt.NDArray[Any]) -> None:
        """Count a block; both arrays have one shape, any."""
        is_known = np.isfinite(truth)
        apart = found[is_known].astype(np.float64) - truth[is_known].astype(np.float64)
        self._count += apart.size
        with np.errstate(over="ignore"):
            self._squared.add(apart**2)
        self._absolute.add(np.abs(apart))
        self._signed.add(apart)

    def merge(self, other: "RegressionMetric") -> None:
        """Add the sums of another."""
        self._count += other._count
        self._squared.merge(other._squared)
        self._absolute.merge(other._absolute)
        self._signed.merge(other._signed)

    def rmse(self) -> float | None:
        """Give the root of the mean squared error; None where nothing was counted."""
        return math.sqrt(self._squared.value() / self._count) if self._count else None

    def mae(self) -> float | None:
        """Give the mean absolute error; None where nothing was counted."""
        return self._absolute.value() / self._count if self._count else None

    def bias(self) -> float | None:
        """Give the mean of found minus truth; None where nothing was counted."""
        return self._signed.value() / self._count if self._count else None
