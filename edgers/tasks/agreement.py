"""Whether two tiles mean the same object: what both see must look the same to both.

Each piece is cut to its window first. Where the two windows share a strip, the pieces are compared
inside the strip alone: what one tile sees beyond it the other cannot know. Where they only touch,
the lengths are compared in which the two pieces cut the common edge.
"""

import numpy as np

from edgers.kernels.cpu.polygon_clip import clip_polygon, polygon_area, shared_area
from edgers.kernels.polygons import Polygon, Rectangle
from edgers.tasks.pieces import Window

REACH_PX = 1.0
"""A piece that comes this near to an inner edge of its window is taken to be cut by it. Two objects
less than twice this apart, with a seam of windows that only touch right between them, may be taken
for one; a detector that ends its boxes further from the edge leaves two objects."""
NARROW_PX = 4.0
"""A strip narrower than this is too thin to compare areas in: a pixel more or less at an edge would
decide. Edges are compared instead."""
LEAST_PX2 = 1e-3
"""What lies in a strip with less area than this was put there by rounding."""
SAME = 0.5
"""Intersection over union from which two pieces are one object; the usual threshold of detection
(PASCAL VOC, Everingham and others, 2010)."""
Span = tuple[float, float]
"""Least and greatest place along an axis."""
AT_EDGE_PX = 0.01
"""Just inside an edge, where a piece cut exactly has its whole width."""


def agreement(a: Polygon, first: Window, b: Polygon, second: Window) -> float | None:
    """Give how far two pieces, each cut to its window, agree where both windows look: 0 to 1.

    None where the windows share nothing, or show nothing there, in which to compare the two.
    """
    left, right = max(first.left, second.left), min(first.right, second.right)
    top, bottom = max(first.top, second.top), min(first.bottom, second.bottom)
    wide, high = right - left >= NARROW_PX, bottom - top >= NARROW_PX
    found = None
    if wide and not high:
        edges = (first.top, first.bottom, second.top, second.bottom)
        found = _across(1, a, b, edges, (left, right))
    elif high and not wide:
        edges = (first.left, first.right, second.left, second.right)
        found = _across(0, a, b, edges, (top, bottom))
    strip = (left, top, right, bottom)
    if right <= left or bottom <= top:
        # There is no strip where windows touch.
        return found
    if (wide and high) or (found is None and (_lies_in(strip, a) or _lies_in(strip, b))):
        found = _inside(strip, a, b)
    return found


def _lies_in(strip: Rectangle, polygon: Polygon) -> bool:
    """Tell whether a piece lies wholly inside a strip; rounding excused."""
    low, high = polygon.min(axis=0) + AT_EDGE_PX, polygon.max(axis=0) - AT_EDGE_PX
    left, top, right, bottom = strip
    return bool(low[0] >= left and low[1] >= top and high[0] <= right and high[1] <= bottom)


def _inside(strip: Rectangle, a: Polygon, b: Polygon) -> float | None:
    """Compare the parts in a strip."""
    one, other = clip_polygon(a, strip), clip_polygon(b, strip)
    one_area = polygon_area(one) if len(one) else 0.0
    other_area = polygon_area(other) if len(other) else 0.0
    if max(one_area, other_area) < LEAST_PX2:
        return None
    if min(one_area, other_area) == 0:
        return 0.0
    shared = shared_area(one, other)
    return shared / (one_area + other_area - shared)


def _across(
    axis: int, a: Polygon, b: Polygon, edges: tuple[float, float, float, float], shared: Span
) -> float | None:
    """Compare the lengths in which two pieces cut an edge across `axis` (0 for x).

    `edges` are the least and greatest place of both windows along it, and `shared` is what they
    share of the other axis.
    """
    a_low, a_high, b_low, b_high = edges
    if a_low > b_low:
        a, a_high, b, b_low = b, b_high, a, a_low
    if a[:, axis].max() < a_high - REACH_PX or b[:, axis].min() > b_low + REACH_PX:
        return None
    found = None
    thin = min(float(np.ptp(a[:, axis])), float(np.ptp(b[:, axis]))) / 2
    # A piece that is cut exactly is widest at the edge; one that ends before it, further in.
    for depth in (min(AT_EDGE_PX, thin), REACH_PX):
        one = _chord(a, axis, a_high - depth, shared)
        other = _chord(b, axis, b_low + depth, shared)
        if one and other:
            both = min(one[1], other[1]) - max(one[0], other[0])
            joined = max(one[1], other[1]) - min(one[0], other[0])
            found = max(found or 0.0, both / joined)
    return found


def _chord(polygon: Polygon, axis: int, place: float, shared: Span) -> Span | None:
    """Give from where to where a convex polygon is cut by the line at `place` along `axis`."""
    p, q = polygon, np.roll(polygon, -1, axis=0)
    from_line, to_line = p[:, axis] - place, q[:, axis] - place
    crosses = (from_line <= 0) != (to_line <= 0)
    if not crosses.any():
        return None
    p, q = p[crosses], q[crosses]
    share = from_line[crosses] / (from_line[crosses] - to_line[crosses])
    met = p[:, 1 - axis] + share * (q[:, 1 - axis] - p[:, 1 - axis])
    low, high = max(float(met.min()), shared[0]), min(float(met.max()), shared[1])
    return (low, high) if high > low else None


def is_cut(polygon: Polygon, window: Window) -> bool:
    """Tell whether a piece reaches an inner edge of its window: it may go on beyond."""
    (left, top), (right, bottom) = polygon.min(axis=0), polygon.max(axis=0)
    reaches = (
        left < window.left + REACH_PX, top < window.top + REACH_PX,
        right > window.right - REACH_PX, bottom > window.bottom - REACH_PX,
    )  # fmt: skip
    return any(near and inner for near, inner in zip(reaches, window.inner, strict=True))
