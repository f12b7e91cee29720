"""Patches for training: targets that decode to the truth, whatever way they are turned."""

import numpy as np
import pytest

from edgers.export.detector_demo.agreement import read_contract
from edgers.export.detector_demo.plan import STRIDE_PX
from edgers.export.detector_demo.samples import (
    describe,
    draw_batch,
    shown_in_window,
    turned,
    turned_boxes,
)
from edgers.export.detector_demo.scene import SceneSpec, make_scene
from edgers.kernels.boxes import boxes_from_corners
from edgers.kernels.cpu.oriented_iou import oriented_iou
from edgers.tasks.boxes import BoxDecoder


def test_targets_decode_to_the_boxes_they_were_made_of() -> None:
    random = np.random.default_rng(0)
    middles = np.stack(np.meshgrid(*[np.arange(20, 250, 24)] * 2), axis=-1).reshape(-1, 2)
    boxes = np.empty((len(middles), 5), np.float32)
    boxes[:, :2] = middles + random.uniform(-3, 3, middles.shape)
    boxes[:, 2:4] = random.uniform((8, 4), (16, 9), middles.shape)
    boxes[:, 4] = random.uniform(-4, 4, len(middles))
    kinds = random.integers(0, 3, len(middles)).astype(np.int32)
    cells = 256 // STRIDE_PX
    bells, numbers = (
        np.zeros((3, cells, cells), np.float32),
        np.zeros((6, cells, cells), np.float32),
    )
    weights = np.zeros((cells, cells), np.float32)
    describe(boxes, kinds, bells, numbers, weights)
    scores = np.where(bells == 1, 5, -9).astype(np.float32)
    decoder = BoxDecoder(read_contract().outputs)
    pieces = decoder.decode({"boxes": numbers[None], "scores": scores[None]}, (256, 256)).pieces
    assert len(pieces) == len(boxes)
    overlaps = oriented_iou(boxes, boxes_from_corners(pieces["corners"]))
    assert overlaps.max(axis=1).min() > 0.999
    assert (kinds == pieces["kind"][overlaps.argmax(axis=1)]).all()


@pytest.mark.parametrize("turns", range(4))
@pytest.mark.parametrize("mirrored", [False, True])
def test_boxes_turn_with_their_image(turns: int, mirrored: bool) -> None:
    boxes = np.array([[20.5, 9.5, 8, 2, 0.3]], np.float32)
    ends = boxes[0, :2] + [[-3 * np.cos(0.3), -3 * np.sin(0.3)], [3 * np.cos(0.3), 3 * np.sin(0.3)]]
    image = np.zeros((1, 32, 32), np.float32)
    columns, rows = np.floor(ends).astype(int).T
    image[0, rows, columns] = 1
    (x, y, length, width, angle) = turned_boxes(boxes, 32, turns, mirrored)[0]
    found = np.argwhere(turned(image, turns, mirrored)[0])[:, ::-1] + 0.5
    wanted = [[x + s * np.cos(angle), y + s * np.sin(angle)] for s in (-3, 3)]
    assert (length, width) == (8, 2)
    for end in wanted:
        assert np.hypot(*(found - end).T).min() < 0.75


def test_a_cut_object_is_shown_as_far_as_it_is_seen() -> None:
    boxes = np.array([[0, 30, 40, 8, 0], [50, 50, 20, 6, 1], [98, 90, 30, 8, 0]], np.float32)
    boxes[2, 0] = 112
    shown, kinds, partly = shown_in_window(boxes, np.array([0, 1, 2], np.int32), 100)
    assert shown == pytest.approx(np.array([[10, 30, 20, 8, 0], boxes[1]]), abs=1e-3)
    assert kinds.tolist() == [0, 1]
    assert partly == pytest.approx(np.array([[98.5, 90, 3, 8, 0]]), abs=1e-3)


def test_a_batch_is_drawn_the_same_again() -> None:
    scenes = [make_scene(SceneSpec(width_px=160, height_px=160, seed=9, sort="town"))]
    one, again = (draw_batch(np.random.default_rng(1), scenes, 3, 96) for _ in range(2))
    assert np.array_equal(one.values, again.values)
    assert np.array_equal(one.boxes, again.boxes)
    assert one.values.shape == (3, 4, 96, 96)
    assert (one.weights > 0).any()
    assert one.bells.max() == 1
