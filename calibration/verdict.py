"""What judging a candidate against FP32 on whole scenes gave, and the rule for passing."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from edgers.calibration.metrics.registry import Metric
from edgers.calibration.metrics.segmentation import ClassScore, mean_of

Truth = Literal["labels", "fp32"]
"""What both are held against: labels, or, without them, what FP32 gave."""

CLASS_TIMES = 5
"""A class may lose this many times what the mean may. Up to five classes the mean allows no more
anyway; of twenty, one could lose twenty times the limit and the mean would not show it."""

FOUND_AT_ALL = 0.01
"""IoU from which FP32 is said to find a class; below it there is nothing to lose."""

VANISHED_SHARE = 0.1
"""A class has vanished where less than this share of FP32's IoU is left, whatever may be lost."""

FEW_PX = 100
"""Below this many pixels of truth one pixel is more than a point of IoU: it is said, and judged all
the same. A class that is not judged could vanish unseen."""

ROUNDING = 1e-9
"""0.741 − 0.731 is a little more than 0.01 in floating point, and fits into a limit of 0.01."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassVerdict:
    """One class, or group of classes, over all scenes that are pooled."""

    fp32: ClassScore
    """How well FP32 finds it."""
    candidate: ClassScore
    """How well the candidate finds it."""

    @property
    def name(self) -> str:
        """Name of the class."""
        return self.fp32.name

    @property
    def drop(self) -> float | None:
        """IoU lost; None where the truth has none of the class."""
        if self.fp32.iou is None or self.candidate.iou is None:
            return None
        return self.fp32.iou - self.candidate.iou

    @property
    def has_vanished(self) -> bool:
        """Tell whether FP32 finds the class and the candidate hardly does."""
        here, there = self.fp32.iou or 0.0, self.candidate.iou or 0.0
        return here >= FOUND_AT_ALL and there < VANISHED_SHARE * here

    @property
    def support(self) -> str:
        """Say that the truth has few pixels of it; empty where it has enough."""
        return f" (only {self.fp32.truth_px} px of truth)" if self.fp32.truth_px < FEW_PX else ""

    @property
    def area_error_ha(self) -> float | None:
        """What the candidate finds of it beyond the truth, in ha; None without a place on Earth."""
        return area_error_ha(self.candidate)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pooled:
    """All scenes that are held against one kind of truth, as one: their pixels are added up."""

    truth: Truth
    """What both are held against."""
    scenes: int
    """How many scenes."""
    classes: tuple[ClassVerdict, ...]
    """Each class, in the order of the model's."""

    @property
    def fp32(self) -> float:
        """Mean over the classes, of FP32."""
        return mean_of([one.fp32 for one in self.classes]) or 0.0

    @property
    def candidate(self) -> float:
        """Mean over the classes, of the candidate."""
        return mean_of([one.candidate for one in self.classes]) or 0.0

    @property
    def drop(self) -> float:
        """What the candidate loses; below 0 where it is better."""
        return self.fp32 - self.candidate

    @property
    def worst(self) -> ClassVerdict:
        """The class that loses most, the first of equals."""
        return max(self.classes, key=lambda one: -1.0 if one.drop is None else one.drop)


@dataclass(frozen=True, slots=True, kw_only=True)
class SceneVerdict:
    """One scene by itself."""

    scene: str
    """File or folder name."""
    sha256: str
    """Over its files, as in the products of a run."""
    truth: Truth
    """What both are held against."""
    counted_px: int
    """Pixels with truth and data."""
    fp32: float | None
    """Mean over the classes the truth has, of FP32; None where the truth has none."""
    candidate: float | None
    """The same of the candidate."""
    failure: str = ""
    """Why the candidate gave no product: all its pixels count as missed."""

    @property
    def drop(self) -> float | None:
        """What the candidate loses."""
        if self.fp32 is None or self.candidate is None:
            return None
        return self.fp32 - self.candidate


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """A candidate against FP32.

    Where some scenes have labels and some have none, each kind is pooled by itself, and both must
    pass: an IoU against labels and one against FP32 are no numbers of one kind.
    """

    metric: Metric
    """What is measured."""
    pooled: tuple[Pooled, ...]
    """Scenes with labels, then those without; one of them or both."""
    scenes: tuple[SceneVerdict, ...]
    """Each scene, in the order given."""

    @property
    def deciding(self) -> Pooled:
        """The one that loses most, the first of equals: its numbers stand for the verdict."""
        return max(self.pooled, key=lambda one: one.drop)

    @property
    def fp32(self) -> float:
        """Mean over the classes, of FP32."""
        return self.deciding.fp32

    @property
    def candidate(self) -> float:
        """Mean over the classes, of the candidate."""
        return self.deciding.candidate

    @property
    def drop(self) -> float:
        """What the candidate loses in the task's metric; below 0 where it is better."""
        return self.deciding.drop

    @property
    def worst(self) -> ClassVerdict:
        """The class that loses most."""
        return max((one.worst for one in self.pooled), key=lambda one: one.drop or 0.0)

    def passes(self, max_drop: float) -> bool:
        """Tell whether a candidate may ship that may lose `max_drop`."""
        return not self.broken_rules(max_drop)

    def broken_rules(self, max_drop: float) -> tuple[str, ...]:
        """Say which rules are broken, each with its numbers; nothing where all are kept.

        The mean loses at most `max_drop`; no class loses more than `CLASS_TIMES` of it; no class
        that FP32 finds vanishes.
        """
        found = [rule for one in self.pooled for rule in _broken(one, self.metric, max_drop)]
        return tuple(found)


def area_error_ha(score: ClassScore) -> float | None:
    """Give what was found of a class beyond the truth, in ha; None without a place on Earth."""
    if score.found_ha is None or score.truth_ha is None:
        return None
    return score.found_ha - score.truth_ha


def _broken(pooled: Pooled, metric: Metric, max_drop: float) -> Sequence[str]:
    """Say which rules one kind of scenes breaks."""
    rules = []
    if pooled.drop > max_drop + ROUNDING:
        rules.append(f"{metric.name} drops by {pooled.drop:.4f}, {max_drop:g} is allowed")
    for one in pooled.classes:
        if one.has_vanished:
            rules.append(
                f"class {one.name}{one.support} has vanished: IoU {one.fp32.iou:.3f} → "
                f"{one.candidate.iou:.3f}"
            )
        elif (one.drop or 0.0) > CLASS_TIMES * max_drop + ROUNDING:
            rules.append(
                f"class {one.name}{one.support} drops by {one.drop:.4f}, "
                f"{CLASS_TIMES} × {max_drop:g} is allowed"
            )
    return rules
