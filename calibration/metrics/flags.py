"""Yes or no for each pixel, or row, for several classes: F1 of each."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from edgers.calibration.metrics.scores import FlagScore
from edgers.calibration.metrics.segmentation import NOTHING, SegmentationMetric

YES = 1


class FlagMetric:
    """Running counts over blocks of numbers: NaN is no answer, 0 no, and anything else yes."""

    __slots__ = ("_each", "_names")

    def __init__(self, names: Sequence[str]) -> None:
        """Begin with nothing counted, for classes in this order."""
        self._names = tuple(names)
        self._each = [SegmentationMetric(("no", "yes")) for _ in self._names]

    def add(self, truth: npt.NDArray[Any], found: npt.NDArray[Any]) -> None:
        """Count a block, (class, height, width); where the truth is NaN nothing is counted."""
        for metric, one, other in zip(self._each, truth, found, strict=True):
            metric.add(_positions(one), _positions(other), None)

    def merge(self, other: "FlagMetric") -> None:
        """Add the counts of another, of the same classes."""
        for one, more in zip(self._each, other._each, strict=True):
            one.merge(more)

    @property
    def counted(self) -> int:
        """Pixels that have a truth for any class."""
        return max(one.counted for one in self._each)

    def scores(self) -> tuple[FlagScore, ...]:
        """Give how well each class was found, in the order of the classes."""
        found = []
        for name, metric in zip(self._names, self._each, strict=True):
            yes = metric.scores()[YES]
            found.append(
                FlagScore(name=name, truth=yes.truth_px, found=yes.found_px, f1=yes.f1, iou=yes.iou)
            )
        return tuple(found)


def _positions(flags: npt.NDArray[Any]) -> npt.NDArray[np.int16]:
    known = np.isfinite(flags)
    return np.where(known, (flags != 0).astype(np.int16), NOTHING).astype(np.int16)
