"""Objects come out of tiles as they come out of the scene in one piece: none doubled, none lost."""

import numpy as np
import pytest

from edgers.bench.object_scene import Mix, Oracle, judged, scene_of
from edgers.bench.object_seams import Outcome, boxes_of, grid_of, joined
from edgers.kernels.boxes import Boxes, boxes_from_corners
from edgers.kernels.cpu.oriented_iou import oriented_iou
from edgers.tasks.pieces import Corners
from edgers.tasks.windows import Windows
from edgers.tiling.grid import Grid

SIDE_PX = 2000
MIX = Mix(scattered=150, rows=8, long=16)
SETTINGS = [
    (tile_px, shared_px)
    for tile_px in (320, 640, 1024)
    for shared_px in (0, 2, 32, 128)
]  # fmt: skip
"""Twelve settings; 2 px are too few to compare areas in, 32 px are fewer than any long object."""


@pytest.fixture(scope="module")
def boxes() -> Boxes:
    """350 objects: 18 px to 700 px, 160 of them moored side by side, 4 px apart."""
    found = scene_of(MIX, SIDE_PX, 3)
    assert len(found) == 326
    return found


def shown(oracle: Oracle, grid: Grid) -> Corners:
    """Give, for each object, the rectangle of its own angle around all that any tile showed of it.

    What comes of it for the nearest truth can be no better: a piece of less than a tenth is not
    shown by the tile that sees it.
    """
    windows = Windows(grid)
    truth = boxes_from_corners(oracle.truth)
    spans: list[list[Corners]] = [[] for _ in truth]
    for index in range(len(grid)):
        pieces = oracle.pieces(windows[index])
        overlaps = oriented_iou(boxes_from_corners(pieces["corners"]), truth)
        for piece, owner in zip(pieces["corners"], overlaps.argmax(axis=1), strict=True):
            spans[int(owner)].append(piece)
    found = []
    for corners, parts in zip(oracle.truth, spans, strict=True):
        side = corners[1] - corners[0]
        axes = np.array([side, (-side[1], side[0])]) / np.hypot(*side)
        along = np.concatenate(parts) @ axes.T
        (left, top), (right, bottom) = along.min(axis=0), along.max(axis=0)
        found.append(np.array([[left, top], [right, top], [right, bottom], [left, bottom]]) @ axes)
    return np.array(found)


def judged_whole(oracle: Oracle, what: Outcome, count: int) -> None:
    verdict = judged(boxes_from_corners(oracle.truth), boxes_of(what.found))
    assert (verdict.out, verdict.missed, verdict.extra) == (count, 0, 0)


@pytest.mark.parametrize("upright", [True, False], ids=["hbb", "obb"])
@pytest.mark.parametrize(("tile_px", "shared_px"), SETTINGS)
def test_as_many_objects_as_in_one_piece(
    boxes: Boxes, tile_px: int, shared_px: int, upright: bool
) -> None:
    oracle = Oracle(boxes, upright=upright, least=0.1)
    untiled = joined(oracle, grid_of(SIDE_PX, SIDE_PX, 0), upright=upright)
    what = joined(oracle, grid_of(SIDE_PX, tile_px, shared_px), upright=upright)
    assert what.pieces > len(boxes)
    judged_whole(oracle, what, len(untiled.found))
    assert len(untiled.found) == len(boxes)


@pytest.mark.parametrize("upright", [True, False], ids=["hbb", "obb"])
@pytest.mark.parametrize(("tile_px", "shared_px"), SETTINGS)
def test_objects_are_as_large_as_what_was_shown_of_them(
    boxes: Boxes, tile_px: int, shared_px: int, upright: bool
) -> None:
    # Where every piece is shown, that is the object itself.
    oracle = Oracle(boxes, upright=upright, least=1e-4)
    what = joined(oracle, grid_of(SIDE_PX, tile_px, shared_px), upright=upright)
    judged_whole(oracle, what, len(boxes))
    overlaps = oriented_iou(boxes_from_corners(oracle.truth), boxes_of(what.found))
    assert overlaps.max(axis=1).min() >= 0.99


@pytest.mark.parametrize("upright", [True, False], ids=["hbb", "obb"])
@pytest.mark.parametrize("tile_px", [640, 1024])
def test_with_an_overlap_small_pieces_do_not_matter(
    boxes: Boxes, tile_px: int, upright: bool
) -> None:
    oracle = Oracle(boxes, upright=upright, least=0.1)
    what = joined(oracle, grid_of(SIDE_PX, tile_px, 128), upright=upright)
    overlaps = oriented_iou(boxes_from_corners(oracle.truth), boxes_of(what.found))
    assert overlaps.max(axis=1).min() >= 0.99


def test_without_an_overlap_nothing_is_lost_but_what_was_not_shown(boxes: Boxes) -> None:
    oracle = Oracle(boxes, upright=False, least=0.1)
    grid = grid_of(SIDE_PX, 320, 0)
    what = joined(oracle, grid, upright=False)
    overlaps = oriented_iou(boxes_from_corners(shown(oracle, grid)), boxes_of(what.found))
    assert overlaps.max(axis=1).min() >= 0.99
    whole = oriented_iou(boxes_from_corners(oracle.truth), boxes_of(what.found))
    assert whole.max(axis=1).min() >= 0.8


@pytest.mark.parametrize("shared_px", [0, 32, 128])
def test_columns_first_gives_the_same_objects(boxes: Boxes, shared_px: int) -> None:
    oracle = Oracle(boxes, upright=False, least=0.1)
    rows, columns = (
        joined(oracle, grid_of(SIDE_PX, 512, shared_px, order), upright=False)
        for order in ("rows", "columns")
    )
    one, other = (
        sorted(np.round(found.corners, 6).tolist() for found in what.found)
        for what in (rows, columns)
    )
    assert len(one) == len(other) == len(boxes)
    assert oriented_iou(boxes_of(rows.found), boxes_of(columns.found)).max(axis=1).min() > 0.999


def test_what_waits_does_not_grow_with_the_scene() -> None:
    held, shares = [], []
    for tiles_down in (3, 9):
        side = 300 * tiles_down
        cells = np.mgrid[20:290:45, 20:side:45].reshape(2, -1).T
        boats = np.array([[x, y, 30, 10, 0.3] for x, y in cells], np.float32)
        wide = grid_of(side, 300, 20)
        # A strip one tile wide: the scene grows down, a row of tiles does not.
        oracle = Oracle(boats, upright=False, least=0.1)
        what = joined(oracle, wide, upright=False)
        assert len(what.found) == len(boats)
        held.append(what.most_held)
        shares.append(what.most_held / len(boats))
    assert held[1] <= held[0] + 2
    assert shares[1] < 0.25
