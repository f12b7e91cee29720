"""Non-maximum suppression of oriented boxes: exact, greedy, and the same in every form."""

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from builders.boxes import NOT_FINITE, box_lists, scene_of_boxes, shapely_iou
from builders.cuda_simulator import launch
from hypothesis import given, settings
from hypothesis import strategies as st

from edgers.errors import BadInputError
from edgers.kernels.boxes import Boxes
from edgers.kernels.cpu.rotated_nms import rotated_nms
from edgers.kernels.cuda.rotated_nms import rotated_nms_mask
from edgers.kernels.reference.rotated_nms import rotated_nms as reference
from edgers.kernels.suppression import ranked_boxes

FORMS = pytest.mark.parametrize("form", [reference, rotated_nms])
ROW = np.array(
    [[0, 0, 4, 2, 0], [1, 0, 4, 2, 0], [2, 0, 4, 2, 0], [3, 0, 4, 2, 0], [9, 9, 4, 2, 0]],
    np.float32,
)
"""Neighbours share 3/5 of their union, the next ones 1/3, the ones after that 1/7."""


def scored(count: int, seed: int = 0) -> Any:
    return np.random.default_rng(seed).random(count).astype(np.float32)


@FORMS
@pytest.mark.parametrize(
    ("threshold", "expected"),
    [(0.7, [2, 0, 1, 4, 3]), (0.5, [2, 0, 4]), (1 / 3, [2, 0, 4]), (0.3, [2, 4]), (0, [2, 4])],
)
def test_a_row_of_boxes(form: Any, threshold: float, expected: list[int]) -> None:
    scores = np.array([0.8, 0.7, 0.9, 0.1, 0.2], np.float32)
    found = form(ROW, scores, threshold)
    assert found.tolist() == expected
    assert found.dtype == np.int64


@FORMS
def test_a_box_put_out_puts_out_nothing(form: Any) -> None:
    assert form(ROW, np.array([5, 4, 3, 2, 1.0]), 0.5).tolist() == [0, 2, 4]


@FORMS
def test_equal_scores_keep_the_order_given(form: Any) -> None:
    assert form(ROW, np.ones(5, np.float32), 0.5).tolist() == [0, 2, 4]
    assert form(ROW[::-1].copy(), np.ones(5, np.float32), 0.5).tolist() == [0, 1, 3]


@FORMS
@pytest.mark.parametrize("kind", [np.float32, np.float64])
def test_scores_of_any_sign_are_put_in_order(form: Any, kind: type[np.floating]) -> None:
    apart = ROW[[4] * 9] + np.arange(9, dtype=np.float32)[:, None] * (50, 0, 0, 0, 0)
    scores = np.array([-0.0, -1, 2, 0.0, -np.inf, np.inf, -1, 1e-45, -3e38], kind)
    expected = [5, 2, 7, 0, 3, 1, 6, 8, 4]
    assert form(apart.astype(np.float32), scores, 0.5).tolist() == expected


@FORMS
def test_equal_boxes_overlap_by_no_more_than_1(form: Any) -> None:
    boxes = scene_of_boxes(np.random.default_rng(8), 60, side=1e4)
    assert len(form(np.repeat(boxes, 2, axis=0), np.ones(120), 1)) == 120


@pytest.mark.parametrize("angle", [0, np.pi / 2])
def test_long_boxes_that_meet_only_at_their_ends(angle: float) -> None:
    """The farthest two boxes of a size can be from each other, in every place of the cells."""
    places = np.random.default_rng(9).uniform(0, 5e3, (250, 2)).round()
    along = np.array([np.cos(angle), np.sin(angle)]).round()
    ends = np.concatenate([places, places + 62 * along])
    boxes = np.column_stack([ends, np.tile([63, 1, angle], (500, 1))]).astype(np.float32)
    scores = -np.arange(500.0)
    kept = rotated_nms(boxes, scores, 0.0)
    np.testing.assert_array_equal(kept, reference(boxes, scores, 0.0))
    assert not np.isin(kept[kept >= 250] - 250, kept).any()


@FORMS
def test_classes_do_not_touch_each_other(form: Any) -> None:
    classes = np.array([0, 1, 0, 1, 0])
    assert form(ROW, np.arange(5.0), 0.5, classes=classes).tolist() == [4, 3, 2, 1, 0]
    assert form(ROW, np.arange(5.0), 0.3, classes=classes).tolist() == [4, 3, 2]
    large = classes.astype(np.uint64) * 2**62 * 3
    assert form(ROW, np.arange(5.0), 0.3, classes=large).tolist() == [4, 3, 2]


@FORMS
@pytest.mark.parametrize(("most", "expected"), [(0, []), (1, [4]), (2, [4, 3]), (99, [4, 3, 1])])
def test_no_more_boxes_than_asked_for(form: Any, most: int, expected: list[int]) -> None:
    assert form(ROW, np.arange(5.0), 0.5, max_boxes=most).tolist() == expected


