"""Oriented boxes of a real scene: ships and vehicles as DOTA gives them, in P0706.

DOTA: A Large-Scale Dataset for Object Detection in Aerial Images (Xia and others, 2018).
"""

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
import shapely
from builders.boxes import shapely_iou

from edgers.kernels.boxes import boxes_from_corners, corners_from_boxes
from edgers.kernels.cpu.oriented_iou import oriented_iou
from edgers.kernels.cpu.polygon_clip import clip_quads
from edgers.kernels.cpu.rotated_nms import rotated_nms

OBJECTS = 536
DUPLICATES = 9


@pytest.fixture(scope="module")
def quads(real_data: Path) -> npt.NDArray[np.float64]:
    lines = (real_data / "detect" / "P0706.txt").read_text().splitlines()[2:]
    return np.array([line.split()[:8] for line in lines], float).reshape(-1, 4, 2)


def test_boxes_hold_the_corners_they_were_made_of(quads: npt.NDArray[np.float64]) -> None:
    boxes = boxes_from_corners(quads)
    assert boxes.shape == (OBJECTS, 5)
    hulls = shapely.polygons(corners_from_boxes(boxes))
    # Corners are rounded with the boxes, to float32.
    wider = shapely.buffer(hulls, 1e-2)
    assert shapely.contains(wider, shapely.polygons(quads)).all()
    smallest = shapely.area(shapely.oriented_envelope(shapely.polygons(quads)))
    np.testing.assert_allclose(boxes[:, 2] * boxes[:, 3], smallest, rtol=1e-5)


def test_overlaps_are_those_of_shapely(quads: npt.NDArray[np.float64]) -> None:
    boxes = boxes_from_corners(quads)
    found, expected = oriented_iou(boxes, boxes), shapely_iou(boxes, boxes)
    assert np.abs(found - expected).max() <= 2e-7
    assert (np.diag(found) == 1).all()
    assert ((found > 0) & (found < 1)).sum() > 100


def test_of_many_boxes_an_object_one_is_kept(quads: npt.NDArray[np.float64]) -> None:
    boxes = boxes_from_corners(quads)
    random = np.random.default_rng(0)
    # A detector's duplicates, off by up to a hundredth of their size and with lower scores.
    noise = random.uniform(-0.01, 0.01, (DUPLICATES, OBJECTS, 5))
    noise[..., :2] *= boxes[:, 3:4]
    noise[..., 2:4] *= boxes[:, 2:4]
    noise[..., 4] *= boxes[:, 3] / boxes[:, 2]
    doubles = (boxes + noise).astype(np.float32).reshape(-1, 5)
    everything = np.concatenate([doubles, boxes])
    scores = np.concatenate([random.uniform(0, 0.5, len(doubles)), random.uniform(0.6, 1, OBJECTS)])
    overlaps = oriented_iou(boxes, boxes) - np.eye(OBJECTS, dtype=np.float32)
    threshold = 0.75
    assert overlaps.max() < threshold
    kept = rotated_nms(everything, scores, threshold)
    assert len(kept) == OBJECTS
    assert sorted(kept.tolist()) == list(range(len(doubles), len(everything)))


def test_tile_borders_share_the_objects_out(quads: npt.NDArray[np.float64]) -> None:
    whole = shapely.area(shapely.polygons(quads))
    shared = np.zeros(OBJECTS)
    cut = 0
    for left in range(0, 4096, 512):
        for top in range(0, 8192, 512):
            found = clip_quads(quads, (left, top, left + 512, top + 512))
            shared += found.areas
            cut += int(((found.areas > 0) & (found.areas < 0.999 * whole)).sum())
    np.testing.assert_allclose(shared, whole, rtol=1e-9)
    assert cut > 20
