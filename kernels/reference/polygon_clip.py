"""Polygons cut by a rectangle or a convex polygon (Sutherland and Hodgman, 1974), and their areas.

A polygon is cut by one line after the other. Where a concave one falls apart, its parts stay joined
by sides along the cutting line, which have no area: the area is right all the same. The area of a
polygon that crosses itself is that of its parts with their sign, as `polygon_area` says.
"""

from itertools import pairwise

import numpy as np
import numpy.typing as npt

from edgers.kernels.polygons import (
    QUAD_VERTICES,
    ClippedQuads,
    Polygon,
    Rectangle,
    check_rectangle,
    convex_of,
    polygon_of,
    quads_of,
)

Points = list[list[float]]


def polygon_area(polygon: npt.NDArray[np.number]) -> float:
    """Give the area of a polygon (vertex, 2): positive, whichever way around it is.

    Parts around which the vertices go the other way count against the rest. Raises `BadInputError`
    for fewer than three vertices, or ones that are not finite.
    """
    return area_of(polygon_of(polygon).tolist())


def clip_polygon(polygon: npt.NDArray[np.number], rectangle: Rectangle) -> Polygon:
    """Give the part of a polygon (vertex, 2) in a rectangle, (least x, least y, greatest x and y).

    The result is float64 (vertex, 2), in the same sense around; (0, 2) where no area is left, as of
    a polygon that only touches. Raises `BadInputError` for a polygon of fewer than three vertices
    or ones that are not finite, and for a rectangle without an area.
    """
    check_rectangle(rectangle)
    return _array_of(points_in(polygon_of(polygon).tolist(), rectangle))


def clip_to_convex(polygon: npt.NDArray[np.number], convex: npt.NDArray[np.number]) -> Polygon:
    """Give the part of a polygon (vertex, 2) in a convex polygon (vertex, 2) of either sense.

    As `clip_polygon`; raises `BadInputError` also where `convex` is not.
    """
    points = polygon_of(polygon).tolist()
    around = convex_of(convex).tolist()
    for (x, y), (next_x, next_y) in zip(around, around[1:] + around[:1], strict=True):
        along_x, along_y = next_x - x, next_y - y
        distances = [along_x * (p[1] - y) - along_y * (p[0] - x) for p in points]
        points = _cut(points, distances)
    return _array_of(points)


def clip_quads(quads: npt.NDArray[np.number], rectangle: Rectangle) -> ClippedQuads:
    """Give the parts of quadrilaterals (quad, 4, 2) in one rectangle, as of boxes in a tile.

    Quadrilaterals may be concave. Where a corner is not finite, the area is NaN and no vertices
    are left. Raises `BadInputError` for another shape, and for a rectangle without an area.
    """
    check_rectangle(rectangle)
    corners = quads_of(quads)
    vertices = np.full((len(corners), QUAD_VERTICES, 2), np.nan)
    counts = np.zeros(len(corners), np.int32)
    areas = np.full(len(corners), np.nan)
    for i, quad in enumerate(corners):
        if np.isfinite(quad).all():
            found = points_in(quad.tolist(), rectangle)
            areas[i] = area_of(found)
            if areas[i] > 0:
                counts[i] = len(found)
                vertices[i, : len(found)] = found
    return ClippedQuads(vertices=vertices, counts=counts, areas=areas)


def points_in(points: Points, rectangle: Rectangle) -> Points:
    """Cut by the four sides of a rectangle."""
    left, top, right, bottom = rectangle
    for axis, sign, bound in ((0, -1.0, left), (0, 1.0, right), (1, -1.0, top), (1, 1.0, bottom)):
        points = _cut(points, [sign * (bound - p[axis]) for p in points], axis, bound)
    return points


def area_of(points: Points) -> float:
    """Sum the triangles at the first vertex: products stay small wherever the polygon lies."""
    total = 0.0
    for p, q in pairwise(points[1:]):
        a, b = p[0] - points[0][0], p[1] - points[0][1]
        c, d = q[0] - points[0][0], q[1] - points[0][1]
        total += a * d - b * c
    return abs(total) / 2


def _cut(
    points: Points, distances: list[float], axis: int | None = None, bound: float = 0
) -> Points:
    """Keep what is at a distance of 0 or more, with a new vertex wherever a side crosses 0.

    With `axis`, new vertices are at `bound` on it, however the crossing was rounded.
    """
    kept: Points = []
    for i in range(len(points)):
        (p, d), (q, e) = (points[i - 1], distances[i - 1]), (points[i], distances[i])
        if (d >= 0) != (e >= 0):
            share = d / (d - e)
            kept.append([p[0] + share * (q[0] - p[0]), p[1] + share * (q[1] - p[1])])
            if axis is not None:
                kept[-1][axis] = bound
        if e >= 0:
            kept.append(list(q))
    return kept


def _array_of(points: Points) -> Polygon:
    return np.array(points if area_of(points) > 0 else [], np.float64).reshape(-1, 2)
