"""Non-maximum suppression of oriented boxes: which boxes each one would put out, as bits.

The host sorts the boxes by falling score and leaves out those that are not finite; it goes through
the rows of the mask in order afterward: a row that no earlier kept row has a bit for is kept, and
its own bits are added to those seen. Bit `c % 32` of word `c // 32` stands for box `c`.
"""

import math
from typing import Any

from numba import cuda, float32, uint32

from edgers.kernels.cuda.entry import Entry


def rotated_nms_mask(
    boxes: Any, classes: Any, threshold: float, mask: Any, count: int, words: int
) -> None:
    """Fill one word of `mask` (box, word), of (count + 31) / 32 words a row and below 2^31 in all.

    A bit is set for a later box of the same class which the row's box overlaps by more than the
    threshold. `boxes` (box, 5) are as in `edgers.kernels.boxes`, `classes` (box,) int32. Overlaps
    are those of `edgers.kernels.cuda.oriented_iou`, which has the same limits.
    """
    i = cuda.grid(1)
    if i >= count * words:
        return
    row = i // words
    begin = i % words * 32
    first = 5 * row
    mask[i] = uint32(0)
    a_width = boxes[first + 2] * float32(0.5)
    a_height = boxes[first + 3] * float32(0.5)
    a_area = float32(4) * a_width * a_height
    if begin + 31 <= row or not min(a_width, a_height) > float32(0):
        return
    a_reach = float32(math.sqrt(a_width * a_width + a_height * a_height))
    a_cos = float32(math.cos(boxes[first + 4]))
    a_sin = float32(math.sin(boxes[first + 4]))
    xs = cuda.local.array(32, float32)
    ys = cuda.local.array(32, float32)
    bits = uint32(0)
    for column in range(max(begin, row + 1), min(begin + 32, count)):
        second = 5 * column
        b_width = boxes[second + 2] * float32(0.5)
        b_height = boxes[second + 3] * float32(0.5)
        dx = boxes[first] - boxes[second]
        dy = boxes[first + 1] - boxes[second + 1]
        reach = a_reach + float32(math.sqrt(b_width * b_width + b_height * b_height))
        is_near = dx * dx + dy * dy <= reach * reach * float32(1.00001)
        has_area = min(b_width, b_height) > float32(0)
        if not is_near or not has_area or classes[row] != classes[column]:
            continue
        b_cos = float32(math.cos(boxes[second + 4]))
        b_sin = float32(math.sin(boxes[second + 4]))
        cos = a_cos * b_cos + a_sin * b_sin
        sin = a_sin * b_cos - a_cos * b_sin
        for k in range(4):
            along = a_width if k == 1 or k == 2 else -a_width
            across = a_height if k >= 2 else -a_height
            xs[k] = dx * b_cos + dy * b_sin + along * cos - across * sin
            ys[k] = dy * b_cos - dx * b_sin + along * sin + across * cos
        source = 0
        count = 4
        for side in range(4):
            limit = b_width if side % 2 == 0 else b_height
            target = 16 - source
            found = 0
            if count > 0:
                px = xs[source + count - 1]
                py = ys[source + count - 1]
                d = limit - px
                for k in range(count):
                    qx = xs[source + k]
                    qy = ys[source + k]
                    e = limit - qx
                    if (d >= float32(0)) != (e >= float32(0)):
                        xs[target + found] = py + d / (d - e) * (qy - py)
                        ys[target + found] = -limit
                        found += 1
                    if e >= float32(0):
                        xs[target + found] = qy
                        ys[target + found] = -qx
                        found += 1
                    px = qx
                    py = qy
                    d = e
            count = found
            source = target
        doubled = float32(0)
        for k in range(2, count):
            ux = xs[source + k - 1] - xs[source]
            uy = ys[source + k - 1] - ys[source]
            vx = xs[source + k] - xs[source]
            vy = ys[source + k] - ys[source]
            doubled += ux * vy - uy * vx
        b_area = float32(4) * b_width * b_height
        shared = min(abs(doubled) * float32(0.5), min(a_area, b_area))
        if shared / (a_area + b_area - shared) > threshold:
            bits |= uint32(1) << uint32(column - begin)
    mask[i] = bits


ENTRIES = (
    Entry(
        name="rotated_nms_mask",
        function=rotated_nms_mask,
        signature=("float32*", "int32*", "float32", "uint32*", "int32", "int32"),
    ),
)