@FORMS
@pytest.mark.parametrize("column", range(5))
@pytest.mark.parametrize("value", NOT_FINITE)
def test_a_box_that_is_nowhere_is_never_kept(form: Any, column: int, value: float) -> None:
    boxes = ROW.copy()
    boxes[4, column] = value
    assert form(boxes, np.arange(5.0), 0.5).tolist() == [3, 1]


@FORMS
def test_scores_that_are_no_numbers_and_boxes_without_an_area(form: Any) -> None:
    scores = np.array([np.nan, -np.inf, np.inf, 1, -np.nan], np.float32)
    assert form(ROW, scores, 0.7).tolist() == [2, 3, 1]
    flat = np.concatenate([ROW[:2], ROW[:2]])
    flat[:2, 3] = 0
    assert form(flat, np.array([4, 3, 2, 1.0]), 0).tolist() == [0, 1, 2]


@FORMS
def test_nothing_of_nothing(form: Any) -> None:
    assert form(np.zeros((0, 5), np.float32), np.zeros(0, np.float32), 0.5).shape == (0,)


@settings(max_examples=200, deadline=None)
@given(box_lists(most=12), st.sampled_from([0.0, 0.1, 1 / 3, 0.5, 0.6, 1.0]), st.data())
def test_both_forms_keep_the_same(boxes: Boxes, threshold: float, data: st.DataObject) -> None:
    count = len(boxes)
    score = st.sampled_from([0.5, 1.0, 0.0, -0.0, np.nan, np.inf]) | st.floats(-1, 1, width=32)
    kind = data.draw(st.sampled_from([np.float16, np.float32, np.float64]))
    scores = np.array(data.draw(st.lists(score, min_size=count, max_size=count)), kind)
    classes = data.draw(st.none() | st.just(np.arange(count, dtype=np.int32) % 2))
    most = data.draw(st.none() | st.integers(0, count))
    chosen = {"classes": classes, "max_boxes": most}
    before = boxes.copy()
    expected = reference(boxes, scores, threshold, **chosen)
    np.testing.assert_array_equal(rotated_nms(boxes, scores, threshold, **chosen), expected)
    np.testing.assert_array_equal(boxes, before)


def mixed_sizes(random: np.random.Generator, count: int) -> Boxes:
    boxes = scene_of_boxes(random, count, side=500)
    boxes[:, 2:4] *= 10 ** random.uniform(-3, 2, (count, 1)).astype(np.float32)
    boxes[::7, 3] = boxes[::7, 2] / 500
    return boxes


