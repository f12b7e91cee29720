"""Detection: average precision per class from scored boxes, upright or oriented.

As COCO does it (cocodataset/cocoapi, cocoeval.py): boxes of falling score each take the free true
box they cover best, precision is made to fall, and read at 101 values of recall. Unlike there every
box counts, not the first 100 of an image: scenes hold thousands.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from edgers.calibration.metrics.scores import DetectionScore
from edgers.kernels.boxes import Boxes
from edgers.kernels.cpu.oriented_iou import oriented_iou

THRESHOLDS = tuple(round(0.5 + 0.05 * step, 2) for step in range(10))
"""Overlaps, as intersection over union, from which a box counts as right: 0.50, 0.55, … 0.95."""

RECALLS = np.linspace(0, 1, 101)
"""Values of recall at which precision is read."""

AT_ONCE = 512
"""Boxes whose overlaps with all true ones are held at once: of 50 000 true ones 100 MB."""

SCORE_STEPS = 2**16
"""Scores are kept in steps of this: counts then take 3 MB a class, whatever is found. Boxes whose
scores fall into one step are taken together, so that their order is no matter."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoredBoxes:
    """Boxes of one image or tile."""

    boxes: Boxes
    """Oriented boxes, float32 (box, 5); `boxes_from_upright` makes them of upright ones."""
    classes: npt.NDArray[np.integer]
    """Position of each box's class, (box,)."""
    scores: npt.NDArray[np.floating]
    """Score of each box, 0 to 1, (box,); of true boxes it is not looked at."""


class DetectionMetric:
    """Running counts over images: how many boxes of each score are right at each overlap."""

    __slots__ = ("_found", "_names", "_right", "_truth")

    def __init__(self, names: Sequence[str]) -> None:
        """Begin with nothing counted, for classes in this order."""
        self._names = tuple(names)
        count = len(self._names)
        self._truth = np.zeros(count, np.int64)
        self._found = np.zeros((count, SCORE_STEPS + 1), np.int32)
        self._right = np.zeros((count, len(THRESHOLDS), SCORE_STEPS + 1), np.int32)

    def add(self, truth: ScoredBoxes, found: ScoredBoxes) -> None:
        """Count an image; boxes of one image are held against true boxes of the same."""
        for i in range(len(self._names)):
            mine = found.classes == i
            true_boxes = truth.boxes[truth.classes == i]
            scores = found.scores[mine].astype(np.float64)
            order = np.argsort(-scores, kind="stable")
            steps = np.rint(np.clip(scores[order], 0, 1) * SCORE_STEPS).astype(np.int64)
            right = _matched(true_boxes, found.boxes[mine][order])
            self._truth[i] += len(true_boxes)
            np.add.at(self._found[i], steps, 1)
            for level, is_right in enumerate(right):
                np.add.at(self._right[i, level], steps[is_right], 1)

    def merge(self, other: "DetectionMetric") -> None:
        """Add the counts of another, of the same classes."""
        if other._names != self._names:
            raise ValueError(f"counts of {other._names} do not go with those of {self._names}")
        self._truth += other._truth
        self._found += other._found
        self._right += other._right

    @property
    def counted(self) -> int:
        """True boxes counted."""
        return int(self._truth.sum())

    def scores(self) -> tuple[DetectionScore, ...]:
        """Give how well each class was found, in the order of the classes."""
        return tuple(self._score(i) for i in range(len(self._names)))

    def _score(self, i: int) -> DetectionScore:
        truth, found = int(self._truth[i]), self._found[i]
        precisions = [average_precision(right, found, truth) for right in self._right[i]]
        return DetectionScore(
            name=self._names[i],
            truth=truth,
            found=int(found.sum()),
            ap50=precisions[0] if truth else None,
            ap=float(np.mean(precisions)) if truth else None,
        )


def boxes_from_upright(corners: npt.NDArray[np.number]) -> Boxes:
    """Give upright boxes, (box, 4) of left, top, right, bottom, as boxes (box, 5) of angle 0."""
    left, top, right, bottom = corners.astype(np.float64).reshape(-1, 4).T
    wide = [(left + right) / 2, (top + bottom) / 2, right - left, bottom - top, np.zeros(len(left))]
    return np.stack(wide, axis=1).astype(np.float32)


def average_precision(
    right: npt.NDArray[np.integer], found: npt.NDArray[np.integer], truth: int
) -> float:
    """Give the mean precision at `RECALLS` from counts by score step, lowest first; 0 for none."""
    is_used = found[::-1] > 0
    if not truth or not is_used.any():
        return 0.0
    hits = np.cumsum(right[::-1][is_used])
    taken = np.cumsum(found[::-1][is_used])
    precision = np.maximum.accumulate((hits / taken)[::-1])[::-1]
    at = np.searchsorted(hits / truth, RECALLS, side="left")
    reached = at < len(precision)
    return float(precision[at[reached]].sum() / len(RECALLS))


def _matched(truth: Boxes, found: Boxes) -> npt.NDArray[np.bool_]:
    """Tell which boxes are right, (threshold, box); boxes come by falling score."""
    right = np.zeros((len(THRESHOLDS), len(found)), bool)
    if not len(truth):
        return right
    free = np.ones((len(THRESHOLDS), len(truth)), bool)
    for begin in range(0, len(found), AT_ONCE):
        overlaps = oriented_iou(found[begin : begin + AT_ONCE], truth)
        # Few true boxes come into question for a box, however many there are.
        for row in np.flatnonzero((overlaps >= THRESHOLDS[0]).any(axis=1)):
            near = np.flatnonzero(overlaps[row] >= THRESHOLDS[0])
            for level, threshold in enumerate(THRESHOLDS):
                open_to = np.where(free[level, near], overlaps[row, near], -1)
                best = int(open_to.argmax())
                if open_to[best] >= threshold:
                    right[level, begin + row], free[level, near[best]] = True, False
    return right
