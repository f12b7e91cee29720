"""Boxes and polygons in text, whole, several and cut off."""

import math

import numpy as np
import pytest

from edgers.programs.spoken_shapes import place_tokens, shapes_in


def test_corners_come_back_within_half_a_bin() -> None:
    random = np.random.default_rng(0)
    for height, width in ((1024, 1024), (300, 777)):
        for corners in (4, 3, 7):
            ring = random.random((corners, 2)) * (width, height)
            found = shapes_in("plane" + place_tokens(ring, height, width), height, width)
            assert [one.name for one in found] == ["plane"]
            assert (np.abs(found[0].ring - ring) <= np.array([width, height]) / 2000 + 1e-9).all()


def test_corners_on_the_edge_and_beyond_stay_on_the_grid() -> None:
    assert place_tokens(np.array([(0, 0), (100, 50)]), 50, 100) == (
        "<loc_0><loc_0><loc_999><loc_999>"
    )
    assert "-" not in place_tokens(np.array([(-5.0, 3.0)]), 50, 100)


def test_two_places_are_a_box_and_a_name_holds_for_all_that_follow() -> None:
    text = "small ship<loc_0><loc_100><loc_199><loc_299>, <loc_1><loc_2><loc_3><loc_4>plane<loc_9>"
    found = shapes_in(text, 1000, 1000)
    assert [one.name for one in found] == ["small ship", "small ship"]
    assert found[0].ring.tolist() == [
        [0.5, 100.5], [199.5, 100.5], [199.5, 299.5], [0.5, 299.5],
    ]  # fmt: skip


@pytest.mark.parametrize(
    "text",
    [
        "", "no shapes here", "ship<loc_1><loc_2><loc_3>", "ship<loc_1><loc_2>",
        "ship<loc_1><loc_2><loc_3><loc_1000>", "<p>ship</p> {<1><2><3>}", "<p>ship</p> {<1><2><3>",
        "<p>ship</p>", "<p>ship", "<p>ship</p> {<1><2><3><101>}", "[1, 2, 3]", "[1, 2, 3, 101]",
        "[1, 2, 3, 4", "{<1><2><3><4>}",
    ],
)  # fmt: skip
def test_what_is_cut_off_or_malformed_is_left_out(text: str) -> None:
    assert shapes_in(text, 100, 100) == []


def test_phrases_have_boxes_some_of_them_turned() -> None:
    text = "I see <p>two ships</p> {<10><20><30><40>|<90>}<delim>{50 60 70 80} and <p>a car</p> {<1"
    found = shapes_in(text, 200, 400)
    assert [one.name for one in found] == ["two ships", "two ships"]
    # A box of 80 × 40 px about (80, 60), turned by a quarter: 40 × 80.
    assert found[0].ring.min(axis=0).tolist() == pytest.approx([60, 20])
    assert found[0].ring.max(axis=0).tolist() == pytest.approx([100, 100])
    assert found[1].ring.tolist() == [[200, 120], [280, 120], [280, 160], [200, 160]]


def test_an_angle_turns_a_box_counter_clockwise_as_it_is_seen() -> None:
    ring = shapes_in("<p>x</p> {<40><49><60><51>|<30>}", 100, 100)[0].ring
    right = ring[1:3].mean(axis=0) - ring.mean(axis=0)
    assert right[0] > 0
    # Up in the picture is a smaller row.
    assert math.degrees(math.atan2(-right[1], right[0])) == pytest.approx(30)


def test_plain_boxes_lie_on_a_grid_of_a_hundred() -> None:
    found = shapes_in("The dam is at [10, 20, 30, 100].", 50, 200)
    assert [one.name for one in found] == [""]
    assert found[0].ring.tolist() == [[20, 10], [60, 10], [60, 50], [20, 50]]
