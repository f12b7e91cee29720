"""What judging a candidate against FP32 on whole scenes gave, and the rule for passing."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from edgers.calibration.metrics.registry import Metric
from edgers.calibration.metrics.scores import ClassScore, Score, Told, ValueScore

Truth = Literal["labels", "fp32"]
"""What both are held against: labels, or, without them, what FP32 gave."""

CLASS_TIMES = 5
"""A class, or value, may lose this many times what the mean may. Up to five classes the mean allows
no more anyway; of twenty, one could lose twenty times the limit and the mean would not show it."""

FOUND_AT_ALL = 0.01
"""Score from which FP32 is said to find a class; below it there is nothing to lose."""

VANISHED_SHARE = 0.1
"""A class has vanished where less than this share of FP32's score is left, whatever may be lost."""

FEW = 100
"""Below this many pixels of truth one pixel is more than a point of IoU, and so with objects: it is
said, and judged all the same. A class that is not judged could vanish unseen."""

ROUNDING = 1e-9
"""0.741 − 0.731 is a little more than 0.01 in floating point, and fits into a limit of 0.01."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PartVerdict:
    """One class (or group of classes), or one value, over all scenes that are pooled."""

    metric: Metric
    """What is measured."""
    fp32: Score
    """How well FP32 finds it."""
    candidate: Score
    """How well the candidate finds it."""

    @property
    def name(self) -> str:
        """Name of the class, or value."""
        return self.fp32.name

    @property
    def title(self) -> str:
        """What it is, and its name, with how little the truth has of it."""
        return f"{self.metric.part} {self.name}{self.support}"

    @property
    def measure(self) -> str:
        """Name of what it is judged by."""
        return self.fp32.measure if isinstance(self.fp32, ValueScore) else self.metric.of_part

    @property
    def constant(self) -> float | None:
        """The truth, where it is a value that is the same everywhere; None elsewhere."""
        return self.fp32.constant if isinstance(self.fp32, ValueScore) else None

    @property
    def drop(self) -> float | None:
        """What is lost; None where the truth has none of it."""
        if self.fp32.value is None or self.candidate.value is None:
            return None
        return self.fp32.value - self.candidate.value

    @property
    def has_vanished(self) -> bool:
        """Tell whether FP32 finds it and the candidate hardly does."""
        here, there = self.fp32.value or 0.0, self.candidate.value or 0.0
        return here >= FOUND_AT_ALL and there < VANISHED_SHARE * here

    @property
    def strangers(self) -> int:
        """Count what the candidate finds of it beyond FP32 where the truth has nothing of it."""
        if not self.metric.minds_strangers or self.fp32.counts[0]:
            return 0
        return max(0, self.candidate.counts[1] - self.fp32.counts[1])

    def is_off(self, max_drop: float) -> bool:
        """Tell whether a value that is the same everywhere is off by more than a share of it.

        It has no variance, and so no R². FP32 may be off itself, where labels say what is true.
        """
        here, there = self.fp32, self.candidate
        if not (isinstance(here, ValueScore) and isinstance(there, ValueScore)):
            return False
        if here.constant is None:
            return False
        if there.rmse is None:
            return here.rmse is not None
        return there.rmse > (here.rmse or 0.0) + max_drop * abs(here.constant) + ROUNDING

    @property
    def support(self) -> str:
        """Say that the truth has little of it; empty where it has enough."""
        count = self.fp32.counts[0]
        return f" (only {count} {self.metric.counted} of truth)" if count < FEW else ""

    @property
    def area_error_ha(self) -> float | None:
        """What the candidate finds of it beyond the truth, in ha; None without a place on Earth."""
        return area_error_ha(self.candidate)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pooled:
    """All scenes that are held against one kind of truth, as one: what they count is added up."""

    truth: Truth
    """What both are held against."""
    scenes: int
    """How many scenes."""
    parts: tuple[PartVerdict, ...]
    """Each class, or value, in the order of the model's."""
    told: tuple[tuple[Told, Told], ...] = ()
    """What is known of all parts together, of FP32 and of the candidate."""

    @property
    def fp32(self) -> float:
        """Mean over the parts, of FP32."""
        return mean_of([one.fp32 for one in self.parts], self.metric) or 0.0

    @property
    def candidate(self) -> float:
        """Mean over the parts, of the candidate."""
        return mean_of([one.candidate for one in self.parts], self.metric) or 0.0

    @property
    def metric(self) -> Metric:
        """What is measured."""
        return self.parts[0].metric

    @property
    def drop(self) -> float:
        """What the candidate loses; below 0 where it is better."""
        return self.fp32 - self.candidate

    @property
    def worst(self) -> PartVerdict:
        """The part that loses most, the first of equals."""
        return max(self.parts, key=_lost)


