"""Scenes of known instances, and a network that knows them: what a tile shows, and nothing more."""

import numpy as np
import numpy.typing as npt
from rasterio.features import rasterize, shapes

from edgers.tasks.mask_pieces import MaskPieces, pieces_of
from edgers.tasks.pieces import Window
from edgers.tasks.pixel_runs import Runs

Labels = npt.NDArray[np.int32]
"""Instance of each pixel, (height, width), from 1; 0 where there is none."""

CELL_PX = 24
"""Distance of the points about which cells are drawn."""
WAVES_PX = (9.0, 23.0, 61.0)
"""Lengths of the waves that bend the outlines of cells."""
LEAST_PX = 12
"""Pixels of the smallest instance."""


def labels_of(side_px: int, seed: int, *, longest: int = 25) -> Labels:
    """Give a square scene of irregular instances: concave, some with holes, some long, all bent.

    Neighbours are 2 or 4 px apart. An instance is a chain of up to `longest` cells.
    """
    random = np.random.default_rng(seed)
    cells = _cells(random, side_px)
    count = int(cells.max()) + 1
    grid = -(-side_px // CELL_PX) + 2
    owner = np.zeros(count, np.int32)
    for made, start in enumerate(random.permutation(count)[: count * 2 // 5], 1):
        at, way = int(start), random.choice([-1, 1, -grid, grid])
        for _ in range(random.choice([1, 2, 4, longest], p=[0.4, 0.3, 0.2, 0.1])):
            if not 0 <= at < count or owner[at]:
                break
            owner[at] = made
            at += way if random.random() < 0.7 else random.choice([-1, 1, -grid, grid])
    found = owner[cells]
    wide = _waves(random, side_px) > 0
    for is_wider in (False, True):
        meets = _meets_another(found)
        found[meets & wide if is_wider else meets] = 0
    return numbered(found)


def outlines_of(labels: Labels) -> list[Runs]:
    """Give the pixels of each instance, in the order of their numbers."""
    return [runs for _, runs in _instances(labels)]


class MaskOracle:
    """A network that knows the truth and shows what lies in a window."""

    def __init__(self, labels: Labels, *, parts: bool = False) -> None:
        """Know the instances of a scene.

        With `parts` what touches in a window is one: the arms of a bow, whose bend is out of sight,
        come as two.
        """
        self._labels, self._parts = labels, parts

    def pieces(self, window: Window) -> MaskPieces:
        """Show a window."""
        left, top, right, bottom = (int(one) for one in window.rectangle)
        seen = np.ascontiguousarray(self._labels[top:bottom, left:right])
        shown = outlines_of(numbered(seen, 1) if self._parts else seen)
        masks = [runs + np.array([top, left, left], np.int32) for runs in shown]
        count = len(masks)
        return pieces_of([0.5] * count, [0] * count, [0] * count, masks)


def _instances(labels: Labels) -> list[tuple[int, Runs]]:
    """Give the instances of a part of a scene by number, with their pixels there."""
    padded = np.zeros((labels.shape[0], labels.shape[1] + 2), np.int32)
    padded[:, 1:-1] = labels
    differs = np.diff(padded, axis=1) != 0
    rows, begins = np.nonzero(differs[:, :-1] & (labels > 0))
    ends = np.nonzero(differs[:, 1:] & (labels > 0))[1] + 1
    every = np.stack([rows, begins, ends], axis=1).astype(np.int32)
    numbers = labels[rows, begins]
    order = np.argsort(numbers, kind="stable")
    values, starts = np.unique(numbers[order], return_index=True)
    parts = np.split(every[order], starts[1:])
    return list(zip(values.tolist(), parts, strict=True)) if len(values) else []


def _cells(random: np.random.Generator, side: int) -> Labels:
    """Give the nearest of some points, by number, to each pixel of a bent plane."""
    count = -(-side // CELL_PX) + 2
    places = (np.indices((count, count)) - 0.5 + random.uniform(-0.4, 0.4, (2, count, count))) * (
        CELL_PX
    )
    y, x = np.indices((side, side)) + np.array([_waves(random, side) * 4 for _ in range(2)])
    near_row, near_column = (
        np.clip((one // CELL_PX).astype(int) + 1, 0, count - 1) for one in (y, x)
    )
    best, found = np.full((side, side), np.inf), np.zeros((side, side), np.int32)
    for down in (-1, 0, 1):
        for right in (-1, 0, 1):
            row = np.clip(near_row + down, 0, count - 1)
            column = np.clip(near_column + right, 0, count - 1)
            distance = np.hypot(y - places[0, row, column], x - places[1, row, column])
            nearer = distance < best
            best[nearer], found[nearer] = distance[nearer], (row * count + column)[nearer]
    return found


def _waves(random: np.random.Generator, side: int) -> npt.NDArray[np.float64]:
    """Give a field of waves in all directions, about -2 to 2."""
    y, x = np.indices((side, side))
    total = np.zeros((side, side))
    for length in WAVES_PX:
        angle, phase = random.uniform(0, 2 * np.pi, 2)
        total += np.sin((x * np.cos(angle) + y * np.sin(angle)) * 2 * np.pi / length + phase)
    return total


def _meets_another(labels: Labels) -> npt.NDArray[np.bool_]:
    """Tell which pixels have one of another instance about them."""
    height, width = labels.shape
    padded = np.pad(labels, 1)
    found = np.zeros(labels.shape, bool)
    for down in range(3):
        for right in range(3):
            other = padded[down : down + height, right : right + width]
            found |= (other > 0) & (other != labels) & (labels > 0)
    return found


def numbered(labels: Labels, least_px: int = LEAST_PX) -> Labels:
    """Number what touches by its sides anew, and leave out what has fewer pixels."""
    parts = [one for one, value in shapes(labels, mask=labels > 0, connectivity=4) if value]
    if not parts:
        return labels
    counted = rasterize(
        [(one, i) for i, one in enumerate(parts, 1)], labels.shape, dtype="int32"
    )  # fmt: skip
    kept = np.bincount(counted.ravel()) >= least_px
    kept[0] = False
    renumbered = np.cumsum(kept).astype(np.int32) * kept
    found: Labels = renumbered[counted].astype(np.int32)
    return found
