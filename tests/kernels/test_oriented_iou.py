"""Overlaps of oriented boxes: those of shapely, and the same in every form."""

from concurrent.futures import ThreadPoolExecutor
from itertools import product
from typing import Any

import numpy as np
import pytest
from builders.boxes import NOT_FINITE, box_lists, scene_of_boxes, shapely_iou
from builders.cuda_simulator import launch
from hypothesis import given, settings
from hypothesis import strategies as st

from edgers.errors import BadInputError
from edgers.kernels.boxes import Boxes, boxes_from_corners, corners_from_boxes
from edgers.kernels.cpu.oriented_iou import AT_ONCE, oriented_iou
from edgers.kernels.cuda.oriented_iou import oriented_iou as on_device
from edgers.kernels.reference.oriented_iou import oriented_iou as reference

FORMS = pytest.mark.parametrize("form", [reference, oriented_iou])
ROUNDING = 2e-7
"""A result near 1 is rounded to 6e-8, and coordinates near 1e5 are rounded by shapely to 1e-11."""


def box(*numbers: float) -> Boxes:
    return np.array([numbers], np.float32)


def iou_on_device(a: Boxes, b: Boxes) -> Any:
    out = np.full(len(a) * len(b), np.nan, np.float32)
    launch(on_device, out.size, a.ravel(), b.ravel(), out, len(a), len(b))
    return out.reshape(len(a), len(b))


KNOWN = {
    "the same": ((0, 0, 4, 2, 0.7), (0, 0, 4, 2, 0.7), 1.0),
    "half of each": ((0, 0, 4, 2, 0), (2, 0, 4, 2, 0), 1 / 3),
    "a square turned by an eighth": ((5, 5, 2, 2, 0), (5, 5, 2, 2, np.pi / 4), 1 / np.sqrt(2)),
    "a cross of thin boxes": ((0, 0, 10, 1, 0), (0, 0, 10, 1, np.pi / 2), 1 / 19),
    "width and height changed over": ((0, 0, 4, 2, 0.3), (0, 0, 2, 4, 0.3 - np.pi / 2), 1.0),
    "one within the other": ((0, 0, 8, 8, 0.4), (1, 1, 2, 1, 1.1), 2 / 64),
    "little but the corners": ((0, 0, 4, 4, 0), (3.5, 3.5, 4, 4, 0), 0.25 / 31.75),
    "side by side": ((0, 0, 4, 2, 0), (4, 0, 4, 2, 0), 0.0),
    "corner to corner": ((0, 0, 4, 2, 0), (4, 2, 4, 2, 0), 0.0),
    "apart": ((0, 0, 4, 2, 0.2), (9, 9, 4, 2, 0.2), 0.0),
    "bounds meet, boxes do not": ((0, 0, 10, 1, np.pi / 4), (4, -4, 4, 1, np.pi / 4), 0.0),
}


@pytest.mark.parametrize("offset", [0, 1e5])
@pytest.mark.parametrize("form", [reference, oriented_iou, iou_on_device])
@pytest.mark.parametrize("name", KNOWN)
def test_known_overlaps_wherever_the_boxes_are(name: str, form: Any, offset: float) -> None:
    a, b, expected = KNOWN[name]
    a, b = box(*a), box(*b)
    a[:, :2] += np.float32(offset)
    b[:, :2] += np.float32(offset)
    assert form(a, b)[0, 0] == pytest.approx(expected, abs=1e-6)
    if expected in (0, 1) and form is not iou_on_device:
        assert form(a, b)[0, 0] == expected


def test_the_angle_turns_x_toward_y() -> None:
    corners = corners_from_boxes(box(10, 20, 4, 2, np.pi / 6))[0] - (10, 20)
    cos, sin = np.sqrt(3) / 2, 0.5
    assert corners[2] == pytest.approx([2 * cos - sin, 2 * sin + cos], abs=1e-6)
    assert corners[0] == pytest.approx(-corners[2])
    assert corners[1] == pytest.approx([2 * cos + sin, 2 * sin - cos], abs=1e-6)


