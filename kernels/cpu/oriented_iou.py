"""Intersection over union of oriented boxes: most pairs are told apart 16 at a time."""

from typing import Any

import numpy as np
import numpy.typing as npt

from edgers.kernels.boxes import Boxes, check_boxes, frames_from_boxes
from edgers.kernels.cpu.polygon_clip import area_of, cut_to_rectangle
from edgers.kernels.jit import kernel

Array = npt.NDArray[Any]
Row = tuple[float, float, float, float, float, float]
"""A row of `Frames`."""

AT_ONCE = 1024
"""Boxes of b that are looked at for one box of a: with their reach they stay in the L1 cache."""
SLACK = 1e-12
"""Boxes are told apart without being cut only if there is this gap between them, of the sum of
their sizes: 4000 times what float64 may round, so that a cut would leave nothing either."""
CERTAIN = 1e-9
"""Share of the threshold within which bounds decide nothing, and the boxes are cut."""
NARROW_SLACK = np.float32(1 + 1e-6)
"""The same for float32, which rounds differences and sums to 6e-8."""


def oriented_iou(a: Boxes, b: Boxes) -> npt.NDArray[np.float32]:
    """As the reference; only boxes whose bounds meet are cut."""
    check_boxes("boxes of a", a)
    check_boxes("boxes of b", b)
    a_frames, b_frames = frames_from_boxes(a), frames_from_boxes(b)
    out = np.zeros((len(a), len(b)), np.float32)
    _oriented_iou(a_frames, _bounds(a_frames), b_frames, _bounds(b_frames), out)
    return out


@kernel
def _bounds(frames: Array) -> Array:
    """Give centre and reach along x and y, (4, box); centres were float32 and are so exactly."""
    bounds = np.empty((4, len(frames)), np.float32)
    for i in range(len(frames)):
        reach_x, reach_y = reach_of_row(row_of(frames, i))
        bounds[0, i], bounds[1, i] = frames[i, 0], frames[i, 1]
        bounds[2, i], bounds[3, i] = reach_x, reach_y
    return bounds


