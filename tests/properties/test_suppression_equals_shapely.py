"""Suppression of turned boxes keeps what another implementation of overlaps keeps, set by set."""

import numpy as np
from builders.boxes import shapely_iou

from edgers.kernels.boxes import Boxes
from edgers.kernels.cpu.rotated_nms import rotated_nms

SETS = 10_000
MOST = 7
THRESHOLD = 0.4
UNSURE = 1e-6
"""Overlaps this near to the threshold are decided by rounding; a set with one says nothing."""


def boxes_of_sets(random: np.random.Generator) -> Boxes:
    """Give sets of boxes, (set, box, 5), an eighth of each sort.

    Anywhere, also beyond the image; two identical; two that touch along a side; one without a
    width; one of a negative height; one that is nowhere; far from the origin; along the axes.
    """
    shape = (SETS, MOST)
    boxes = np.stack([
        random.uniform(-20, 60, shape), random.uniform(-20, 60, shape),
        random.uniform(4, 40, shape), random.uniform(4, 30, shape),
        random.uniform(-np.pi, np.pi, shape),
    ], axis=-1)  # fmt: skip
    sort = random.integers(0, 8, shape[0])
    boxes[sort == 1, 1] = boxes[sort == 1, 0]
    # Side by side without a gap, and end to end.
    beside = sort == 2
    along = np.stack([np.cos(boxes[:, 0, 4]), np.sin(boxes[:, 0, 4])], axis=1)
    boxes[beside, 1] = boxes[beside, 0]
    boxes[beside, 1, :2] += (along * boxes[:, 0, 2:3])[beside]
    boxes[sort == 3, 2, 2] = 0
    boxes[sort == 4, 3, 3] = -1
    boxes[sort == 5, 4, 0] = np.nan
    boxes[sort == 6, :, :2] += 1e5
    boxes[sort == 7, :, 4] = np.rint(boxes[sort == 7, :, 4] / (np.pi / 2)) * (np.pi / 2)
    return boxes.astype(np.float32)


def kept_of(overlaps: np.ndarray, order: np.ndarray, groups: np.ndarray) -> list[int]:
    kept: list[int] = []
    for i in order.tolist():
        if all(groups[i] != groups[k] or overlaps[i, k] <= THRESHOLD for k in kept):
            kept.append(i)
    return kept


def test_ten_thousand_sets_keep_what_shapely_keeps() -> None:
    random = np.random.default_rng(5)
    sets = boxes_of_sets(random)
    scores = random.uniform(0, 1, sets.shape[:2]).astype(np.float32)
    groups = random.integers(0, 2, sets.shape[:2])
    usable = np.isfinite(sets).all(axis=2)
    sized = usable & (sets[..., 2:4] > 0).all(axis=2)
    compared = 0
    safe = np.where(sized[..., None], sets, np.float32([0, 0, 1, 1, 0]))
    for i in range(SETS):
        overlaps = shapely_iou(safe[i], safe[i])
        # What has no area overlaps nothing.
        overlaps[~sized[i]] = overlaps[:, ~sized[i]] = 0
        if (abs(overlaps - THRESHOLD) < UNSURE).any():
            continue
        compared += 1
        order = [k for k in np.argsort(-scores[i], kind="stable") if usable[i, k]]
        by_class = i % 2 == 1
        expected = kept_of(
            overlaps, np.array(order), groups[i] if by_class else np.zeros(MOST)
        )  # fmt: skip
        found = rotated_nms(
            sets[i], scores[i], THRESHOLD, classes=groups[i] if by_class else None
        )  # fmt: skip
        assert found.tolist() == expected, i
    assert compared > 0.99 * SETS
