"""Instances come out of tiles as they come out of the scene in one piece: to the pixel."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from edgers.bench.instance_scene import Labels, MaskOracle, labels_of
from edgers.bench.instance_seams import exact, joined_masks
from edgers.bench.object_seams import grid_of
from edgers.tasks.mask_joining import JoinedMask, MaskJoiner
from edgers.tasks.mask_pieces import MaskPieces, pieces_of
from edgers.tasks.pieces import Window
from edgers.tasks.pixel_runs import Runs, runs_of
from edgers.tasks.windows import Windows
from edgers.tiling.grid import Grid, Order

SIDE_PX = 480
SETTINGS: list[tuple[int, int, Order]] = [
    (64, 0, "rows"), (100, 0, "columns"), (200, 0, "rows"), (96, 1, "rows"), (64, 2, "columns"),
    (128, 8, "rows"), (100, 32, "columns"), (200, 96, "rows"),
]  # fmt: skip
"""Tile sides, what two tiles share, and the order in which they come."""

Shows = Callable[[Window], MaskPieces]


@pytest.fixture(scope="module")
def labels() -> Labels:
    """250 instances 2 or 4 px apart: concave ones, some with holes, some longer than tiles."""
    found = labels_of(SIDE_PX, 1)
    assert found.max() == 250
    return found


def joined(shows: Shows, grid: Grid, kinds: int = 1) -> list[JoinedMask]:
    """Join what is shown of all tiles."""
    windows = Windows(grid)
    shown = [shows(windows[index]) for index in range(len(windows))]
    joiner = MaskJoiner(windows, lambda tile, place: shown[tile].masks[place], by_class=kinds > 1)
    found = [one for index, pieces in enumerate(shown) for one in joiner.add(index, pieces)]
    return found + joiner.finish()


def shown_of(masks: list[Runs], kinds: list[int] | None = None) -> MaskPieces:
    zeros = [0] * len(masks)
    return pieces_of([0.5] * len(masks), kinds or zeros, zeros, masks)


@pytest.mark.parametrize(("tile_px", "shared_px", "order"), SETTINGS)
def test_the_same_pixels_as_in_one_piece(
    labels: Labels, tile_px: int, shared_px: int, order: Order
) -> None:
    found = joined_masks(MaskOracle(labels), grid_of(SIDE_PX, tile_px, shared_px, order)).found
    assert exact(labels, found) == len(found) == labels.max()
    assert max(one.tiles for one in found) > 2


@pytest.mark.parametrize(("tile_px", "shared_px"), [(96, 2), (128, 8)])
def test_arms_that_a_tile_shows_as_two_are_one(
    labels: Labels, tile_px: int, shared_px: int
) -> None:
    grid = grid_of(SIDE_PX, tile_px, shared_px, "rows")
    parts, whole = (joined_masks(MaskOracle(labels, parts=one), grid) for one in (True, False))
    assert parts.shown > whole.shown + 20
    assert exact(labels, parts.found) == len(parts.found) == labels.max()


def test_outlines_that_differ_by_a_pixel_are_one(labels: Labels) -> None:
    """Each tile draws outlines of its own: every other one is thinner by a pixel."""

    def shows(window: Window) -> MaskPieces:
        pieces = MaskOracle(labels).pieces(window)
        if int(window.left + window.top) % 3:
            return pieces
        thin = [mask + np.array([0, 0, -1], np.int32) for mask in pieces.masks]
        kept = [mask[mask[:, 1] < mask[:, 2]] for mask in thin]
        return shown_of([mask for mask in kept if len(mask)])

    found = joined(shows, grid_of(SIDE_PX, 128, 24, "rows"))
    owners = [int(labels[row, begin]) for row, begin, _ in (_longest(one.runs) for one in found)]
    assert sorted(owners) == list(range(1, labels.max() + 1))


def _longest(runs: Runs) -> list[int]:
    found: list[int] = runs[int((runs[:, 2] - runs[:, 1]).argmax())].tolist()
    return found


def test_what_waits_is_what_a_row_of_tiles_shows() -> None:
    """Of a scene three times as high no more is held, though an instance runs all through it."""
    most = {}
    for height in (200, 600):
        labels = np.zeros((height, 90), np.int32)
        labels[:, 30:34] = 1
        dots = labels[1::4, 40:90:8]
        dots[:] = np.arange(dots.size).reshape(dots.shape) + 2
        grid = replace(grid_of(90, 50, 8, "rows"), rows=grid_of(height, 50, 8, "rows").rows)
        what = joined_masks(MaskOracle(labels), grid)
        assert len(what.found) == labels.max()
        assert max(len(one.runs) for one in what.found) == height
        most[height] = what.most_runs
    assert most[600] == pytest.approx(most[200], rel=0.2)
    assert most[600] < 300


def test_classes_that_touch_stay_apart() -> None:
    def shows(window: Window) -> MaskPieces:
        left, right = int(window.left), int(window.right)
        bands = [np.full((4, right - left), True) for _ in range(2)]
        masks = [runs_of(band, 10 + 4 * i, left) for i, band in enumerate(bands)]
        return shown_of(masks, [0, 1]) if window.top == 0 else shown_of([])

    found = joined(shows, grid_of(100, 30, 0, "rows"), kinds=2)
    assert sorted((one.kind, len(one.runs), one.tiles) for one in found) == [(0, 4, 4), (1, 4, 4)]


def test_what_is_known_of_a_joined_mask() -> None:
    def shows(window: Window) -> MaskPieces:
        if window.top > 0 or window.left > 40:
            return shown_of([])
        mask = runs_of(np.ones((2, 20), bool), 5, 10 if window.left == 0 else 30)
        score, gone = (0.5, 10) if window.left == 0 else (0.75, 0)
        return pieces_of([score], [0], [gone], [mask])

    (one,) = joined(shows, grid_of(60, 30, 0, "rows"))
    assert one.runs.tolist() == [[5, 10, 50], [6, 10, 50]]
    assert (one.score, one.tile, one.tiles, one.nodata) == (0.75, 1, 2, 10 / 80)
