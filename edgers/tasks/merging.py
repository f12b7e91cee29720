"""One rectangle for an object that was seen in pieces."""

import numpy as np

from edgers.kernels.polygons import Polygon


def rectangle_around(polygons: list[Polygon], *, upright: bool) -> Polygon:
    """Give the smallest rectangle around polygons, (4, 2): along the axes, or of any direction.

    A smallest rectangle has a side along the convex hull (Freeman and Shapira, 1975).
    """
    points = np.concatenate(polygons)
    if upright:
        (left, top), (right, bottom) = points.min(axis=0), points.max(axis=0)
        return np.array([[left, top], [right, top], [right, bottom], [left, bottom]])
    hull = hull_of(points)
    sides = np.roll(hull, -1, axis=0) - hull
    lengths = np.hypot(sides[:, 0], sides[:, 1])
    # A side that rounding made has no direction.
    is_side = lengths > 1e-6 * lengths.max()
    along = sides[is_side] / lengths[is_side, None]
    across = np.stack([-along[:, 1], along[:, 0]], axis=1)
    areas = np.ptp(along @ hull.T, axis=1) * np.ptp(across @ hull.T, axis=1)
    return rectangle_along(along[int(np.argmin(areas))], hull)


def rectangle_along(direction: Polygon, points: Polygon) -> Polygon:
    """Give the rectangle around points, (4, 2), with a side along a direction, (2,) of length 1."""
    axes = np.array([direction, (-direction[1], direction[0])])
    (low_x, low_y), (high_x, high_y) = (points @ axes.T).min(axis=0), (points @ axes.T).max(axis=0)
    corners = np.array([[low_x, low_y], [high_x, low_y], [high_x, high_y], [low_x, high_y]])
    found: Polygon = corners @ axes
    return found


def hull_of(points: Polygon) -> Polygon:
    """Give the convex hull in the sense of `kernels.boxes` (Andrew's monotone chain, 1979)."""
    ordered = np.unique(points, axis=0)
    lower, upper = _chain(ordered), _chain(ordered[::-1])
    return np.array(lower[:-1] + upper[:-1])


def _chain(points: Polygon) -> list[tuple[float, float]]:
    chain: list[tuple[float, float]] = []
    for x, y in points.tolist():
        while len(chain) > 1:
            (px, py), (qx, qy) = chain[-2:]
            if (qx - px) * (y - py) - (qy - py) * (x - px) > 0:
                break
            chain.pop()
        chain.append((x, y))
    return chain
