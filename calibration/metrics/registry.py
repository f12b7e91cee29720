"""What answers are judged by: one metric for each kind of answer."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Literal

from edgers.calibration.metrics.scores import (
    ClassScore,
    CosineScore,
    DetectionScore,
    FlagScore,
    RecallScore,
    Score,
    ValueScore,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """The number a candidate is held to: 1 is perfect, and a point is a hundredth of it."""

    name: str
    """Name of the mean over all parts; certificates know the metric by it."""
    of_part: str
    """Name of what one part has."""
    part: Literal["class", "value", "vector"]
    """What a part is."""
    counted: Literal["px", "objects", "rows"]
    """What is counted."""
    score: Callable[..., Score]
    """Makes what is known of a part, of its fields; raises TypeError where they are none."""
    is_weighed: bool = False
    """Whether parts count by what the truth has of them; else all are alike."""
    minds_strangers: bool = False
    """Whether what is found of a part that the truth has not is held against nothing else: a pixel
    that is of one class alone is missed by another, an object that is not there by none."""

    @property
    def parts(self) -> str:
        """Several parts."""
        return {"class": "classes", "value": "values", "vector": "vectors"}[self.part]


MEAN_IOU = Metric(name="mIoU", of_part="IoU", part="class", counted="px", score=ClassScore)
MEAN_AP50 = Metric(
    name="mAP50", of_part="AP50", part="class", counted="objects", score=DetectionScore,
    minds_strangers=True,
)  # fmt: skip

MEAN_F1 = Metric(
    name="mean F1", of_part="F1", part="class", counted="px", score=FlagScore, minds_strangers=True
)
R2 = Metric(name="R²", of_part="R²", part="value", counted="px", score=ValueScore)
R2_AND_F1 = replace(R2, name="R² and F1", minds_strangers=True)
"""Where something is looked for, what reaches the threshold is a part beside the value."""
ACCURACY = Metric(
    name="accuracy", of_part="recall", part="class", counted="rows", score=RecallScore,
    is_weighed=True,
)  # fmt: skip
ROW_F1 = replace(MEAN_F1, name="mean F1 of rows", counted="rows")
ROW_R2 = replace(R2, name="R² of rows", counted="rows")
COSINE = Metric(name="cosine", of_part="cosine", part="vector", counted="rows", score=CosineScore)

METRICS: Mapping[str, Metric] = {
    one.name: one
    for one in (MEAN_IOU, MEAN_F1, MEAN_AP50, R2, R2_AND_F1, ACCURACY, ROW_F1, ROW_R2, COSINE)
}
"""Metric by its name."""
