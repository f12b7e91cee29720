"""Segmentation: confusion matrix, intersection over union, F1, and areas on the ellipsoid."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from edgers.calibration.metrics.scores import ClassScore

MM2_PER_M2 = 10**6
MM2_PER_HA = 10**4 * MM2_PER_M2

NOTHING = -1
"""Position that stands for no class: such truth is not counted, such an answer is a miss."""

MOST_COUNTS = 4_000_000
"""Counts held at once while a block is gone through: 32 MB."""

Positions = npt.NDArray[np.signedinteger]
"""Position of each pixel's class, (height, width), or `NOTHING`."""


class SegmentationMetric:
    """Running counts over blocks of class positions; whole numbers, so their order is no matter."""

    __slots__ = ("_confusion", "_found_mm2", "_has_area", "_names", "_truth_mm2")

    def __init__(self, names: Sequence[str]) -> None:
        """Begin with nothing counted, for classes in this order."""
        self._names = tuple(names)
        count = len(self._names)
        # The last column counts the pixels for which there is no answer.
        self._confusion = np.zeros((count, count + 1), np.int64)
        self._truth_mm2 = [0] * count
        self._found_mm2 = [0] * count
        self._has_area = True

    def add(
        self, truth: Positions, found: Positions, row_areas_m2: npt.NDArray[np.float64] | None
    ) -> None:
        """Count a block; pixels whose truth is `NOTHING` are left out.

        Pixels of row i have the area `row_areas_m2[i]`; without it there are no areas.
        """
        if not truth.size:
            return
        self._has_area &= row_areas_m2 is not None
        side = len(self._names) + 1
        step = max(1, MOST_COUNTS // side**2)
        by_row = np.zeros((2, side - 1, len(truth)), np.int64)
        for begin in range(0, len(truth), step):
            rows = slice(begin, begin + step)
            pairs = _pairs_by_row(truth[rows], found[rows], side)
            self._confusion += pairs[:, :-1].sum(axis=0)
            by_row[0, :, rows] = pairs[:, :-1].sum(axis=2).T
            by_row[1, :, rows] = pairs[:, :-1, :-1].sum(axis=1).T
        if row_areas_m2 is None:
            return
        for counts, sums in zip(by_row, (self._truth_mm2, self._found_mm2), strict=True):
            for i, area_m2 in enumerate(counts @ row_areas_m2):
                sums[i] += round(float(area_m2) * MM2_PER_M2)

    def merge(self, other: "SegmentationMetric") -> None:
        """Add the counts of another, of the same classes."""
        if other._names != self._names:
            raise ValueError(f"counts of {other._names} do not go with those of {self._names}")
        self._confusion += other._confusion
        self._has_area &= other._has_area
        for i in range(len(self._names)):
            self._truth_mm2[i] += other._truth_mm2[i]
            self._found_mm2[i] += other._found_mm2[i]

    @property
    def counted(self) -> int:
        """Pixels counted."""
        return int(self._confusion.sum())

    @property
    def hits(self) -> tuple[int, ...]:
        """Pixels of each class that were called so."""
        return tuple(int(self._confusion[i, i]) for i in range(len(self._names)))

    def scores(self) -> tuple[ClassScore, ...]:
        """Give how well each class was found, in the order of the classes."""
        return tuple(self._score(i) for i in range(len(self._names)))

    def _score(self, i: int) -> ClassScore:
        hits = self.hits[i]
        truth_px, found_px = int(self._confusion[i].sum()), int(self._confusion[:, i].sum())
        return ClassScore(
            name=self._names[i],
            truth_px=truth_px,
            found_px=found_px,
            iou=hits / (truth_px + found_px - hits) if truth_px else None,
            f1=2 * hits / (truth_px + found_px) if truth_px else None,
            truth_ha=self._truth_mm2[i] / MM2_PER_HA if self._has_area else None,
            found_ha=self._found_mm2[i] / MM2_PER_HA if self._has_area else None,
        )


def _pairs_by_row(truth: Positions, found: Positions, side: int) -> npt.NDArray[np.int64]:
    """Count pairs of truth and answer, (row, side, side); in the last places those of `NOTHING`."""
    rows = np.arange(len(truth), dtype=np.int64)[:, np.newaxis] * side**2
    # NOTHING is −1: it comes first, and is rolled to the end.
    code = (truth.astype(np.int64) + 1) * side + rows
    code += found
    code += 1
    pairs = np.bincount(code.ravel(), minlength=len(truth) * side**2)
    return np.roll(pairs.reshape(len(truth), side, side), -1, axis=(1, 2)).astype(np.int64)
