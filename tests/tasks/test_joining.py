"""Which pieces of tiles are one object, case by case."""

from collections.abc import Sequence

import numpy as np
import pytest

from edgers.bench.object_scene import Oracle
from edgers.bench.object_seams import boxes_of, grid_of
from edgers.kernels.boxes import Boxes, boxes_from_corners, corners_from_boxes
from edgers.kernels.cpu.oriented_iou import oriented_iou
from edgers.tasks.agreement import REACH_PX
from edgers.tasks.joining import Joined, Joiner
from edgers.tasks.pieces import Pieces, pieces_of
from edgers.tasks.windows import Windows
from edgers.tiling.grid import Grid


def box(*numbers: float) -> Boxes:
    return np.array([numbers], np.float32)


def run(
    grid: Grid, shown: dict[int, Pieces], *, upright: bool = False, by_class: bool = True
) -> list[Joined]:
    """Join what tiles show; those not named show nothing."""
    joiner = Joiner(Windows(grid), upright=upright, by_class=by_class)
    found: list[Joined] = []
    for tile in range(len(grid)):
        found += joiner.add(tile, shown.get(tile, pieces(np.empty((0, 5), np.float32))))
    assert joiner.finish() == []
    assert joiner.held == 0
    return found


def pieces(boxes: Boxes, scores: Sequence[float] = (), kinds: Sequence[int] = ()) -> Pieces:
    return pieces_of(
        corners_from_boxes(boxes), np.array(scores or [0.9] * len(boxes)),
        np.array(kinds or [0] * len(boxes)),
    )  # fmt: skip


def seen(boxes: Boxes, grid: Grid, *, upright: bool = False, least: float = 0.1) -> list[Joined]:
    """Join what tiles show of known objects."""
    oracle, windows = Oracle(boxes, upright=upright, least=least), Windows(grid)
    return run(grid, {i: oracle.pieces(windows[i]) for i in range(len(grid))}, upright=upright)


def overlap(found: list[Joined], boxes: Boxes) -> float:
    return float(oriented_iou(boxes_of(found), boxes).diagonal().min())


# Four tiles of a scene of 200 × 200 px; beside each other they share 40 px, or touch.
STRIP = grid_of(200, 120, 40)
TOUCHING = grid_of(200, 100, 0)


def test_the_grids_are_as_the_cases_need_them() -> None:
    assert [one.rectangle for one in Windows(STRIP)] == [
        (0, 0, 120, 120), (80, 0, 200, 120), (0, 80, 120, 200), (80, 80, 200, 200)
    ]  # fmt: skip
    assert Windows(TOUCHING)[3].rectangle == (100, 100, 200, 200)


CASES = {
    "wholly inside the strip": box(100, 40, 20, 10, 0.4),
    "whole in one, cut in the other": box(70, 40, 40, 10, 0.4),
    "shares only the strip, each fragment less than half": box(100, 40, 190, 8, 0.02),
    "over four corners": box(100, 100, 60, 30, 0.5),
    "through the corner, along the diagonal": box(100, 100, 120, 10, np.pi / 4),
    "through the corner, off the diagonal": box(104, 98, 120, 14, np.pi / 4),
    "larger than any tile": box(100, 100, 190, 150, 0.0),
    "along the edge, cut lengthwise": box(100, 50, 60, 14, np.pi / 2 - 0.05),
}


@pytest.mark.parametrize("grid", [STRIP, TOUCHING], ids=["strip", "touching"])
@pytest.mark.parametrize("case", CASES)
def test_one_object_stays_one(grid: Grid, case: str) -> None:
    found = seen(CASES[case], grid)
    assert len(found) == 1
    assert overlap(found, CASES[case]) > 0.99


def test_ends_meet_across_a_corner_whose_middle_no_tile_shows() -> None:
    # 12 px beside the corner: less than a tenth of it lies in the tile between.
    long = box(100 + 6, 100 - 6, 180, 10, np.pi / 4)
    oracle, windows = Oracle(long, upright=False, least=0.1), Windows(TOUCHING)
    assert [len(oracle.pieces(windows[i])) for i in range(4)] == [1, 0, 0, 1]
    found = seen(long, TOUCHING)
    assert [one.tiles for one in found] == [2]
    assert overlap(found, long) > 0.99


