"""Values: how much of the truth's variance is explained, R²; errors in the unit of the values."""

from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt

from edgers.calibration.metrics.regression import RegressionMetric
from edgers.calibration.metrics.scores import ValueScore
from edgers.calibration.metrics.spread import Spread

NO_SPREAD = 1e-24
"""Variance over the squared mean below which values are the same: a mean of equal numbers may be
off by 1e-16 of them, and the squares of that are all that `Spread` may leave."""


class ValueMetric:
    """Running R² of one value.

    Where the truth is not finite there is none. Where there is truth and no answer, the answer
    counts as the truth's mean would: it explains nothing.
    """

    __slots__ = ("_all", "_errors", "_missed", "_name", "_unit")

    def __init__(self, name: str, unit: str = "") -> None:
        """Begin with nothing counted."""
        self._name, self._unit = name, unit
        self._all, self._missed, self._errors = Spread(), Spread(), RegressionMetric()

    def add(self, truth: npt.NDArray[Any], found: npt.NDArray[Any]) -> None:
        """Count a block; both arrays have one shape, any."""
        is_known, is_told = np.isfinite(truth), np.isfinite(found)
        self._all.add(truth[is_known].astype(np.float64))
        self._missed.add(truth[is_known & ~is_told].astype(np.float64))
        self._errors.add(truth[is_known & is_told], found[is_known & is_told])

    def merge(self, other: "ValueMetric") -> None:
        """Add what another counted."""
        self._all.merge(other._all)
        self._missed.merge(other._missed)
        self._errors.merge(other._errors)

    @property
    def counted(self) -> int:
        """Values of the truth."""
        return self._all.count

    def score(self) -> ValueScore:
        """Give how well the value was found."""
        count, rmse, mean = self._all.count, self._errors.rmse(), self._all.mean
        variance = self._all.about(mean)
        is_constant = float(variance) <= NO_SPREAD * float(count * mean**2)
        r2 = None
        if not is_constant:
            error = self._missed.about(mean)
            if rmse is not None:
                error += Fraction(rmse) ** 2 * (count - self._missed.count)
            r2 = float(1 - error / variance)
        return ValueScore(
            name=self._name, measure="R²", truth=count, found=count - self._missed.count, score=r2,
            rmse=rmse, bias=self._errors.bias(), unit=self._unit,
            constant=float(mean) if count and is_constant else None,
        )  # fmt: skip
