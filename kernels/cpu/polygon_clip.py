"""Polygons cut by a rectangle or a convex polygon, in two buffers that are used in turn."""

from typing import Any

import numpy as np
import numpy.typing as npt

from edgers.kernels.jit import kernel
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

Array = npt.NDArray[Any]


def polygon_area(polygon: npt.NDArray[np.number]) -> float:
    """As the reference."""
    points = polygon_of(polygon)
    return float(area_of(points, len(points)))


def clip_polygon(polygon: npt.NDArray[np.number], rectangle: Rectangle) -> Polygon:
    """As the reference."""
    check_rectangle(rectangle)
    # Each of two cuts adds at most half of n sides, each of the next two half of 2n.
    points = polygon_of(polygon)
    here, there = np.empty((2, 4 * len(points), 2))
    here[: len(points)] = points
    count = cut_to_rectangle(here, there, len(points), *map(float, rectangle))
    return _left(here, count)


def clip_to_convex(polygon: npt.NDArray[np.number], convex: npt.NDArray[np.number]) -> Polygon:
    """As the reference."""
    points = polygon_of(polygon)
    found, count = _clip_to_convex(points, convex_of(convex))
    return _left(found, count)


def clip_quads(quads: npt.NDArray[np.number], rectangle: Rectangle) -> ClippedQuads:
    """As the reference; a quadrilateral inside of the rectangle is copied, one beyond passed by."""
    check_rectangle(rectangle)
    corners = quads_of(quads)
    vertices = np.empty((len(corners), QUAD_VERTICES, 2))
    counts = np.empty(len(corners), np.int32)
    areas = np.empty(len(corners))
    left, top, right, bottom = map(float, rectangle)
    _clip_quads(corners, left, top, right, bottom, vertices, counts, areas)
    return ClippedQuads(vertices=vertices, counts=counts, areas=areas)


def shared_area(a: Polygon, b: Polygon) -> float:
    """Area that two convex polygons share, both in the sense of `corners_from_boxes`; unchecked."""
    found, count = _clip_to_convex(a, b)
    return float(area_of(found, count))


def _left(points: Array, count: int) -> Polygon:
    return np.array(points[:count] if area_of(points, count) > 0 else points[:0])


@kernel
def cut_to_rectangle(
    here: Array, there: Array, count: int, left: float, top: float, right: float, bottom: float
) -> int:
    """Cut the polygon in `here` (vertex, 2) by four sides, and leave it there."""
    count = _cut_axis(here, count, 0, -1.0, left, there)
    count = _cut_axis(there, count, 0, 1.0, right, here)
    count = _cut_axis(here, count, 1, -1.0, top, there)
    return _cut_axis(there, count, 1, 1.0, bottom, here)


@kernel
def area_of(points: Array, count: int) -> float:
    """Sum the triangles at the first vertex."""
    if count < 3:
        return 0.0
    x, y = points[0, 0], points[0, 1]
    total = 0.0
    a, b = points[1, 0] - x, points[1, 1] - y
    for i in range(2, count):
        c, d = points[i, 0] - x, points[i, 1] - y
        total += a * d - b * c
        a, b = c, d
    return abs(total) / 2


@kernel
def _cut_axis(
    points: Array, count: int, axis: int, sign: float, bound: float, kept: Array
) -> int:  # fmt: skip
    if count == 0:
        return 0
    other, found = 1 - axis, 0
    p, p_other = points[count - 1, axis], points[count - 1, other]
    d = sign * (bound - p)
    for i in range(count):
        q, q_other = points[i, axis], points[i, other]
        e = sign * (bound - q)
        if (d >= 0) != (e >= 0):
            kept[found, axis] = bound
            kept[found, other] = p_other + d / (d - e) * (q_other - p_other)
            found += 1
        if e >= 0:
            kept[found, axis], kept[found, other] = q, q_other
            found += 1
        p_other, d = q_other, e
    return found


@kernel
def _clip_to_convex(points: Array, convex: Array) -> tuple[Array, int]:
    count = len(points)
    for i in range(len(convex)):
        x, y = convex[i, 0], convex[i, 1]
        following = i + 1 if i + 1 < len(convex) else 0
        along_x, along_y = convex[following, 0] - x, convex[following, 1] - y
        kept = np.empty((count + count // 2 + 1, 2))
        count = _cut_line(points, count, x, y, along_x, along_y, kept)
        points = kept
    return points, count


@kernel
def _cut_line(
    points: Array, count: int, x: float, y: float, along_x: float, along_y: float, kept: Array
) -> int:
    if count == 0:
        return 0
    found = 0
    px, py = points[count - 1, 0], points[count - 1, 1]
    d = along_x * (py - y) - along_y * (px - x)
    for i in range(count):
        qx, qy = points[i, 0], points[i, 1]
        e = along_x * (qy - y) - along_y * (qx - x)
        if (d >= 0) != (e >= 0):
            share = d / (d - e)
            kept[found, 0], kept[found, 1] = px + share * (qx - px), py + share * (qy - py)
            found += 1
        if e >= 0:
            kept[found, 0], kept[found, 1] = qx, qy
            found += 1
        px, py, d = qx, qy, e
    return found


@kernel
def _clip_quads(
    quads: Array, left: float, top: float, right: float, bottom: float,
    vertices: Array, counts: Array, areas: Array,
) -> None:  # fmt: skip
    here, there = np.empty((QUAD_VERTICES, 2)), np.empty((QUAD_VERTICES, 2))
    for i in range(len(quads)):
        count, is_finite = 4, True
        for k in range(4):
            x, y = quads[i, k, 0], quads[i, k, 1]
            is_finite &= x - x == 0 and y - y == 0
            here[k, 0], here[k, 1] = x, y
        if not is_finite:
            count = 0
        elif not _is_within(quads[i], left, top, right, bottom):
            count = cut_to_rectangle(here, there, 4, left, top, right, bottom)
        area = area_of(here, count)
        count = count if area > 0 else 0
        areas[i], counts[i] = area if is_finite else np.nan, count
        for k in range(QUAD_VERTICES):
            vertices[i, k, 0] = here[k, 0] if k < count else np.nan
            vertices[i, k, 1] = here[k, 1] if k < count else np.nan


@kernel
def _is_within(quad: Array, left: float, top: float, right: float, bottom: float) -> bool:
    found = True
    for k in range(4):
        x, y = quad[k, 0], quad[k, 1]
        found &= left <= x <= right and top <= y <= bottom
    return found


WARMUP = (
    lambda: clip_polygon(np.eye(3, 2), (0.0, 0.0, 1.0, 1.0)),
    lambda: clip_to_convex(np.eye(3, 2), np.eye(3, 2)),
    lambda: clip_quads(np.zeros((1, 4, 2)), (0.0, 0.0, 1.0, 1.0)),
    lambda: polygon_area(np.eye(3, 2)),
    lambda: shared_area(np.eye(3, 2), np.eye(3, 2)),
)
