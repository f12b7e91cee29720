"""The forms in which boxes are written down, made into corners."""

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from edgers.contract.boxes import BoxColumn, BoxHead
from edgers.kernels.boxes import boxes_from_corners, corners_from_boxes
from edgers.tasks.pieces import Corners

Numbers = npt.NDArray[np.float32]


def corners_of(
    head: BoxHead, columns: Mapping[BoxColumn, Numbers], cells: Corners | None,
    window_shape: tuple[int, int],
) -> Corners:  # fmt: skip
    """Give corners, (box, 4, 2), in pixels of the window; NaN where a size is below zero.

    `cells` are boxes of a dense head, decoded: centre and size. Eight numbers become the smallest
    rectangle around them.
    """
    numbers = columns["box"].astype(np.float64) if cells is None else cells
    height, width = window_shape
    if head.coordinates == "normalised":
        numbers = numbers.copy()
        shares = [width, height] * (4 if head.format == "polygon" else 2)
        numbers[:, : len(shares)] *= shares
    if head.format == "polygon":
        quads = numbers.reshape(-1, 4, 2)
        return corners_from_boxes(boxes_from_corners(quads)) if len(quads) else quads
    x, y, third, fourth = numbers[:, :4].T
    if head.format == "xyxy":
        x, y, third, fourth = (x + third) / 2, (y + fourth) / 2, third - x, fourth - y
    elif head.format == "xywh":
        x, y = x + third / 2, y + fourth / 2
    angles = _angles(head, columns, numbers)
    sides = np.where((third > 0) & (fourth > 0), [third, fourth], np.nan) / 2
    along = sides[0][:, None] * np.stack([np.cos(angles), np.sin(angles)], axis=1)
    across = sides[1][:, None] * np.stack([-np.sin(angles), np.cos(angles)], axis=1)
    steps = [-along - across, along - across, along + across, across - along]
    found: Corners = np.stack([x, y], axis=1)[:, None] + np.stack(steps, axis=1)
    return found


def _angles(
    head: BoxHead, columns: Mapping[BoxColumn, Numbers], numbers: Corners
) -> npt.NDArray[np.float64]:
    """Give angles in radians, clockwise, (box,)."""
    if not head.is_oriented:
        return np.zeros(len(numbers))
    angles: npt.NDArray[np.float64]
    if "direction" in columns:
        cosine, sine = columns["direction"].astype(np.float64).T
        angles = np.arctan2(sine, cosine) / 2
    else:
        angles = numbers[:, 4] if head.format == "cxcywha" else columns["angle"][:, 0].astype(float)
        angles = np.deg2rad(angles) if head.angle_unit == "degrees" else angles
    return -angles if head.turning == "counter-clockwise" else angles
