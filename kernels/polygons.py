"""Polygons and the rectangles that cut them: what their numbers mean, and the checks on them."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from edgers.errors import BadInputError

Polygon = npt.NDArray[np.float64]
"""Vertices x, y in order around, (vertex, 2); the last is joined to the first."""
Rectangle = tuple[float, float, float, float]
"""Least x, least y, greatest x and greatest y of a rectangle along the axes."""

QUAD_VERTICES = 16
"""Most vertices that a rectangle leaves of a quadrilateral, be it concave or crossing itself: a cut
adds at most half as many sides as it crosses. Two cuts at x cross 4 sides each, and leave 4 + 2 + 2
sides; the two at y cross these, but not each other's, and leave 8 + 4 + 4. Of a convex one: 8."""

STRAIGHT = 1e-9
"""Radians of a turn that may be the rounding of vertices on one line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClippedQuads:
    """What a rectangle leaves of quadrilaterals."""

    vertices: npt.NDArray[np.float64]
    """x, y in order around, (quad, 16, 2); NaN after the last one."""
    counts: npt.NDArray[np.int32]
    """Vertices of each, (quad,); 0 where nothing is left, or a corner was not finite."""
    areas: npt.NDArray[np.float64]
    """Area of each in square pixels, (quad,); NaN where a corner was not finite."""


def polygon_of(vertices: npt.NDArray[np.number]) -> Polygon:
    """Give vertices as float64; raise `BadInputError` unless they are three finite ones or more."""
    if vertices.ndim != 2 or vertices.shape[1] != 2 or len(vertices) < 3:
        raise BadInputError(
            "this is not a polygon.",
            seen=f"an array of shape {vertices.shape}.",
            rule="a polygon is (vertex, 2), x and y, with three vertices or more.",
            fix="give the vertices in order around, without the first one again at the end.",
        )
    if not np.isfinite(vertices).all():
        raise BadInputError(
            "this polygon has a vertex that is nowhere.",
            seen=f"{int((~np.isfinite(vertices)).sum())} numbers that are not finite.",
            rule="a polygon has finite vertices.",
            fix="leave out the objects without a place.",
        )
    return np.ascontiguousarray(vertices, dtype=np.float64)


def quads_of(quads: npt.NDArray[np.number]) -> npt.NDArray[np.float64]:
    """Give quadrilaterals as float64; raise `BadInputError` unless they are (quad, 4, 2)."""
    if quads.ndim != 3 or quads.shape[1:] != (4, 2):
        raise BadInputError(
            "these are not quadrilaterals.",
            seen=f"an array of shape {quads.shape}.",
            rule="quadrilaterals are (quad, 4, 2): four pairs of x and y each.",
            fix="reshape eight numbers each with reshape(-1, 4, 2).",
        )
    return np.ascontiguousarray(quads, dtype=np.float64)


def check_rectangle(rectangle: Rectangle) -> None:
    """Raise `BadInputError` unless a rectangle is finite and has an area."""
    left, top, right, bottom = rectangle
    if not (np.isfinite(rectangle).all() and left < right and top < bottom):
        raise BadInputError(
            "this rectangle has no area.",
            seen=f"x from {left} to {right}, y from {top} to {bottom}.",
            rule="a rectangle is least x, least y, greatest x, greatest y, all finite.",
            fix="give the lower number of each axis first.",
        )


def convex_of(vertices: npt.NDArray[np.number]) -> Polygon:
    """Give a convex polygon with its inside on the side of greater y of a side along +x.

    Raises `BadInputError` for one that is not convex, turns more than once, or has no area.
    """
    polygon = polygon_of(vertices)
    sides = np.roll(polygon, -1, axis=0) - polygon
    sides = sides[(sides != 0).any(axis=1)]
    following = np.roll(sides, -1, axis=0)
    cross = sides[:, 0] * following[:, 1] - sides[:, 1] * following[:, 0]
    turns = np.arctan2(cross, (sides * following).sum(axis=1))
    goes_back = (abs(turns) > np.pi - STRAIGHT).any()
    left, right = int((turns > STRAIGHT).sum()), int((turns < -STRAIGHT).sum())
    turns_once = abs(abs(turns.sum()) - 2 * np.pi) < 1
    if goes_back or not turns_once or (left and right):
        raise BadInputError(
            "this polygon is not convex.",
            seen=f"{left} turns to one side and {right} to the other.",
            rule="what cuts a polygon is convex: all its turns go the same way, once around.",
            fix="cut by convex parts, one after the other.",
        )
    return polygon if turns.sum() > 0 else np.ascontiguousarray(polygon[::-1])
