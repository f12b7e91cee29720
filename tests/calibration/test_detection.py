"""Average precision, held against COCO's procedure written out box by box."""

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from builders.boxes import scene_of_boxes, shapely_iou
from hypothesis import given, settings
from hypothesis import strategies as st

from edgers.calibration.metrics.detection import (
    SCORE_STEPS,
    THRESHOLDS,
    DetectionMetric,
    ScoredBoxes,
    boxes_from_upright,
)
from edgers.kernels.boxes import Boxes

NAMES = ("harbor", "ship")


def image(seed: int, *, is_upright: bool = False) -> tuple[ScoredBoxes, ScoredBoxes]:
    """Give true and found boxes; no two scores of a class are the same."""
    random = np.random.default_rng(seed)
    truth = scene_of_boxes(random, 20, side=300)
    found = np.concatenate([truth[:15], scene_of_boxes(random, 10, side=300)])
    found[:, :4] += random.normal(0, 2, (len(found), 4)).astype(np.float32)
    if is_upright:
        truth[:, 4] = found[:, 4] = 0
    scores = (random.permutation(60_000)[: len(found)] + 1) / SCORE_STEPS
    return (
        ScoredBoxes(boxes=truth, classes=np.arange(20) % 2, scores=np.ones(20)),
        ScoredBoxes(boxes=found, classes=np.arange(25) % 2, scores=scores),
    )


def coco_ap(images: list[tuple[ScoredBoxes, ScoredBoxes]], which: int, threshold: float) -> float:
    """Work out average precision as pycocotools does, one box after the other."""
    scored: list[tuple[float, bool]] = []
    truths = 0
    for truth, found in images:
        true_boxes = truth.boxes[truth.classes == which]
        mine = found.classes == which
        boxes, scores = found.boxes[mine], found.scores[mine]
        truths += len(true_boxes)
        taken: set[int] = set()
        overlaps = shapely_iou(boxes, true_boxes)
        for box in np.argsort(-scores):
            free = [i for i in range(len(true_boxes)) if i not in taken]
            best = max(free, key=lambda i: overlaps[box, i], default=None)
            is_right = best is not None and bool(overlaps[box, best] >= threshold)
            if is_right:
                taken.add(int(best or 0))
            scored.append((float(scores[box]), is_right))
    scored.sort(reverse=True)
    right = np.cumsum([one for _, one in scored])
    recall, precision = right / truths, right / np.arange(1, len(scored) + 1)
    total = 0.0
    for wanted in np.linspace(0, 1, 101):
        total += max(precision[recall >= wanted], default=0.0)
    return total / 101


@pytest.mark.parametrize("is_upright", [False, True])
def test_average_precision_is_that_of_coco(is_upright: bool) -> None:
    images = [image(seed, is_upright=is_upright) for seed in range(3)]
    metric = DetectionMetric(NAMES)
    for truth, found in images:
        metric.add(truth, found)
    for which, score in enumerate(metric.scores()):
        wanted = [coco_ap(images, which, threshold) for threshold in THRESHOLDS]
        assert score.ap50 == pytest.approx(wanted[0], abs=1e-9)
        assert score.ap == pytest.approx(np.mean(wanted), abs=1e-9)
        assert 0 < (score.ap or 0) < 1
        assert (score.truth, score.found) == (30, 39 if which == 0 else 36)


@settings(deadline=None, max_examples=20)
@given(turn=st.permutations(range(4)), cut=st.integers(0, 4))
def test_images_may_come_in_any_order(turn: list[int], cut: int) -> None:
    whole, first, second = (DetectionMetric(NAMES) for _ in range(3))
    for seed in range(4):
        whole.add(*image(seed))
    for metric, seeds in ((first, turn[:cut]), (second, turn[cut:])):
        for seed in seeds:
            metric.add(*image(seed))
    first.merge(second)
    assert first.scores() == whole.scores()


def boxes_of(*corners: tuple[float, float, float, float]) -> Boxes:
    return boxes_from_upright(np.array(corners, float).reshape(-1, 4))


def scored(boxes: Boxes, scores: npt.ArrayLike) -> ScoredBoxes:
    values: Any = np.asarray(scores, float)
    return ScoredBoxes(boxes=boxes, classes=np.zeros(len(boxes), int), scores=values)


def test_a_true_box_is_found_once() -> None:
    truth = scored(boxes_of((0, 0, 10, 10), (20, 0, 30, 10)), [1, 1])
    found = scored(boxes_of((0, 0, 10, 10), (0, 0, 10, 10)), [0.9, 0.8])
    metric = DetectionMetric(("ship",))
    metric.add(truth, found)
    # Half is found without an error: recalls 0.00 to 0.50 of 101.
    assert metric.scores()[0].ap50 == pytest.approx(51 / 101)


def test_without_true_boxes_there_is_no_score() -> None:
    metric = DetectionMetric(("ship",))
    metric.add(scored(boxes_of(), []), scored(boxes_of((0, 0, 5, 5)), [0.5]))
    (score,) = metric.scores()
    assert (score.ap50, score.ap, score.found) == (None, None, 1)


def test_nothing_found_is_zero() -> None:
    metric = DetectionMetric(("ship",))
    metric.add(scored(boxes_of((0, 0, 5, 5)), [1]), scored(boxes_of(), []))
    assert metric.scores()[0].ap == 0
