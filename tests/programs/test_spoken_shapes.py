"""Boxes, polygons and masks in text: as they were written, several, and cut off."""

import math
from typing import Any

import numpy as np
import pytest
from builders.spoken import write_box, write_places, write_runs
from hypothesis import example, given, settings
from hypothesis import strategies as st

from edgers.contract.shapes import SpokenForm
from edgers.kernels.boxes import corners_from_boxes
from edgers.programs.spoken_shape import SpokenShape, is_simple
from edgers.programs.spoken_shapes import area_of, shapes_in

PLACES = SpokenForm(kind="places", steps=1000)
PHRASES = SpokenForm(kind="phrases", steps=100)
BOXES = SpokenForm(kind="boxes", steps=100)
ORIENTED = SpokenForm(kind="oriented", steps=1000, turning="clockwise")
RUNS = SpokenForm(kind="runs", steps=32, ground=("0",))
ALL = (PLACES, PHRASES, BOXES, ORIENTED, RUNS)

INSIDE = st.floats(0.05, 0.95)


def read(text: str, form: SpokenForm, height: int = 100, width: int = 100) -> list[SpokenShape]:
    shapes, malformed = shapes_in(text, (form,), height, width)
    assert malformed == 0
    return shapes


@given(st.lists(st.tuples(INSIDE, INSIDE), min_size=3, max_size=8), st.sampled_from([300, 1024]))
@settings(deadline=None)
def test_corners_come_back_within_half_a_bin(corners: list[Any], height: int) -> None:
    size = (1024, height)
    ring = np.array(corners) * size
    shapes, malformed = shapes_in("plane" + write_places(ring, PLACES, size), ALL, height, 1024)
    assert len(shapes) + malformed == 1
    if shapes and is_simple(shapes[0].ring) and len(shapes[0].ring) == len(ring) != 4:
        off = np.abs(shapes[0].ring - ring)
        assert (off <= np.array(size) / 2000 + 1e-9).all()
    for one in shapes:
        assert one.name == "plane"
        # The rectangle holds the outline.
        assert area_of(one.box) >= area_of(one.ring) * (1 - 1e-9)


@given(INSIDE, INSIDE, st.floats(0.05, 0.5), st.floats(0.05, 0.5), st.floats(-90, 90))
@example(0.5, 0.5, 0.3, 0.1, 90.0)
@settings(deadline=None)
def test_oriented_boxes_come_back_as_fine_as_their_grid(
    x: float, y: float, width: float, height: float, degrees: float
) -> None:
    box = [*(500 * np.array([x, y, width, height])), math.radians(degrees)]
    ring = corners_from_boxes(np.array([box], np.float32))[0]
    found = read(write_box(ring, ORIENTED, (500, 500)), ORIENTED, 500, 500)[0].box
    # Half a step of 0.5 px in place and half of that in size, and half a degree on the long side.
    most = 0.25 + 0.25 + math.radians(0.5) * math.hypot(width, height) * 250
    for corner in ring:
        assert np.hypot(*(found - corner).T).min() <= 1.5 * most


@given(INSIDE, INSIDE, st.floats(0.1, 0.5), st.floats(0.1, 0.5), st.sampled_from([BOXES, PHRASES]))
@settings(deadline=None)
def test_upright_boxes_come_back_as_fine_as_their_grid(
    x: float, y: float, width: float, height: float, form: SpokenForm
) -> None:
    low = np.array([x, y]) * 300
    high = np.minimum(low + np.array([width, height]) * 300, 300)
    ring = np.array([low, (high[0], low[1]), high, (low[0], high[1])])
    text = write_box(ring, form, (300, 300))
    shapes, _ = shapes_in(text if form is BOXES else f"<p>hut</p> {text}", (form,), 300, 300)
    for one in shapes:
        assert np.abs(one.box.min(axis=0) - low).max() <= 1.5 + 1e-9
        assert np.abs(one.box.max(axis=0) - high).max() <= 1.5 + 1e-9
    assert shapes or min(high - low) < 2 * 3