@kernel
def _oriented_iou(
    a: Array, a_bounds: Array, b: Array, b_bounds: Array, out: Array
) -> None:  # fmt: skip
    is_near, work = np.empty(AT_ONCE, np.uint8), np.empty((2, 16, 2))
    eights = is_near.view(np.uint64)
    for begin in range(0, len(b), AT_ONCE):
        count = min(AT_ONCE, len(b) - begin)
        is_near[count:] = 0
        near = b_bounds[:, begin : begin + count]
        for i in range(len(a)):
            _find_near(a_bounds[:, i], near[0], near[1], near[2], near[3], is_near)
            for eight in range((count + 7) // 8):
                if eights[eight]:
                    for k in range(8 * eight, 8 * eight + 8):
                        if is_near[k]:
                            found = iou_of_rows(row_of(a, i), row_of(b, begin + k), work)
                            out[i, begin + k] = np.float32(found)


@kernel
def _find_near(
    one: Array, x: Array, y: Array, reach_x: Array, reach_y: Array, is_near: Array
) -> None:
    a_x, a_y, a_reach_x, a_reach_y = one[0], one[1], one[2], one[3]
    for k in range(len(x)):
        near_x = abs(a_x - x[k]) <= (a_reach_x + reach_x[k]) * NARROW_SLACK
        near_y = abs(a_y - y[k]) <= (a_reach_y + reach_y[k]) * NARROW_SLACK
        is_near[k] = near_x & near_y


@kernel
def row_of(frames: Array, i: int) -> Row:
    """Give a row of `Frames`. As numbers, since Numba counts who holds an array at each call."""
    return (
        frames[i, 0], frames[i, 1], frames[i, 2], frames[i, 3], frames[i, 4], frames[i, 5],
    )  # fmt: skip


@kernel
def reach_of_row(row: Row) -> tuple[float, float]:
    """Give how far a box goes from its centre along x and y; no box goes beyond.

    It is greater than that by the slack, so that bounds never miss each other where boxes meet.
    """
    _, _, width, height, cos, sin = row
    cos, sin, slack = abs(cos), abs(sin), SLACK * (width + height)
    return width * cos + height * sin + slack, width * sin + height * cos + slack


@kernel
def overlap_by_bounds(a: Row, b: Row, threshold: float) -> int:
    """Give 1 if boxes certainly overlap by more than a threshold, -1 if certainly not, or else 0.

    None of the two may be NaN.
    """
    least, most = _shared_bounds(a, b)
    both = 4 * a[2] * a[3] + 4 * b[2] * b[3]
    if most == 0 or most < (1 - CERTAIN) * threshold * (both - most):
        return -1
    return 1 if least > (1 + CERTAIN) * threshold * (both - least) else 0


@kernel
def _shared_bounds(a: Row, b: Row) -> tuple[float, float]:
    """Give an area that two boxes share at least (or less than 0), and one that they share at most.

    Along the axes of either box, they share no more than their bounds do; and both together are no
    larger than the bounds of both.
    """
    a_x, a_y, a_width, a_height, a_cos, a_sin = a
    b_x, b_y, b_width, b_height, b_cos, b_sin = b
    dx, dy = a_x - b_x, a_y - b_y
    slack = SLACK * (a_width + a_height + b_width + b_height)
    cos, sin = abs(a_cos * b_cos + a_sin * b_sin), abs(a_sin * b_cos - a_cos * b_sin)
    reach, half = a_width * cos + a_height * sin, b_width
    place = abs(dx * b_cos + dy * b_sin)
    most, all_of = _shared(place, reach, half, slack), _joined(place, reach, half, slack)
    reach, half = a_width * sin + a_height * cos, b_height
    place = abs(dy * b_cos - dx * b_sin)
    most *= _shared(place, reach, half, slack)
    all_of *= _joined(place, reach, half, slack)
    least = 4 * a_width * a_height + 4 * b_width * b_height - all_of
    turned = _shared(
        abs(dx * a_cos + dy * a_sin), b_width * cos + b_height * sin, a_width, slack
    ) * _shared(abs(dy * a_cos - dx * a_sin), b_width * sin + b_height * cos, a_height, slack)
    return least, min(most, turned)


@kernel
def _shared(place: float, reach: float, half: float, slack: float) -> float:
    """Length that lies both within `reach` of a place >= 0 and within `half` of 0."""
    return max(min(half, place + reach) - max(-half, place - reach) + slack, 0.0)


@kernel
def _joined(place: float, reach: float, half: float, slack: float) -> float:
    """Length from the first to the last of these."""
    return max(half, place + reach) - min(-half, place - reach) + slack


@kernel
def iou_of_rows(a: Row, b: Row, work: Array) -> float:
    """Give the overlap of two boxes that are not NaN; `work` is (2, 16, 2)."""
    if _shared_bounds(a, b)[1] == 0:
        return 0.0
    here, there = work[0], work[1]
    a_x, a_y, a_width, a_height, a_cos, a_sin = a
    b_x, b_y, b_width, b_height, b_cos, b_sin = b
    dx, dy = a_x - b_x, a_y - b_y
    x, y = dx * b_cos + dy * b_sin, dy * b_cos - dx * b_sin
    cos, sin = a_cos * b_cos + a_sin * b_sin, a_sin * b_cos - a_cos * b_sin
    along_x, along_y = a_width * cos, a_width * sin
    across_x, across_y = -a_height * sin, a_height * cos
    here[0, 0], here[0, 1] = x - along_x - across_x, y - along_y - across_y
    here[1, 0], here[1, 1] = x + along_x - across_x, y + along_y - across_y
    here[2, 0], here[2, 1] = x + along_x + across_x, y + along_y + across_y
    here[3, 0], here[3, 1] = x - along_x + across_x, y - along_y + across_y
    count = cut_to_rectangle(here, there, 4, -b_width, -b_height, b_width, b_height)
    a_area, b_area = 4 * a_width * a_height, 4 * b_width * b_height
    shared = min(area_of(here, count), a_area, b_area)
    return shared / (a_area + b_area - shared)


WARMUP = (lambda: oriented_iou(np.ones((1, 5), np.float32), np.ones((1, 5), np.float32)),)