@dataclass(frozen=True, slots=True, kw_only=True)
class SceneVerdict:
    """One scene by itself."""

    scene: str
    """File or folder name."""
    sha256: str
    """Over its files, as in the products of a run."""
    truth: Truth
    """What both are held against."""
    counted: int
    """Pixels with truth and data, true objects, or rows."""
    fp32: float | None
    """Mean over the parts the truth has, of FP32; None where the truth has none."""
    candidate: float | None
    """The same of the candidate."""
    failure: str = ""
    """Why the candidate gave no product: it missed everything."""

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

    pooled: tuple[Pooled, ...]
    """Scenes with labels, then those without; one of them or both."""
    scenes: tuple[SceneVerdict, ...]
    """Each scene, in the order given."""

    @property
    def metric(self) -> Metric:
        """What is measured."""
        return self.pooled[0].metric

    @property
    def deciding(self) -> Pooled:
        """The one that loses most, the first of equals: its numbers stand for the verdict."""
        return max(self.pooled, key=lambda one: one.drop)

    @property
    def fp32(self) -> float:
        """Mean over the parts, of FP32."""
        return self.deciding.fp32

    @property
    def candidate(self) -> float:
        """Mean over the parts, of the candidate."""
        return self.deciding.candidate

    @property
    def drop(self) -> float:
        """What the candidate loses in the metric; below 0 where it is better."""
        return self.deciding.drop

    @property
    def worst(self) -> PartVerdict:
        """The part that loses most."""
        return max((one.worst for one in self.pooled), key=lambda one: one.drop or 0.0)

    def passes(self, max_drop: float) -> bool:
        """Tell whether a candidate may ship that may lose `max_drop`."""
        return not self.broken_rules(max_drop)

    def broken_rules(self, max_drop: float) -> tuple[str, ...]:
        """Say which rules are broken, each with its numbers; nothing where all are kept.

        The mean loses at most `max_drop`; no part loses more than `CLASS_TIMES` of it; none that
        FP32 finds vanishes; and of what the truth has not, no more is found than `max_drop` of all
        it has.
        """
        found = [rule for one in self.pooled for rule in _broken(one, max_drop)]
        return tuple(found)


def area_error_ha(score: Score) -> float | None:
    """Give what was found of a class beyond the truth, in ha; None without a place on Earth."""
    if not isinstance(score, ClassScore) or score.found_ha is None or score.truth_ha is None:
        return None
    return score.found_ha - score.truth_ha


def mean_of(scores: Sequence[Score], metric: Metric) -> float | None:
    """Give the mean over the parts the truth has; None where it has none.

    A class that is found where the truth has none of it lowers the scores of those it took pixels
    from; it has no score of its own.
    """
    known = [(one.value, one.counts[0] if metric.is_weighed else 1) for one in scores
             if one.value is not None]  # fmt: skip
    weight = sum(share for _, share in known)
    return sum(value * share for value, share in known) / weight if weight else None


def _lost(one: PartVerdict) -> float:
    return -1.0 if one.drop is None else one.drop


def _rmse(score: Score) -> str:
    rmse = score.rmse if isinstance(score, ValueScore) else None
    return "no number" if rmse is None else f"{rmse:.4g}"


def _broken(pooled: Pooled, max_drop: float) -> Sequence[str]:
    """Say which rules one kind of scenes breaks."""
    rules, metric = [], pooled.metric
    if pooled.drop > max_drop + ROUNDING:
        rules.append(f"{metric.name} drops by {pooled.drop:.4f}, {max_drop:g} is allowed")
    total = sum(one.fp32.counts[0] for one in pooled.parts)
    for one in pooled.parts:
        if one.has_vanished:
            rules.append(
                f"{one.title} has vanished: {one.measure} {one.fp32.value:.3f} → "
                f"{one.candidate.value:.3f}"
            )
        elif (one.drop or 0.0) > CLASS_TIMES * max_drop + ROUNDING:
            rules.append(
                f"{one.title} drops by {one.drop:.4f}, {CLASS_TIMES} × {max_drop:g} is allowed"
            )
        elif one.is_off(max_drop):
            rules.append(
                f"{one.title} is {one.constant:.4g} everywhere, and off by {_rmse(one.candidate)}: "
                f"{max_drop:g} of it is allowed beyond fp32's {_rmse(one.fp32)}"
            )
        elif one.strangers > max_drop * total:
            rules.append(
                f"{metric.part} {one.name} is not in the truth: {one.candidate.counts[1]} "
                f"{metric.counted} found, fp32 finds {one.fp32.counts[1]}"
            )
    return rules
