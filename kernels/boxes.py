"""Oriented boxes: what their numbers mean, their corners, and the checks on them.

A box is float32 (centre x, centre y, width, height, angle): pixels, with x along the columns and y
along the rows, downward, and radians. The angle turns the side `width` from the x axis toward the y
axis, which is clockwise as an image is shown (counter-clockwise where y is drawn upward). It is
OpenCV's `RotatedRect` angle in radians, and MMRotate's `le90` (its `angle_version`, 2022) where
width >= height and -pi/2 <= angle < pi/2; any other angle is taken too. A box along the axes has
the angle 0.
"""

import numpy as np
import numpy.typing as npt

from edgers.errors import BadInputError

Boxes = npt.NDArray[np.float32]
"""Oriented boxes, (box, 5): centre x, centre y, width, height, angle."""
Corners = npt.NDArray[np.float64]
"""Corners x, y in order around each quadrilateral, (box, corner, 2)."""
Frames = npt.NDArray[np.float64]
"""Boxes made ready, (box, 6): centre x, y, half width, half height, cosine and sine of the angle.
Boxes without an area, or with a number that is not finite, are NaN throughout."""


def check_boxes(name: str, boxes: Boxes) -> None:
    """Raise `BadInputError` unless `boxes` is float32 (box, 5)."""
    if boxes.ndim != 2 or boxes.shape[1] != 5 or boxes.dtype != np.float32:
        raise BadInputError(
            f"{name} are not oriented boxes.",
            seen=f"an array of {boxes.dtype} with shape {boxes.shape}.",
            rule="oriented boxes are float32 (box, 5): centre x, centre y, width, height, radians.",
            fix="convert with astype(float32); make boxes of corners with boxes_from_corners.",
        )


def frames_from_boxes(boxes: Boxes) -> Frames:
    """Give boxes as the kernels take them; one place, so that all forms see the same sines."""
    wide = np.ascontiguousarray(boxes.T, dtype=np.float64)
    frames = np.empty((len(boxes), 6))
    frames[:, :2] = wide[:2].T
    half = wide[2:4] / 2
    frames[:, 2:4] = half.T
    with np.errstate(invalid="ignore"):
        frames[:, 4], frames[:, 5] = np.cos(wide[4]), np.sin(wide[4])
    frames[~(np.isfinite(wide).all(axis=0) & (half > 0).all(axis=0))] = np.nan
    return frames


def corners_from_boxes(boxes: Boxes) -> Corners:
    """Give the corners of boxes (box, 5) as float64 (box, 4, 2).

    The first is at (-width/2, -height/2) of the box's own axes, the next ones follow in the sense
    of the angle. NaN in a box gives NaN corners. Raises `BadInputError` for another type or shape.
    """
    check_boxes("boxes", boxes)
    wide = boxes.astype(np.float64)
    with np.errstate(invalid="ignore"):
        along = wide[:, 2:3] / 2 * np.stack([np.cos(wide[:, 4]), np.sin(wide[:, 4])], axis=1)
        across = wide[:, 3:4] / 2 * np.stack([-np.sin(wide[:, 4]), np.cos(wide[:, 4])], axis=1)
        sides = [-along - across, along - across, along + across, across - along]
        found: Corners = wide[:, None, :2] + np.stack(sides, axis=1)
    return found


def boxes_from_corners(corners: npt.NDArray[np.number]) -> Boxes:
    """Give the smallest rectangle around each quadrilateral, (box, 4, 2), as boxes (box, 5).

    Corners are x, y in any order. A smallest rectangle has a side along the convex hull (Freeman
    and Shapira, 1975), whose sides are among the six lines through two corners. The boxes follow
    `le90`: width >= height, -pi/2 <= angle < pi/2. A corner that is not finite gives a NaN box,
    four equal corners a box of size 0 and angle 0. Raises `BadInputError` for another shape.
    """
    if corners.ndim != 3 or corners.shape[1:] != (4, 2):
        raise BadInputError(
            "these are not corners of boxes.",
            seen=f"an array of shape {corners.shape}.",
            rule="corners are (box, 4, 2): four pairs of x and y.",
            fix="reshape eight numbers a box with reshape(-1, 4, 2).",
        )
    points = corners.astype(np.float64)
    points[~np.isfinite(points).all(axis=(1, 2))] = np.nan
    first, second = np.triu_indices(4, 1)
    sides = points[:, second] - points[:, first]
    lengths = np.hypot(sides[..., 0], sides[..., 1])
    # Two equal corners have no line; along x there is a rectangle too, if no smaller one.
    sides[lengths == 0] = (1, 0)
    along = sides / np.where(lengths == 0, 1, lengths)[..., None]
    axes = np.stack([along, np.stack([-along[..., 1], along[..., 0]], axis=-1)], axis=2)
    spans = np.einsum("blsk,bck->blsc", axes, points)
    return _smallest(axes, spans.min(axis=3), spans.max(axis=3))


def _smallest(axes: Corners, low: Corners, high: Corners) -> Boxes:
    """Take the smallest rectangle from `low` to `high` along one of `axes` (box, line, side, 2)."""
    sizes = high - low
    best = sizes.prod(axis=2).argmin(axis=1)
    box = np.arange(len(axes))
    sizes, axes = sizes[box, best], axes[box, best]
    middle = (low + high)[box, best] / 2
    centers = np.einsum("bs,bsk->bk", middle, axes)
    is_upright = sizes[:, 1] > sizes[:, 0]
    width = np.where(is_upright[:, None], axes[:, 1], axes[:, 0])
    angle = np.arctan2(width[:, 1], width[:, 0]).astype(np.float32)
    # In float32, as the boxes are: half a turn more or less is the same box.
    half, turn = np.float32(np.pi / 2), np.float32(np.pi)
    angle = np.where(angle >= half, angle - turn, angle)
    angle = np.where(angle < -half, angle + turn, angle)
    sizes = -np.sort(-sizes, axis=1)
    return np.concatenate([centers, sizes, angle[:, None]], axis=1).astype(np.float32)
