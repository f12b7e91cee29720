"""Distance of every pixel from a line, by jump flooding on a coarser grid."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from edgers.export.flood_demo.frame import Field
from edgers.export.flood_demo.meander import Course
from edgers.export.flood_demo.resampling import enlarged

COARSENING = 4
"""Distances are computed for every 4th pixel: they vary smoothly enough to interpolate."""

MARGIN_CELLS = 24
"""Coarse cells kept around the scene, so that a line just outside still counts."""

Nearest = npt.NDArray[np.int32]


def signed_distance_px(course: Course, shape: tuple[int, int]) -> Field:
    """Return the distance from the course in pixels, [height, width]; infinite courses only.

    Positive on the right of the direction of travel, negative on the left, so the value passes
    linearly through 0 on the line and survives interpolation. For a line that ends inside the
    scene the sign is meaningless around the end: take the absolute value there.
    """
    x_px, y_px = _coarse_positions(shape)
    nearest = _nearest_points(course, x_px, y_px)
    away_x, away_y = x_px - course.x_px[nearest], y_px - course.y_px[nearest]
    heading = np.arctan2(np.gradient(course.y_px), np.gradient(course.x_px))[nearest]
    across = away_y * np.cos(heading) - away_x * np.sin(heading)
    # A coarse cell knows one point of the line, up to a cell off the nearest along the line.
    along = np.maximum(np.abs(away_x * np.cos(heading) + away_y * np.sin(heading)) - COARSENING, 0)
    coarse = np.copysign(np.hypot(across, along), across).astype(np.float32)
    inner = coarse[MARGIN_CELLS:-MARGIN_CELLS, MARGIN_CELLS:-MARGIN_CELLS]
    return enlarged(inner, COARSENING, shape)


def _coarse_positions(shape: tuple[int, int]) -> tuple[Field, Field]:
    rows, columns = (-(-size // COARSENING) + 2 * MARGIN_CELLS for size in shape)
    centre = 0.5 * (COARSENING - 1)
    y_px = (np.arange(rows, dtype=np.float32) - MARGIN_CELLS) * COARSENING + centre
    x_px = (np.arange(columns, dtype=np.float32) - MARGIN_CELLS) * COARSENING + centre
    return np.broadcast_to(x_px, (rows, columns)), np.broadcast_to(y_px[:, None], (rows, columns))


def _nearest_points(course: Course, x_px: Field, y_px: Field) -> Nearest:
    nearest = np.full(x_px.shape, -1, dtype=np.int32)
    columns = np.rint((course.x_px - x_px[0, 0]) / COARSENING).astype(np.intp)
    rows = np.rint((course.y_px - y_px[0, 0]) / COARSENING).astype(np.intp)
    inside = (rows >= 0) & (rows < x_px.shape[0]) & (columns >= 0) & (columns < x_px.shape[1])
    if not inside.any():
        return np.zeros(x_px.shape, dtype=np.int32)
    nearest[rows[inside], columns[inside]] = np.flatnonzero(inside)
    best = np.where(nearest >= 0, _squared(course, nearest, x_px, y_px), np.float32(np.inf))
    step = 1 << (max(x_px.shape) - 1).bit_length()
    while step > 1:
        step //= 2
        _flood_step(course, nearest, best, step, x_px, y_px)
    # One more unit step repairs most of the few cells that jump flooding settles wrongly.
    _flood_step(course, nearest, best, 1, x_px, y_px)
    return nearest


def _flood_step(
    course: Course, nearest: Nearest, best: Field, step: int, x_px: Field, y_px: Field
) -> None:
    rows, columns = nearest.shape
    before = nearest.copy()
    for down in (-step, 0, step):
        for along in (-step, 0, step):
            if (down, along) == (0, 0) or abs(down) >= rows or abs(along) >= columns:
                continue
            here = _window(-down, -along, rows, columns)
            there = before[_window(down, along, rows, columns)]
            distance = _squared(course, there, x_px[here], y_px[here])
            closer = (there >= 0) & (distance < best[here])
            nearest[here][closer] = there[closer]
            best[here][closer] = distance[closer]


def _window(down: int, along: int, rows: int, columns: int) -> tuple[slice, slice]:
    return (
        slice(max(down, 0), rows + min(down, 0)),
        slice(max(along, 0), columns + min(along, 0)),
    )


def _squared(course: Course, nearest: Nearest, x_px: Field, y_px: Field) -> Field:
    return (x_px - course.x_px[nearest]) ** 2 + (y_px - course.y_px[nearest]) ** 2