def test_ends_that_do_not_lie_on_one_line_stay_two() -> None:
    ends = np.array([[70, 70, 90, 10, np.pi / 4], [150, 130, 90, 10, np.pi / 4]], np.float32)
    shown = {0: pieces(ends[:1]), 3: pieces(ends[1:])}
    assert len(run(TOUCHING, shown)) == 2


@pytest.mark.parametrize("upright", [True, False], ids=["hbb", "obb"])
@pytest.mark.parametrize("grid", [STRIP, TOUCHING], ids=["strip", "touching"])
@pytest.mark.parametrize("angle", [0.0, 0.5, np.pi / 4, 1.2, np.pi / 2])
def test_moored_neighbours_stay_apart(grid: Grid, angle: float, upright: bool) -> None:
    steps = (np.arange(-2, 3) * 18)[:, None] * [-np.sin(angle), np.cos(angle)]
    boats = np.array([[100 + dx, 60 + dy, 60, 14, angle] for dx, dy in steps], np.float32)
    found = seen(boats, grid, upright=upright, least=0.01)
    truth = boxes_from_corners(Oracle(boats, upright=upright, least=0.01).truth)
    assert len(found) == 5
    assert oriented_iou(truth, boxes_of(found)).max(axis=1).min() > 0.99


def test_two_boats_with_the_seam_between_them_stay_two() -> None:
    boats = np.array([[50 - 1.4, 50, 94, 14, 0], [150 + 1.4, 50, 94, 14, 0]], np.float32)
    gap = 100 - (50 - 1.4 + 47)
    assert gap > REACH_PX
    assert len(seen(boats, TOUCHING)) == 2


def test_no_tile_tells_two_objects_from_one_where_the_small_rests_are_not_shown() -> None:
    two = np.array([[90.5, 50, 21, 14, 0], [109.5, 50, 21, 14, 0]], np.float32)
    one, windows = box(100, 50, 40, 14, 0), Windows(TOUCHING)
    told = [Oracle(boxes, upright=True, least=0.1) for boxes in (two, one)]
    for window in (windows[i] for i in range(4)):
        a, b = (oracle.pieces(window)["corners"] for oracle in told)
        assert np.array_equal(a, b)
    assert len(seen(one, TOUCHING, upright=True)) == 1


def test_a_box_that_reaches_a_hair_into_the_next_window_is_one() -> None:
    whole = box(85, 50, 30.01, 10, 0)
    found = run(TOUCHING, {0: pieces(whole), 1: pieces(whole)})
    assert [one.tiles for one in found] == [2]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        # Both windows show all of it.
        (box(100, 35, 30, 30, 0), box(103.5, 38.5, 29, 29, 0)),
        # The second shows what lies beyond its left edge, at 80.
        (box(90, 41, 40, 42, 0), box(93, 42, 26, 34, 0)),
        (box(70, 41, 40, 42, 0), box(84, 41, 8, 34, 0)),
    ],
)
def test_upright_looks_that_noise_sets_apart_are_one(one: Boxes, other: Boxes) -> None:
    found = run(STRIP, {0: pieces(one, [0.9]), 1: pieces(other, [0.8])}, upright=True)
    assert len(found) == 1
    assert overlap(found, one) > 0.99
    assert found[0].tiles == 2


def test_noise_is_no_reason_where_the_windows_share_little() -> None:
    # Two long boxes, one behind the other: 10 px off in a strip that shows a third of each.
    one, other = box(57.5, 50, 115, 40, 0), box(140, 60, 120, 40, 0)
    assert len(run(STRIP, {0: pieces(one), 1: pieces(other)}, upright=True)) == 2