def test_boxes_are_those_of_opencv() -> None:
    cv2 = pytest.importorskip("cv2")
    for x, y, width, height, angle in scene_of_boxes(np.random.default_rng(1), 40, side=200):
        found = corners_from_boxes(box(x, y, width, height, angle))[0]
        rotated = ((float(x), float(y)), (float(width), float(height)), float(np.degrees(angle)))
        gaps = np.linalg.norm(found[:, None] - cv2.boxPoints(rotated), axis=2)
        assert gaps.min(axis=1).max() < 1e-3
        assert gaps.min(axis=0).max() < 1e-3


@settings(max_examples=150, deadline=None)
@given(box_lists(least=1, most=4, is_sound=True), box_lists(least=1, most=4, is_sound=True))
def test_the_reference_equals_shapely(a: Boxes, b: Boxes) -> None:
    assert np.abs(reference(a, b) - shapely_iou(a, b)).max() <= ROUNDING


@settings(max_examples=200, deadline=None)
@given(box_lists(), box_lists())
def test_all_forms_agree_to_the_last_bit(a: Boxes, b: Boxes) -> None:
    before = a.copy(), b.copy()
    expected = reference(a, b)
    np.testing.assert_array_equal(oriented_iou(a, b), expected)
    np.testing.assert_array_equal(a, before[0])
    np.testing.assert_array_equal(b, before[1])
    assert expected.dtype == np.float32
    assert expected.shape == (len(a), len(b))
    assert ((expected >= 0) & (expected <= 1)).all()


@settings(max_examples=40, deadline=None)
@given(st.floats(-1e-4, 1e-4), st.floats(0, 7), st.sampled_from([1e-4, 1.0, 1e6]))
def test_thin_boxes_that_nearly_lie_on_each_other(shift: float, angle: float, size: float) -> None:
    a = box(300, -200, size, size / 1000, angle)
    b = box(300, -200, size, size / 1000, angle + shift)
    np.testing.assert_array_equal(oriented_iou(a, b), reference(a, b))
    assert np.abs(reference(a, b) - shapely_iou(a, b)).max() <= 1e-5


@settings(max_examples=60, deadline=None)
@given(box_lists(most=3), box_lists(most=3))
def test_the_device_form_is_right_for_what_float32_tells_apart(a: Boxes, b: Boxes) -> None:
    sides = np.concatenate([a[:, 2:4], b[:, 2:4]]).ravel()
    sides = sides[np.isfinite(sides) & (sides > 0)]
    ratio = sides.max(initial=1) / sides.min(initial=1)
    # Corners are off by some 1e-7 of the longest side, seen beside the shortest one.
    with np.errstate(all="ignore"):
        found = iou_on_device(a, b)
    np.testing.assert_allclose(found, reference(a, b), atol=1e-6 * max(ratio, 10), rtol=0)


@pytest.mark.parametrize("form", [reference, oriented_iou, iou_on_device])
@pytest.mark.parametrize(
    ("column", "value"),
    [*product(range(5), NOT_FINITE), *product((2, 3), (0.0, -2.0))],
)
def test_boxes_that_are_none_overlap_nothing(form: Any, column: int, value: float) -> None:
    bad, good = box(1, 1, 4, 2, 0.1), box(1, 1, 4, 2, 0.1)
    bad[0, column] = value
    with np.errstate(all="ignore"):
        assert form(bad, good)[0, 0] == 0
        assert form(good, bad)[0, 0] == 0
        assert form(bad, bad)[0, 0] == 0


@FORMS
@pytest.mark.parametrize("size", [1e-40, 1e-20, 1e20, 3e38])
def test_sizes_at_the_ends_of_float32(form: Any, size: float) -> None:
    boxes = box(0, 0, size, size, 0)
    shifted = box(size / 2, 0, size, size, 0)
    assert form(boxes, shifted)[0, 0] == pytest.approx(1 / 3, abs=1e-6)


