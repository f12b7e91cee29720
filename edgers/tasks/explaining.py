"""Whether one rectangle explains what two tiles show, each in its window.

Where windows share little, much looks alike in it: boxes along the axes overlap each other, and any
two that cover a strip are equal there. What one rectangle around both would show elsewhere then
tells them apart.
"""

from dataclasses import dataclass

import numpy as np

from edgers.kernels.cpu.polygon_clip import clip_polygon, polygon_area, shared_area
from edgers.kernels.polygons import Polygon
from edgers.tasks.merging import rectangle_along
from edgers.tasks.pieces import Corners, Window, bounds_of

OFF_PX = 3.0
"""Error of a side that a detector may make on any object, about."""
OFF_SHARE = 0.05
"""The same for large ones, as a share of the longer side: two sides that are off by a twentieth
leave an overlap of 0.9."""
ACROSS_GAP = 0.8
"""Share in which a rectangle must explain both pieces to be believed where nothing is shared."""
UNSEEN = 0.2
"""Most of such a rectangle that may lie where neither window looks."""

Bounds = tuple[float, float, float, float]
"""Least and greatest x and y of what is seen of an object."""
Side = tuple[Polygon, Window]
"""What is seen of an object, and the window it is seen in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """How well one rectangle explains two pieces."""

    share: float
    """Intersection over union of what is seen and what it would show, in the worse window."""
    unseen: float
    """Share of it that lies in neither window."""
    off_px: float
    """Most that a side of what is seen along the axes is apart from what it would show, beyond what
    a detector's error excuses; 0 or less where none is."""

    @property
    def bridges(self) -> bool:
        """Tell whether it is believed across a gap."""
        return self.share >= ACROSS_GAP and self.unseen <= UNSEEN


def explanation(one: Side, other: Side, direction: Polygon) -> Explanation:
    """Hold the rectangle around two pieces, with a side along `direction`, against both."""
    whole = rectangle_along(direction, np.concatenate([one[0], other[0]]))
    share, seen, off = 1.0, 0.0, -np.inf
    for polygon, window in (one, other):
        part = clip_polygon(whole, window.rectangle)
        area, shared = polygon_area(part), shared_area(polygon, part)
        seen += area
        share = min(share, shared / (area + polygon_area(polygon) - shared))
        off = max(off, _off_px(bounds_of(polygon), bounds_of(part)))
    return Explanation(share=share, unseen=1 - seen / polygon_area(whole), off_px=off)


def explains_all(pieces: list[tuple[Bounds, Window]]) -> bool:
    """Tell whether one upright rectangle explains all that was seen, each in its window.

    Pairs do not tell all: across a corner, where windows share next to nothing, a piece of one
    object may go with a piece of another that overlaps it.
    """
    seen = np.array([bounds for bounds, _ in pieces])
    low, high = seen[:, :2].min(axis=0), seen[:, 2:].max(axis=0)
    for bounds, (_, window) in zip(seen, pieces, strict=True):
        left, top, right, bottom = window.rectangle
        shown = np.concatenate([np.maximum(low, (left, top)), np.minimum(high, (right, bottom))])
        if _off_px(bounds, shown) > 0:
            return False
    return True


def _off_px(seen: Corners, shown: Corners) -> float:
    """Give how far sides are apart, beyond what is excused; (4,) each."""
    excused = max(OFF_PX, OFF_SHARE * float(np.max(shown[2:] - shown[:2])))
    return float(np.abs(seen - shown).max()) - excused