@given(st.integers(0, 20), st.integers(0, 20), st.integers(1, 11), st.integers(1, 11))
@settings(deadline=None)
def test_masks_come_back_cell_by_cell(top: int, left: int, height: int, width: int) -> None:
    mask = np.zeros((32, 32), np.bool_)
    mask[top : top + height, left : left + width] = True
    mask[top, left : left + width // 2] = False
    found = read("the old pier: " + write_runs(mask), RUNS, 64, 320)
    assert {one.name for one in found} <= {"the old pier"}
    assert sum(area_of(one.ring) for one in found) == pytest.approx(mask.sum() * 2 * 10)


def test_a_mask_has_a_shape_for_each_part_and_label() -> None:
    mask = np.zeros((32, 32), np.bool_)
    mask[:4, :4] = mask[10:12, 20:30] = True
    text = write_runs(mask, name="small ship", ground="others").replace("; ", "\n")
    form = SpokenForm(kind="runs", steps=32, ground=("others",))
    found = read(f"<seg>{text}</seg>", form, 32, 32)
    assert [(one.name, area_of(one.ring)) for one in found] == [
        ("small ship", 16), ("small ship", 20),
    ]  # fmt: skip
    twice = read(f"a: {write_runs(mask)}\nb: {write_runs(mask)}", RUNS, 32, 32)
    assert [one.name for one in twice] == ["a", "a", "b", "b"]


FRAGMENTS = st.sampled_from([
    "<loc_5>", "<loc_99999999>", "<p>", "</p>", "{", "}", "<1>", "|", "[", "]", "7", ",", " ", "0*",
    "*32", ";", "\n", "-", ".", "ship", "<delim>", "0*32; ", "9" * 400, "é", "<loc_", "1*3,0*29;",
])  # fmt: skip


@given(st.lists(FRAGMENTS | st.text(max_size=5), max_size=30).map("".join))
@settings(deadline=None)
def test_garbage_never_fails_and_shapes_are_whole(text: str) -> None:
    shapes, malformed = shapes_in(text, ALL, 50, 70)
    assert malformed >= 0
    for one in shapes:
        assert np.isfinite(one.ring).all()
        assert np.isfinite(one.box).all()
        assert area_of(one.box) > 0
        assert one.said


def test_two_places_are_a_box_and_a_name_holds_for_all_that_follow() -> None:
    text = "small ship<loc_0><loc_100><loc_199><loc_299>, <loc_1><loc_2><loc_3><loc_4>plane<loc_9>"
    found, malformed = shapes_in(text, (PLACES,), 1000, 1000)
    assert malformed == 1
    assert [one.name for one in found] == ["small ship", "small ship"]
    assert found[0].said == "small ship<loc_0><loc_100><loc_199><loc_299>"
    assert found[0].ring.tolist() == [
        [0.5, 100.5], [199.5, 100.5], [199.5, 299.5], [0.5, 299.5],
    ]  # fmt: skip


def test_bins_grid_token_and_corners_are_the_contracts() -> None:
    form = SpokenForm(kind="places", steps=10, token="<bin{}>", corners="quad")
    quad = "<bin1><bin1><bin3><bin1><bin3><bin3><bin1><bin3>"
    assert read("x" + quad, form)[0].ring[0].tolist() == [15, 15]
    assert shapes_in("x<bin1><bin1><bin3><bin3>" + "y" + quad[:-6], (form,), 9, 9) == ([], 2)
    coarse = SpokenForm(kind="boxes", steps=4)
    assert read("[1, 2, 3, 4]", coarse)[0].ring[0].tolist() == [25, 50]


@pytest.mark.parametrize(
    ("text", "malformed"),
    [
        ("", 0), ("no shapes here", 0), ("ship<loc_1><loc_2><loc_3>", 1), ("<loc_1><loc_2>", 1),
        ("ship<loc_1><loc_2><loc_3><loc_1000>", 1), ("<p>ship</p> {<1><2><3>}", 1),
        ("<p>ship</p> {<1><2><3>", 1), ("<p>ship</p>", 0), ("<p>ship", 0), ("[3, 9, 3, 12]", 1),
        ("<p>ship</p> {<1><2><3><101>}", 1), ("[1, 2, 3]", 1), ("[1, 2, 3, 101]", 1),
        ("[1, 2, 3, 4", 1), ("{<1><2><3><4>}", 0), ("[500, 500, 100, 50, 91]", 1),
        ("0*32; 0*20, 1*11", 1), ("about 2*3 ships", 0), ("<p>x</p> {<9><9><12><12>|<400>}", 1),
        ("<loc_7>" * 8, 1),
    ],
)  # fmt: skip
def test_what_is_cut_off_or_malformed_is_left_out_and_counted(text: str, malformed: int) -> None:
    assert shapes_in(text, ALL, 100, 100) == ([], malformed)


def test_phrases_have_boxes_some_of_them_turned() -> None:
    text = "I see <p>two ships</p> {<10><20><30><40>|<90>}<delim>{50 60 70 80} and <p>a car</p> {<1"
    found, malformed = shapes_in(text, (PHRASES,), 200, 400)
    assert malformed == 1
    assert [one.name for one in found] == ["two ships", "two ships"]
    # A box of 80 × 40 px about (80, 60), turned by a quarter: 40 × 80.
    assert found[0].ring.min(axis=0).tolist() == pytest.approx([60, 20])
    assert found[0].ring.max(axis=0).tolist() == pytest.approx([100, 100])
    assert found[1].ring.tolist() == [[200, 120], [280, 120], [280, 160], [200, 160]]


@pytest.mark.parametrize(("turning", "degrees"), [("counter-clockwise", 30), ("clockwise", -30)])
def test_an_angle_turns_a_box_as_it_is_seen(turning: Any, degrees: float) -> None:
    form = SpokenForm(kind="phrases", steps=100, turning=turning)
    ring = read("<p>x</p> {<40><49><60><51>|<30>}", form)[0].ring
    right = ring[1:3].mean(axis=0) - ring.mean(axis=0)
    assert right[0] > 0
    # Up in the picture is a smaller row.
    assert math.degrees(math.atan2(-right[1], right[0])) == pytest.approx(degrees)


def test_a_polygon_that_crosses_itself_is_told_as_a_rectangle() -> None:
    bow = "x<loc_100><loc_100><loc_900><loc_900><loc_900><loc_100><loc_100><loc_900>"
    found = read(bow, PLACES, 1000, 1000)[0]
    assert area_of(found.ring) == pytest.approx(800 * 800)
    notch = "x<loc_0><loc_0><loc_900><loc_0><loc_500><loc_100><loc_0><loc_900>"
    assert area_of(read(notch, PLACES, 1000, 1000)[0].ring) == pytest.approx(270_000)
