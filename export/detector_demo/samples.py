"""Training scenes drawn from ranges of seeds, and patches cut from them with their targets."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from edgers.export.detector_demo.palette import scaled
from edgers.export.detector_demo.plan import STRIDE_PX
from edgers.export.detector_demo.scene import ObjectScene, SceneSpec, make_scene
from edgers.export.detector_demo.stage import CLASS_NAMES
from edgers.kernels.boxes import Boxes, corners_from_boxes
from edgers.kernels.cpu.polygon_clip import clip_quads

TRAINING_SEEDS = range(2000, 2048)
"""Seeds of the scenes that the network learns from."""

HELD_OUT_SEEDS = range(8000, 8008)
"""Seeds of the scenes that training.json judges it on."""

SIDE_PX = 1024
"""Side of such a scene."""

SORTS = (
    "harbour", "airfield", "town", "harbour", "airfield", "sea", "harbour", "airfield",
)  # fmt: skip
"""What the scenes of successive seeds show."""

LEAST_SHOWN = 0.35
"""Share of an object within a patch from which it is to be found there."""

SPREAD = 0.15
"""Width of the bell around an object's middle, in units of the root of its area."""

Numbers = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """Patches for one step, with what the network should say of their cells."""

    values: Numbers
    """Scaled bands, (patch, band, height, width)."""
    bells: Numbers
    """1 at the middle of an object, falling around it, (patch, class, row, column)."""
    boxes: Numbers
    """Six numbers of the object a cell speaks for, (patch, 6, row, column): see `contract`."""
    weights: Numbers
    """How much the numbers of a cell count, (patch, row, column)."""
    ignored: npt.NDArray[np.bool_]
    """Cells on objects of which too little is shown, (patch, row, column)."""


def spec_of_seed(seed: int, side_px: int = SIDE_PX) -> SceneSpec:
    """Give the scene that a seed stands for."""
    return SceneSpec(
        width_px=side_px, height_px=side_px, seed=seed, sort=SORTS[seed % len(SORTS)]
    )  # fmt: skip


def draw_scenes(seeds: Sequence[int], side_px: int = SIDE_PX) -> list[ObjectScene]:
    """Give the scenes of the seeds, in order."""
    return [make_scene(spec_of_seed(seed, side_px)) for seed in seeds]


def draw_batch(
    random: np.random.Generator, scenes: Sequence[ObjectScene], patches: int, side_px: int
) -> Batch:
    """Cut patches, three of four around an object, each turned, mirrored and brightened."""
    cells = side_px // STRIDE_PX
    values = np.empty((patches, scenes[0].counts.shape[0], side_px, side_px), np.float32)
    bells = np.zeros((patches, len(CLASS_NAMES), cells, cells), np.float32)
    boxes = np.zeros((patches, 6, cells, cells), np.float32)
    weights = np.zeros((patches, cells, cells), np.float32)
    ignored = np.zeros((patches, cells, cells), bool)
    for number in range(patches):
        scene = scenes[int(random.integers(len(scenes)))]
        left, top = _corner(random, scene, side_px)
        seen = scene.counts[:, top : top + side_px, left : left + side_px]
        moved = scene.boxes - np.array([left, top, 0, 0, 0], np.float32)
        reach = np.hypot(moved[:, 2], moved[:, 3])[:, None]
        is_near = ((moved[:, :2] > -reach) & (moved[:, :2] < side_px + reach)).all(axis=1)
        near = moved[is_near]
        turns, mirrored = int(random.integers(4)), bool(random.integers(2))
        bright = scaled(seen) * np.float32(random.normal(1, 0.06)) + np.float32(
            random.normal(0, 0.06)
        )
        values[number] = turned(bright, turns, mirrored)
        near = turned_boxes(near, side_px, turns, mirrored)
        shown, kinds, partly = shown_in_window(near, scene.kinds[is_near], side_px)
        describe(shown, kinds, bells[number], boxes[number], weights[number])
        ignored[number] = _covered(partly, cells)
    return Batch(values=values, bells=bells, boxes=boxes, weights=weights, ignored=ignored)


def _corner(random: np.random.Generator, scene: ObjectScene, side_px: int) -> tuple[int, int]:
    height, width = scene.counts.shape[1:]
    x, y = random.uniform(0, width), random.uniform(0, height)
    if len(scene.boxes) and random.random() < 0.75:
        # Each class as often as the others, however many there are.
        kind = random.choice(np.unique(scene.kinds))
        x, y = scene.boxes[random.choice(np.flatnonzero(scene.kinds == kind)), :2]
        x, y = (at + random.uniform(-0.45, 0.45) * side_px for at in (x, y))
    return (
        int(np.clip(x - side_px / 2, 0, width - side_px)),
        int(np.clip(y - side_px / 2, 0, height - side_px)),
    )


