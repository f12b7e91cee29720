"""Non-maximum suppression of oriented boxes: kept boxes are looked up where they lie.

Kept boxes hang in a hash table by their place, in cells as large as the box, rounded up to a power
of two, so that they go half a cell beyond their own at most. A box is compared with what hangs in
the few cells of each size that it could reach.
"""

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from edgers.kernels.boxes import Boxes, frames_from_boxes
from edgers.kernels.cpu.oriented_iou import (
    iou_of_rows,
    overlap_by_bounds,
    reach_of_row,
    row_of,
)
from edgers.kernels.jit import kernel
from edgers.kernels.suppression import (
    Classes,
    Indices,
    Scores,
    check_suppression,
    ranked_boxes,
)

Array = npt.NDArray[Any]

FARTHEST_CELL = 2.0**40
"""Cells beyond hang together with this one: whole numbers have an end, and coordinates do not."""
SLACK = 1 + 1e-9
"""The reach of a search is longer by what rounding may take from it."""
NONE = -1
GROUP = 8


def rotated_nms(
    boxes: Boxes, scores: Scores, iou_threshold: float, *,
    classes: Classes | None = None, max_boxes: int | None = None,
) -> Indices:  # fmt: skip
    """As the reference; takes time in proportion to the boxes and to the kept ones near each."""
    check_suppression(boxes, scores, iou_threshold, classes, max_boxes)
    ranked = _ranked(boxes, scores)
    # As positions of classes: any of these is a float64, exactly.
    group = np.zeros(len(ranked))
    if classes is not None:
        group[:] = np.unique(classes, return_inverse=True)[1][ranked]
    most = len(ranked) if max_boxes is None else min(max_boxes, len(ranked))
    rows, level, least = _rows(frames_from_boxes(boxes[ranked]), group)
    sizes = np.ldexp(1.0, np.arange(least, least + 1 + level.max(initial=0)))
    return ranked[_keep(rows, level, sizes, float(iou_threshold), most)]


def _ranked(boxes: Boxes, scores: Scores) -> Indices:
    """As `ranked_boxes`: a sort of whole numbers takes a tenth of a stable sort of float32.

    The bits of a float32 above 0 grow with it and those of one below 0 shrink; the position, in
    the low half, tells equal scores apart.
    """
    if scores.dtype != np.float32:
        return ranked_boxes(boxes, scores)
    is_finite = np.isfinite(np.ascontiguousarray(boxes.T)).all(axis=0)
    usable = np.flatnonzero(is_finite & ~np.isnan(scores))
    bits = (0 - scores[usable]).view(np.uint32)
    order = np.where(bits >> 31, ~bits, bits | np.uint32(1 << 31))
    keys = (order.astype(np.uint64) << np.uint64(32)) | np.arange(len(usable), dtype=np.uint64)
    keys.sort()
    return usable[(keys & np.uint64(0xFFFFFFFF)).astype(np.int64)]


@kernel
def _rows(frames: Array, group: Array) -> tuple[Array, Array, int]:
    """Give what `_keep` goes through, the size of cells for each, and what power of 2 the first is.

    A box without an area has no frame: it will hang nowhere.
    """
    rows, level, least = np.empty((len(frames), 9)), np.zeros(len(frames), np.int64), 1024
    for i in range(len(frames)):
        rows[i, :6] = frames[i]
        rows[i, 6], rows[i, 7] = reach = reach_of_row(row_of(frames, i))
        rows[i, GROUP] = group[i]
        if frames[i, 0] == frames[i, 0]:
            level[i] = math.frexp(2 * max(reach[0], reach[1]))[1]
            least = min(least, level[i])
    for i in range(len(frames)):
        level[i] = level[i] - least if frames[i, 0] == frames[i, 0] else 0
    return rows, level, least if least < 1024 else 0