def far_and_wide(random: np.random.Generator, count: int) -> Boxes:
    boxes = scene_of_boxes(random, count // 2, side=10)
    scale = 10 ** random.uniform(-36, 36, (2, len(boxes), 1))
    boxes[:, :2] *= scale[0].astype(np.float32)
    boxes[:, 2:4] *= scale[1].astype(np.float32)
    twins = boxes * np.array([1, 1, 1.25, 0.75, 1], np.float32)
    return np.concatenate([boxes, twins])


def on_whole_numbers(random: np.random.Generator, count: int) -> Boxes:
    boxes = scene_of_boxes(random, count, side=60).round()
    boxes[:, 2:4] = random.choice([8, 12, 16], (count, 2))
    boxes[:, 4] = 0
    return boxes


SCENES = {
    "spread": lambda random, count: scene_of_boxes(random, count, side=600),
    "crowded": lambda random, count: scene_of_boxes(random, count, side=300, objects=30),
    "whole numbers": on_whole_numbers,
    "sizes from a hundredth of a pixel on": mixed_sizes,
    "as far as float32 goes": far_and_wide,
}


@pytest.mark.parametrize("name", SCENES)
@pytest.mark.parametrize("threshold", [0, 0.1, 1 / 3, 0.5])
def test_scenes_of_many_boxes(name: str, threshold: float) -> None:
    boxes = SCENES[name](np.random.default_rng(3), 250)
    scores = scored(len(boxes)).round(2)
    classes = np.arange(len(boxes)) % 3
    for chosen in ({}, {"classes": classes}, {"max_boxes": 20}):
        expected = reference(boxes, scores, threshold, **chosen)
        np.testing.assert_array_equal(rotated_nms(boxes, scores, threshold, **chosen), expected)


@pytest.mark.parametrize("threshold", [0.1, 0.4])
def test_what_is_kept_and_what_is_not(threshold: float) -> None:
    boxes = scene_of_boxes(np.random.default_rng(4), 1500, side=700, objects=150)
    scores = scored(1500)
    kept = rotated_nms(boxes, scores, threshold)
    overlaps = shapely_iou(boxes[kept], boxes)
    among = overlaps[:, kept] - np.eye(len(kept))
    assert among.max() <= threshold + 1e-9
    others = np.setdiff1d(np.arange(1500), kept)
    is_better = scores[kept][:, None] >= scores[others]
    assert ((overlaps[:, others] > threshold - 1e-9) & is_better).any(axis=0).all()
    assert (np.diff(scores[kept]) <= 0).all()


def kept_by_opencv(cv2: Any, boxes: Boxes, scores: Any, threshold: float) -> list[int]:
    """Go through the boxes with OpenCV's intersection.

    Its `dnn.NMSBoxesRotated` counts a box within another as the same, however small (as of 5.0).
    """
    rotated = [((float(x), float(y)), (float(w), float(h)), float(np.degrees(a)))
               for x, y, w, h, a in boxes]  # fmt: skip
    kept: list[int] = []
    for i in np.argsort(-scores, kind="stable").tolist():
        for k in kept:
            if np.hypot(*(boxes[i, :2] - boxes[k, :2])) > 80:
                continue
            _, points = cv2.rotatedRectangleIntersection(rotated[k], rotated[i])
            shared = 0 if points is None else cv2.contourArea(cv2.convexHull(points))
            both = boxes[i, 2] * boxes[i, 3] + boxes[k, 2] * boxes[k, 3]
            if shared / (both - shared) > threshold:
                break
        else:
            kept.append(i)
    return kept


@pytest.mark.parametrize("objects", [None, 60])
def test_opencv_keeps_the_same(objects: int | None) -> None:
    cv2 = pytest.importorskip("cv2")
    boxes = scene_of_boxes(np.random.default_rng(6), 400, side=400, objects=objects)
    scores = scored(400)
    # OpenCV computes in float32: a threshold that no overlap is near.
    overlaps = np.unique(shapely_iou(boxes, boxes))
    overlaps = overlaps[(overlaps > 0.2) & (overlaps < 0.4)]
    at = np.diff(overlaps).argmax()
    threshold = float(overlaps[at : at + 2].mean())
    assert rotated_nms(boxes, scores, threshold).tolist() == kept_by_opencv(
        cv2, boxes, scores, threshold
    )


def kept_by_mask(boxes: Boxes, scores: Any, threshold: float, classes: Any) -> list[int]:
    """Sort, fill the mask on the device, and go through its rows."""
    ranked = ranked_boxes(boxes, scores)
    count, words = len(ranked), (len(ranked) + 31) // 32
    mask = np.full(count * words, 0xFFFFFFFF, np.uint32)
    launch(
        rotated_nms_mask, count * words, boxes[ranked].ravel(), classes[ranked],
        np.float32(threshold), mask, count, words,
    )  # fmt: skip
    seen, kept = np.zeros(words, np.uint32), []
    rows: npt.NDArray[np.uint32] = mask.reshape(count, words)
    for i in range(count):
        # A bit for itself or an earlier box would be wrong.
        assert all(not rows[i, c // 32] >> np.uint32(c % 32) & 1 for c in range(i + 1))
        if not seen[i // 32] >> np.uint32(i % 32) & 1:
            kept.append(int(ranked[i]))
            seen |= rows[i]
    return kept


@pytest.mark.parametrize("count", [1, 31, 32, 33, 70])
@pytest.mark.parametrize("kinds", [1, 2])
def test_the_mask_of_the_device_form(count: int, kinds: int) -> None:
    boxes = scene_of_boxes(np.random.default_rng(count), count, side=90, objects=9)
    boxes[count // 2, 3] = 0
    # Sides below 0, which multiply to an area above 0, make no box either.
    boxes[-1] = boxes[0] * (1, 1, -1, -1, 1)
    scores = scored(count)
    scores[count // 3 :: 11] = np.nan
    classes = (np.arange(count) % kinds).astype(np.int32)
    expected = reference(boxes, scores, 0.3, classes=classes)
    assert kept_by_mask(boxes, scores, 0.3, classes) == expected.tolist()


def test_the_mask_of_equal_boxes_has_every_later_one() -> None:
    count, words = 70, 3
    mask = np.zeros(count * words, np.uint32)
    boxes, classes = ROW[[0] * count].ravel(), np.zeros(count, np.int32)
    launch(rotated_nms_mask, mask.size, boxes, classes, np.float32(0.5), mask, count, words)
    bits = np.unpackbits(mask.view(np.uint8), bitorder="little").reshape(count, 32 * words)
    np.testing.assert_array_equal(bits[:, :count], np.triu(np.ones((count, count)), 1))
    assert not bits[:, count:].any()


GOOD = {"boxes": ROW, "scores": np.ones(5), "iou_threshold": 0.5}


@FORMS
@pytest.mark.parametrize(
    ("bad", "words"),
    [
        ({"boxes": ROW.astype(float)}, "float32 \\(box, 5\\)"),
        ({"scores": np.ones(4)}, "one for each box"),
        ({"scores": np.ones(5, int)}, "scores are floating numbers"),
        ({"classes": np.ones(5)}, "classes are integer numbers"),
        ({"classes": np.ones((5, 1), int)}, "one for each box"),
        ({"iou_threshold": 1.5}, "from 0 to 1"),
        ({"iou_threshold": np.nan}, "from 0 to 1"),
        ({"max_boxes": -1}, "from 0 up"),
    ],
)
def test_what_does_not_fit_is_refused(form: Any, bad: dict[str, Any], words: str) -> None:
    with pytest.raises(BadInputError, match=words):
        form(**{**GOOD, **bad})