def turned(layer: Numbers, turns: int, mirrored: bool) -> Numbers:
    """Turn an image by quarters, counter-clockwise as it is shown, then mirror it."""
    found = np.rot90(layer, turns, axes=(-2, -1))
    return found[..., ::-1] if mirrored else found


def turned_boxes(boxes: Boxes, side_px: int, turns: int, mirrored: bool) -> Boxes:
    """Turn boxes with their square image."""
    x, y, length, width, angle = boxes.astype(np.float64).T
    for _ in range(turns):
        x, y, angle = y, side_px - x, angle - np.pi / 2
    if mirrored:
        x, angle = side_px - x, np.pi - angle
    return np.stack([x, y, length, width, angle], axis=1).astype(np.float32)


def shown_in_window(
    boxes: Boxes, kinds: npt.NDArray[np.int32], side_px: int
) -> tuple[Boxes, npt.NDArray[np.int32], Boxes]:
    """Give what a window shows of objects, and the boxes of those it shows too little of.

    Of an object that its edge cuts, that is the rectangle of the object's own angle around the
    part inside: what the joining of pieces across tiles counts on.
    """
    corners = corners_from_boxes(boxes)
    parts = clip_quads(corners, (0, 0, side_px, side_px))
    shares = parts.areas / np.maximum(boxes[:, 2] * boxes[:, 3], 1e-6)
    found = boxes.copy()
    for i in np.flatnonzero((shares > 0) & (shares < 0.9999)):
        c, s = np.cos(boxes[i, 4]), np.sin(boxes[i, 4])
        axes = np.array([[c, s], [-s, c]], np.float64)
        spans = parts.vertices[i, : parts.counts[i]] @ axes.T
        low, high = spans.min(axis=0), spans.max(axis=0)
        found[i, :2], found[i, 2:4] = (low + high) / 2 @ axes, high - low
    is_shown = shares >= LEAST_SHOWN
    return found[is_shown], kinds[is_shown], found[(shares > 0) & ~is_shown]


def describe(
    boxes: Boxes, kinds: npt.NDArray[np.int32], bells: Numbers, numbers: Numbers, weights: Numbers
) -> None:
    """Write what the cells should say of the boxes; the nearest box has a cell."""
    cells = weights.shape[0]
    grid = np.arange(cells, dtype=np.float32)
    nearest = np.full(weights.shape, np.inf, np.float32)
    for (x, y, length, width, angle), kind in zip(boxes, kinds, strict=True):
        column, row = x / STRIDE_PX, y / STRIDE_PX
        spread = max(SPREAD * np.sqrt(length * width) / STRIDE_PX, 0.4)
        here_x, here_y = (min(int(at), cells - 1) for at in (column, row))
        reach = int(np.ceil(3 * spread)) + 1
        xs = slice(max(here_x - reach, 0), here_x + reach + 1)
        ys = slice(max(here_y - reach, 0), here_y + reach + 1)
        far = (grid[xs] - here_x) ** 2 + (grid[ys, None] - here_y) ** 2
        bell = np.exp(-far / (2 * spread**2)).astype(np.float32)
        np.maximum(bells[kind, ys, xs], bell, out=bells[kind, ys, xs])
        # In units of its own size, so that a box's nearest neighbour does not take its cells.
        near = ((grid[xs] + 0.5 - column) ** 2 + (grid[ys, None] + 0.5 - row) ** 2) / spread**2
        mine = (near < nearest[ys, xs]) & ((bell > 0.1) | (far <= 2))
        nearest[ys, xs][mine] = near[mine]
        weights[ys, xs][mine] = np.maximum(bell, 0.3)[mine]
        rows, columns = np.nonzero(mine)
        rows, columns = rows + ys.start, columns + xs.start
        same = np.ones(len(rows), np.float32)
        numbers[:, rows, columns] = [
            column - columns, row - rows, same * np.log(length / STRIDE_PX),
            same * np.log(width / STRIDE_PX), same * np.cos(2 * angle), same * np.sin(2 * angle),
        ]  # fmt: skip


def _covered(boxes: Boxes, cells: int) -> npt.NDArray[np.bool_]:
    """Tell which cells lie on any of the boxes."""
    middle = (np.arange(cells) + 0.5) * STRIDE_PX
    covered = np.zeros((cells, cells), bool)
    for x, y, length, width, angle in boxes.astype(np.float64):
        c, s = np.cos(angle), np.sin(angle)
        along = (middle - x) * c + (middle[:, None] - y) * s
        across = -(middle - x) * s + (middle[:, None] - y) * c
        # A cell more, as the middle of a box may lie beside its cell's.
        covered |= (abs(along) <= length / 2 + STRIDE_PX) & (abs(across) <= width / 2 + STRIDE_PX)
    return covered