@pytest.mark.parametrize("top", [85, 98], ids=["three pieces", "two pieces"])
def test_upright_boxes_that_overlap_at_a_corner_stay_two(top: float) -> None:
    # Of each, the tiles beside show nothing: less than a tenth. Both cover 7 of 8 px at the corner.
    boxes = np.array(
        [[61.5, (top + 190) / 2, 83, 190 - top, 0], [143.5, 110, 93, 80, 0]], np.float32
    )
    found = seen(boxes, grid_of(200, 104, 8), upright=True)
    assert sorted(one.tiles for one in found) == ([2, 2] if top == 85 else [1, 2])
    assert oriented_iou(boxes, boxes_of(found)).max(axis=1).min() > 0.9


def test_a_piece_whose_other_half_was_missed_is_kept_as_it_is() -> None:
    whole = box(100, 40, 60, 12, 0.3)
    found = run(TOUCHING, {0: pieces(whole)})
    assert len(found) == 1
    assert np.array_equal(found[0].corners, corners_from_boxes(whole)[0])


def test_a_whole_look_goes_before_a_better_one_at_a_piece() -> None:
    whole, cut = box(90, 40, 50, 12, 0), box(97.5, 40, 35, 12, 0)
    found = run(STRIP, {0: pieces(whole, [0.5]), 1: pieces(cut, [0.8])})
    assert [one.tiles for one in found] == [2]
    assert overlap(found, whole) > 0.999
    assert found[0].score == pytest.approx(0.8)


def test_of_two_whole_looks_the_better_counts() -> None:
    first, second = box(100, 40, 20, 12, 0), box(101, 40, 21, 12, 0)
    found = run(STRIP, {0: pieces(first, [0.5]), 1: pieces(second, [0.8])})
    assert overlap(found, second) > 0.999
    assert (found[0].tile, found[0].tiles) == (1, 2)


@pytest.mark.parametrize(("by_class", "count"), [(True, 2), (False, 1)])
def test_pieces_of_two_classes(by_class: bool, count: int) -> None:
    one = box(100, 40, 20, 12, 0)
    found = run(STRIP, {0: pieces(one, [0.5], [0]), 1: pieces(one, [0.8], [1])}, by_class=by_class)
    assert len(found) == count
    assert found[-1].kind == 1


def test_a_tile_sees_an_object_once() -> None:
    # Both of the first tile look like the one of the second: one of them is another object.
    left = np.array([[100, 40, 20, 12, 0], [101, 41, 20, 12, 0]], np.float32)
    found = run(STRIP, {0: pieces(left), 1: pieces(left[1:])})
    assert sorted(one.tiles for one in found) == [1, 2]


def test_pieces_of_half_or_less_in_common_stay_two() -> None:
    apart, near = box(106, 40, 12, 12, 0), box(102.5, 40, 12, 12, 0)
    assert len(run(STRIP, {0: pieces(box(98, 40, 12, 12, 0)), 1: pieces(apart)})) == 2
    assert len(run(STRIP, {0: pieces(box(100, 40, 12, 12, 0)), 1: pieces(near)})) == 1


def test_an_object_is_given_as_soon_as_no_later_tile_can_see_it() -> None:
    joiner = Joiner(Windows(STRIP), upright=False, by_class=True)
    nothing = pieces(np.empty((0, 5), np.float32))
    assert len(joiner.add(0, pieces(box(40, 40, 20, 10, 0)))) == 1
    assert len(joiner.add(1, pieces(box(150, 100, 20, 10, 0)))) == 0
    assert joiner.held == 1
    assert len(joiner.add(2, nothing)) == 0
    assert len(joiner.add(3, nothing)) == 1


def test_what_lies_beyond_its_window_was_not_seen() -> None:
    assert run(TOUCHING, {0: pieces(box(150, 50, 20, 10, 0))}) == []


def test_a_network_that_guesses_beyond_the_window_is_believed_where_tiles_agree() -> None:
    # Cut by all windows, and the last two tiles show nothing of it.
    whole = box(100, 60, 190, 10, 0.0)
    found = run(STRIP, {0: pieces(whole), 1: pieces(whole)})
    assert [one.tiles for one in found] == [2]
    assert overlap(found, whole) > 0.999
