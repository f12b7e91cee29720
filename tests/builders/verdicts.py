"""Verdicts without scenes: what is said of IoUs that are given."""

from collections.abc import Mapping

from edgers.calibration.metrics.registry import MEAN_IOU
from edgers.calibration.metrics.scores import ClassScore
from edgers.calibration.verdict import PartVerdict, Pooled, SceneVerdict, Truth, Verdict


def class_score(name: str, iou: float | None, **fields: float) -> ClassScore:
    """Give a score of a class; its F1 follows from the IoU."""
    numbers = {"truth_px": 1000 if iou is not None else 0, "found_px": 900, **fields}
    f1 = None if iou is None else 2 * iou / (1 + iou)
    return ClassScore(
        name=name, iou=iou, f1=f1, truth_ha=10.0, found_ha=9.0,
        truth_px=int(numbers["truth_px"]), found_px=int(numbers["found_px"]),
    )  # fmt: skip


def pooled_of(
    ious: Mapping[str, tuple[float | None, float | None]], truth: Truth = "labels"
) -> Pooled:
    """Give pooled scores from the IoUs of FP32 and the candidate by class."""
    classes = tuple(
        PartVerdict(
            metric=MEAN_IOU, fp32=class_score(name, one), candidate=class_score(name, other)
        )
        for name, (one, other) in ious.items()
    )
    return Pooled(truth=truth, scenes=1, parts=classes)


def verdict_of(*pooled: Pooled) -> Verdict:
    """Give a verdict on one scene a kind of truth."""
    scenes = tuple(
        SceneVerdict(
            scene=f"{one.truth}.tif", sha256="ab", truth=one.truth, counted=1000,
            fp32=one.fp32, candidate=one.candidate,
        )
        for one in pooled
    )  # fmt: skip
    return Verdict(pooled=pooled, scenes=scenes)


def verdict_that_drops(drop: float) -> Verdict:
    """Give a verdict of two classes that both lose as much."""
    return verdict_of(pooled_of({"land": (0.9, 0.9 - drop), "water": (0.8, 0.8 - drop)}))
