"""Intersection over union of oriented boxes."""

import numpy as np
import numpy.typing as npt

from edgers.kernels.boxes import Boxes, check_boxes, frames_from_boxes
from edgers.kernels.reference.polygon_clip import area_of, points_in


def oriented_iou(a: Boxes, b: Boxes) -> npt.NDArray[np.float32]:
    """Give the area in both boxes over the area in one or both, for each pair.

    `a` (n, 5) and `b` (m, 5) are float32 as `edgers.kernels.boxes` says; the result is float32
    (n, m), 0 to 1. Boxes are cut exactly (Sutherland and Hodgman, 1974), in float64 and relative to
    the box of `b`, so that neither far nor thin boxes lose accuracy. Boxes without an area, with
    NaN or with infinity have 0 with all; so have boxes that only touch. Raises `BadInputError` for
    another type or shape.
    """
    check_boxes("boxes of a", a)
    check_boxes("boxes of b", b)
    found = [
        [iou_of_frames(one, other) for other in frames_from_boxes(b).tolist()]
        for one in frames_from_boxes(a).tolist()
    ]
    return np.array(found, np.float32).reshape(len(a), len(b))


def iou_of_frames(a: list[float], b: list[float]) -> float:
    """Give the overlap of two boxes, each as one row of `Frames`, before it is rounded to float32.

    Box `a` is moved into the axes of `b`, where `b` is a rectangle around 0.
    """
    ax, ay, a_width, a_height, a_cos, a_sin = a
    bx, by, b_width, b_height, b_cos, b_sin = b
    if np.isnan(ax) or np.isnan(bx):
        return 0.0
    dx, dy = ax - bx, ay - by
    x, y = dx * b_cos + dy * b_sin, dy * b_cos - dx * b_sin
    cos, sin = a_cos * b_cos + a_sin * b_sin, a_sin * b_cos - a_cos * b_sin
    along_x, along_y = a_width * cos, a_width * sin
    across_x, across_y = -a_height * sin, a_height * cos
    corners = [
        [x - along_x - across_x, y - along_y - across_y],
        [x + along_x - across_x, y + along_y - across_y],
        [x + along_x + across_x, y + along_y + across_y],
        [x - along_x + across_x, y - along_y + across_y],
    ]
    shared = area_of(points_in(corners, (-b_width, -b_height, b_width, b_height)))
    a_area, b_area = 4 * a_width * a_height, 4 * b_width * b_height
    # Rounding may make the overlap of equal boxes a little greater than both.
    shared = min(shared, a_area, b_area)
    return shared / (a_area + b_area - shared)
