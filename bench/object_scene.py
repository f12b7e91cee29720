"""Scenes of known objects, and a detector that knows them: what a tile shows, and nothing more."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from edgers.kernels.boxes import Boxes, corners_from_boxes
from edgers.kernels.cpu.oriented_iou import oriented_iou
from edgers.kernels.cpu.polygon_clip import clip_quads
from edgers.tasks.pieces import Corners, Pieces, Window, bounds_of, pieces_of

MOORED_PX = (60.0, 14.0)
"""Length and width of a moored boat."""
GAP_PX = 4.0
"""Between moored boats."""
IN_A_ROW = 20
LONG_PX = (300.0, 700.0)
"""Length of the long ones, from and to."""
ROUNDED_PX2 = 1e-3
"""Objects with a smaller share of a window were put there by rounding."""
MOST_DEVIATIONS = 2.5
"""Most that a side is off where sides are noisy, in standard deviations."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mix:
    """How many objects of which sort."""

    scattered: int
    """Boats of 20 to 60 px anywhere."""
    rows: int
    """Rows of 20 boats moored side by side."""
    long: int
    """Objects of 300 to 700 px."""


def scene_of(mix: Mix, side_px: int, seed: int) -> Boxes:
    """Give objects of a square scene that lie wholly inside and do not touch, (object, 5)."""
    random = np.random.default_rng(seed)
    kept = np.empty((0, 5), np.float32)
    for make, count in ((_long, mix.long), (_row, mix.rows), (_scattered, mix.scattered)):
        found = 0
        while found < count:
            group = make(random, side_px)
            bounds = bounds_of(corners_from_boxes(group))
            inside = bounds.min() >= 1 and bounds.max() <= side_px - 1
            # A boat a little larger, so that the gap stays free.
            room = np.array([0, 0, 2 * GAP_PX, 2 * GAP_PX, 0], np.float32)
            wider = group + room
            if inside and not _meets(wider, kept):
                kept, found = np.concatenate([kept, group]), found + 1
    return kept


def upright_corners(boxes: Boxes) -> Corners:
    """Give the corners of the boxes along the axes around oriented ones, (box, 4, 2)."""
    left, top, right, bottom = bounds_of(corners_from_boxes(boxes)).T
    return np.stack([left, top, right, top, right, bottom, left, bottom], axis=1).reshape(-1, 4, 2)


class Oracle:
    """A detector that knows the truth and shows what lies in a window."""

    def __init__(
        self, boxes: Boxes, *, upright: bool, least: float, noise_px: float = 0.0
    ) -> None:  # fmt: skip
        """Know `boxes`; pieces with less than the share `least` of their object are not shown.

        Each side is off by a number of a normal distribution of the deviation `noise_px`, cut off
        at `MOST_DEVIATIONS`.
        """
        self.truth = upright_corners(boxes) if upright else corners_from_boxes(boxes)
        self._bounds = bounds_of(self.truth)
        angles = np.zeros(len(boxes)) if upright else boxes[:, 4].astype(np.float64)
        self._axes = np.stack(
            [np.cos(angles), np.sin(angles), -np.sin(angles), np.cos(angles)], axis=1
        ).reshape(-1, 2, 2)
        self._sizes = bounds_of(np.einsum("nsk,nck->ncs", self._axes, self.truth))
        self._least = least
        self._noise_px, self._random = noise_px, np.random.default_rng(0)

    def pieces(self, window: Window) -> Pieces:
        """Show a window: of each object, the rectangle of its own angle around what is seen."""
        b = self._bounds
        near = np.flatnonzero(
            (b[:, 0] < window.right) & (b[:, 2] > window.left)
            & (b[:, 1] < window.bottom) & (b[:, 3] > window.top)
        )  # fmt: skip
        parts = clip_quads(self.truth[near], window.rectangle)
        size = self._sizes[near]
        shares = parts.areas / ((size[:, 2] - size[:, 0]) * (size[:, 3] - size[:, 1]))
        shown = np.flatnonzero((shares >= self._least) & (parts.areas > ROUNDED_PX2))
        corners = np.empty((len(shown), 4, 2))
        for i, k in enumerate(shown):
            axes = self._axes[near[k]]
            sides = bounds_of(parts.vertices[k, : parts.counts[k]] @ axes.T)
            off = np.clip(self._random.standard_normal(4), -MOST_DEVIATIONS, MOST_DEVIATIONS)
            low_x, low_y, high_x, high_y = sides + self._noise_px * off
            spans = [[low_x, low_y], [high_x, low_y], [high_x, high_y], [low_x, high_y]]
            corners[i] = np.array(spans) @ axes
        return pieces_of(corners, shares[shown].astype(np.float32), np.zeros(len(shown), np.int32))


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """What came out beside the truth."""

    out: int
    """Objects that came out."""
    missed: int
    """Known objects that no other one answers to: overlap of at least 0.5, one to one."""
    broken: int
    """Known objects whose best overlap is below 0.95."""
    blurred: int
    """Known objects whose best overlap is below 0.99."""
    extra: int
    """Objects that came out and answer to none."""


def judged(truth: Boxes, found: Boxes) -> Judgement:
    """Compare what was found with the truth, (box, 5) each."""
    best = np.zeros(len(truth))
    pairs: list[tuple[float, int, int]] = []
    for start in range(0, len(truth), 500):
        overlaps = oriented_iou(truth[start : start + 500], found)
        best[start : start + 500] = overlaps.max(axis=1, initial=0)
        for i, k in zip(*np.nonzero(overlaps >= 0.5), strict=True):
            pairs.append((-float(overlaps[i, k]), start + int(i), int(k)))
    matched: dict[int, int] = {}
    taken: set[int] = set()
    for _, i, k in sorted(pairs):
        if i not in matched and k not in taken:
            matched[i] = k
            taken.add(k)
    return Judgement(
        out=len(found), missed=len(truth) - len(matched), broken=int((best < 0.95).sum()),
        blurred=int((best < 0.99).sum()), extra=len(found) - len(taken),
    )  # fmt: skip


def _long(random: np.random.Generator, side: int) -> Boxes:
    sizes = [random.uniform(*LONG_PX), random.uniform(20, 40)]
    return np.array([[*random.uniform(0, side, 2), *sizes, random.uniform(0, np.pi)]], np.float32)


def _scattered(random: np.random.Generator, side: int) -> Boxes:
    sizes = [random.uniform(20, 60), random.uniform(8, 20)]
    return np.array([[*random.uniform(0, side, 2), *sizes, random.uniform(0, np.pi)]], np.float32)


def _row(random: np.random.Generator, side: int) -> Boxes:
    angle = random.uniform(0, np.pi)
    length, width = MOORED_PX
    steps = (np.arange(IN_A_ROW) - IN_A_ROW / 2) * (width + GAP_PX)
    places: npt.NDArray[np.float64] = random.uniform(0, side, 2) + steps[:, None] * [
        -np.sin(angle), np.cos(angle),
    ]  # fmt: skip
    sizes = np.tile([length, width, angle], (IN_A_ROW, 1))
    return np.concatenate([places, sizes], axis=1).astype(np.float32)


def _meets(group: Boxes, kept: Boxes) -> bool:
    reach = np.hypot(kept[:, 2], kept[:, 3]) / 2
    middle, wide = group[:, :2].mean(axis=0), np.hypot(*np.ptp(group[:, :2], axis=0)) / 2 + 400
    near = np.hypot(*(kept[:, :2] - middle).T) <= reach + wide
    return bool((oriented_iou(group, kept[near]) > 0).any())