@kernel
def _keep(boxes: Array, level: Array, sizes: Array, threshold: float, most: int) -> Array:
    """Go through `boxes` (box, 9): a row of `Frames`, the reach along x and y, and the class.

    In `links` there is the first box of each bucket, and the first one of each size; then the box
    that follows each box in its bucket, and the one that follows it in its size.
    """
    buckets = 16
    while buckets < 2 * len(boxes):
        buckets *= 2
    next_in_bucket = buckets + len(sizes)
    next_of_size = next_in_bucket + len(boxes)
    links = np.full(next_of_size + len(boxes), NONE, np.int32)
    members, kept, count = np.zeros(len(sizes), np.int64), np.empty(most, np.int64), 0
    work = np.empty((2, 16, 2))
    for i in range(len(boxes)):
        if count == most:
            break
        if boxes[i, 0] == boxes[i, 0]:
            k = int(level[i])
            if not _is_free(i, k, boxes, sizes, members, links, buckets, threshold, work):
                continue
            row = _row(_cell(boxes[i, 1], sizes[k]), k, int(boxes[i, GROUP]))
            bucket = (row + _cell(boxes[i, 0], sizes[k])) & (buckets - 1)
            links[next_in_bucket + i], links[bucket] = links[bucket], i
            links[next_of_size + i], links[buckets + k] = links[buckets + k], i
            members[k] += 1
        kept[count] = i
        count += 1
    return kept[:count]


@kernel
def _is_free(
    i: int, own: int, boxes: Array, sizes: Array, members: Array, links: Array, buckets: int,
    threshold: float, work: Array,
) -> bool:  # fmt: skip
    """Say whether box `i` may be kept; those of its own size, which are most like it, first."""
    x, y, reach_x, reach_y = boxes[i, 0], boxes[i, 1], boxes[i, 6], boxes[i, 7]
    k = own - 1
    for _ in range(len(sizes)):
        k = k + 1 if k + 1 < len(sizes) else 0
        if members[k] == 0:
            continue
        size, following = sizes[k], buckets + len(sizes)
        far_x, far_y = (reach_x + size / 2) * SLACK, (reach_y + size / 2) * SLACK
        begin, end = _cell(x - far_x, size), _cell(x + far_x, size)
        top, bottom = _cell(y - far_y, size), _cell(y + far_y, size)
        # Where there are more cells to look into than boxes, look at all of these.
        is_sparse = (end - begin + 1.0) * (bottom - top + 1.0) >= members[k]
        if is_sparse:
            begin, end, top, bottom, following = 0, 0, 0, 0, following + len(boxes)
        for row in range(top, bottom + 1):
            mixed = _row(row, k, int(boxes[i, GROUP]))
            for column in range(begin, end + 1):
                place = links[buckets + k if is_sparse else (mixed + column) & (buckets - 1)]
                while place != NONE:
                    if _puts_out(boxes, place, i, threshold, work):
                        return False
                    place = links[following + place]
    return True


@kernel
def _puts_out(boxes: Array, kept: int, i: int, threshold: float, work: Array) -> bool:
    is_near = (
        (abs(boxes[kept, 0] - boxes[i, 0]) <= boxes[kept, 6] + boxes[i, 6])
        & (abs(boxes[kept, 1] - boxes[i, 1]) <= boxes[kept, 7] + boxes[i, 7])
        & (boxes[kept, GROUP] == boxes[i, GROUP])
    )
    if not is_near:
        return False
    a, b = row_of(boxes, kept), row_of(boxes, i)
    found = overlap_by_bounds(a, b, threshold)
    return found > 0 if found else iou_of_rows(a, b, work) > threshold


@kernel
def _cell(place: float, size: float) -> int:
    """Cell along an axis; a size that is a power of two divides without rounding."""
    return int(np.floor(min(max(place / size, -FARTHEST_CELL), FARTHEST_CELL)))


@kernel
def _row(y: int, level: int, group: int) -> int:
    """Mix the numbers of a row of cells; the cells of a row follow on each other in the table."""
    mixed = (y * 0x9E3779B1 + level * 0xC2B2AE3D + group * 0x27D4EB2F) * 0x165667B19E3779F9
    return mixed ^ (mixed >> 32)


WARMUP = (lambda: rotated_nms(np.ones((1, 5), np.float32), np.ones(1, np.float32), 0.5),)