@pytest.mark.parametrize("count", [1, 7, AT_ONCE - 1, AT_ONCE, AT_ONCE + 1, 2 * AT_ONCE + 9])
def test_boxes_beyond_a_block_are_found_too(count: int) -> None:
    b = scene_of_boxes(np.random.default_rng(count), count, side=400)
    a = b[[0, count // 2, -1]]
    expected = reference(a, b)
    np.testing.assert_array_equal(oriented_iou(a, b), expected)
    assert expected[2, -1] == 1


def test_several_threads_at_once() -> None:
    boxes = scene_of_boxes(np.random.default_rng(5), 300, side=300)
    alone = oriented_iou(boxes, boxes)
    with ThreadPoolExecutor(4) as pool:
        for found in pool.map(lambda _: oriented_iou(boxes, boxes), range(8)):
            np.testing.assert_array_equal(found, alone)


@settings(max_examples=100, deadline=None)
@given(box_lists(least=1, is_sound=True))
def test_boxes_of_corners_are_the_same_boxes(boxes: Boxes) -> None:
    found = boxes_from_corners(corners_from_boxes(boxes))
    assert (found[:, 2] >= found[:, 3]).all()
    assert (found[:, 4] >= -np.float32(np.pi / 2)).all()
    assert (found[:, 4] < np.float32(np.pi / 2)).all()
    np.testing.assert_allclose(found[:, :2], boxes[:, :2], rtol=1e-6, atol=1e-4)
    np.testing.assert_allclose(
        found[:, 2:4], -np.sort(-boxes[:, 2:4], axis=1), rtol=1e-5, atol=1e-4
    )
    # A turn by the rounding of an angle moves the ends of a side of 1000 px by less than 1e-3.
    back, there = corners_from_boxes(found), corners_from_boxes(boxes)
    gaps = np.linalg.norm(back[:, :, None] - there[:, None], axis=3).min(axis=2)
    square = abs(boxes[:, 2] - boxes[:, 3]) < 1e-3
    assert (gaps[~square] < 0.02).all()


def test_the_smallest_rectangle_is_that_of_opencv() -> None:
    cv2 = pytest.importorskip("cv2")
    random = np.random.default_rng(2)
    quads = random.uniform(0, 100, (200, 4, 2)).astype(np.float32)
    quads[100:150, 3] = quads[100:150, 2]
    found = boxes_from_corners(quads)
    for quad, one in zip(quads, found, strict=True):
        _, (their_width, their_height), _ = cv2.minAreaRect(quad)
        assert one[2] * one[3] == pytest.approx(their_width * their_height, rel=1e-4)
        # Where the hull is a triangle there are three smallest ones: any that holds the corners.
        along = np.array([np.cos(one[4]), np.sin(one[4])])
        across = np.array([-along[1], along[0]])
        assert (abs((quad - one[:2]) @ along) <= one[2] / 2 + 1e-3).all()
        assert (abs((quad - one[:2]) @ across) <= one[3] / 2 + 1e-3).all()


def test_corners_that_make_no_box() -> None:
    quads = np.array([[[1, 2]] * 4, [[0, 0], [4, 0], [8, 0], [2, 0]], [[0, np.nan]] * 4])
    found = boxes_from_corners(quads)
    assert found[0].tolist() == [1, 2, 0, 0, 0]
    assert found[1].tolist() == [4, 0, 8, 0, 0]
    assert np.isnan(found[2]).all()
    assert boxes_from_corners(np.zeros((0, 4, 2))).shape == (0, 5)
    assert np.isnan(corners_from_boxes(box(0, 0, 2, 2, np.inf))).all()


@FORMS
@pytest.mark.parametrize(
    "bad", [np.zeros((2, 4), np.float32), np.zeros((2, 5)), np.zeros(5, np.float32)]
)
def test_what_is_no_list_of_boxes_is_refused(form: Any, bad: Any) -> None:
    good = box(0, 0, 1, 1, 0)
    with pytest.raises(BadInputError, match="float32 \\(box, 5\\)"):
        form(bad, good)
    with pytest.raises(BadInputError, match="boxes of b are not"):
        form(good, bad)
    with pytest.raises(BadInputError, match="float32 \\(box, 5\\)"):
        corners_from_boxes(bad)
    with pytest.raises(BadInputError, match="reshape"):
        boxes_from_corners(bad)
