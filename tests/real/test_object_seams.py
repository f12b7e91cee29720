"""Seams across real objects: ships and vehicles of DOTA's P0706, tree crowns of NEON's OSBS."""

import csv
from pathlib import Path

import numpy as np
import pytest

from edgers.bench.object_scene import Oracle, judged
from edgers.bench.object_seams import boxes_of, grid_of, joined
from edgers.kernels.boxes import Boxes, boxes_from_corners
from edgers.kernels.cpu.oriented_iou import oriented_iou

SETTINGS = [(640, 128), (640, 32), (640, 0), (400, 64), (1024, 200)]


def ships(folder: Path) -> Boxes:
    """536 boxes over 4 096 × 8 192 px, as the smallest rectangles around four corners each."""
    lines = (folder / "detect" / "P0706.txt").read_text().splitlines()[2:]
    return boxes_from_corners(
        np.array([line.split()[:8] for line in lines], float).reshape(-1, 4, 2)
    )


def crowns(folder: Path) -> Boxes:
    """Tree crowns of a plot of 400 × 400 px."""
    with (folder / "detect" / "OSBS_029.csv").open() as file:
        rows = [
            [float(row[key]) for key in ("xmin", "ymin", "xmax", "ymax")]
            for row in csv.DictReader(file)
        ]
    left, top, right, bottom = np.array(rows).T
    middle = [(left + right) / 2, (top + bottom) / 2, right - left, bottom - top, 0 * left]
    return np.stack(middle, axis=1).astype(np.float32)


@pytest.mark.parametrize(("tile_px", "shared_px"), SETTINGS)
@pytest.mark.parametrize("upright", [True, False], ids=["hbb", "obb"])
def test_real_ships_in_tiles_are_those_of_the_whole(
    real_data: Path, tile_px: int, shared_px: int, upright: bool
) -> None:
    boxes = ships(real_data)
    oracle = Oracle(boxes, upright=upright, least=0.1)
    what = joined(oracle, grid_of(8192, tile_px, shared_px), upright=upright)
    # Upright boxes around slanted ships at the scene's edge reach beyond it; products do not.
    corners = np.maximum(oracle.truth, 0) if upright else oracle.truth
    truth, found = boxes_from_corners(corners), boxes_of(what.found)
    verdict = judged(truth, found)
    assert (verdict.out, verdict.missed, verdict.extra) == (len(boxes), 0, 0)
    if shared_px >= 64:
        assert oriented_iou(truth, found).max(axis=1).min() >= 0.99


@pytest.mark.parametrize(("tile_px", "shared_px"), [(100, 40), (100, 0), (150, 60), (60, 8)])
def test_real_tree_crowns_in_tiles_are_those_of_the_whole(
    real_data: Path, tile_px: int, shared_px: int
) -> None:
    boxes = crowns(real_data)
    oracle = Oracle(boxes, upright=True, least=0.1)
    what = joined(oracle, grid_of(400, tile_px, shared_px), upright=True)
    verdict = judged(boxes_from_corners(oracle.truth), boxes_of(what.found))
    assert (verdict.out, verdict.missed, verdict.extra) == (len(boxes), 0, 0)
