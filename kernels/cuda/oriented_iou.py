"""Intersection over union of oriented boxes; one thread a pair."""

import math
from typing import Any

from numba import cuda, float32

from edgers.kernels.cuda.entry import Entry


def oriented_iou(a: Any, b: Any, out: Any, a_count: int, b_count: int) -> None:
    """Give the overlap of one pair: `a` (n, 5) and `b` (m, 5) as in `edgers.kernels.boxes`.

    `out` is (n, m), less than 2^31 pairs. In float32 and in the axes of b's box, around its centre:
    the result is off by about 1e-7 times the ratio of the longest side to the shortest. Products
    of sides must stay below 3e38. Each cut keeps what is at most `limit` along x, and turns the
    plane by a quarter for the next one.
    """
    i = cuda.grid(1)
    if i >= a_count * b_count:
        return
    first = 5 * (i // b_count)
    second = 5 * (i % b_count)
    out[i] = float32(0)
    a_width = a[first + 2] * float32(0.5)
    a_height = a[first + 3] * float32(0.5)
    b_width = b[second + 2] * float32(0.5)
    b_height = b[second + 3] * float32(0.5)
    check = float32(0)
    for k in range(5):
        check += a[first + k] * float32(0) + b[second + k] * float32(0)
    has_area = min(min(a_width, a_height), min(b_width, b_height)) > float32(0)
    if check != float32(0) or not has_area:
        return
    dx = a[first] - b[second]
    dy = a[first + 1] - b[second + 1]
    # Boxes whose circles are apart do not meet.
    reach = float32(math.sqrt(a_width * a_width + a_height * a_height))
    reach += float32(math.sqrt(b_width * b_width + b_height * b_height))
    if dx * dx + dy * dy > reach * reach * float32(1.00001):
        return
    a_cos = float32(math.cos(a[first + 4]))
    a_sin = float32(math.sin(a[first + 4]))
    b_cos = float32(math.cos(b[second + 4]))
    b_sin = float32(math.sin(b[second + 4]))
    cos = a_cos * b_cos + a_sin * b_sin
    sin = a_sin * b_cos - a_cos * b_sin
    xs = cuda.local.array(32, float32)
    ys = cuda.local.array(32, float32)
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
    a_area = float32(4) * a_width * a_height
    b_area = float32(4) * b_width * b_height
    shared = min(abs(doubled) * float32(0.5), min(a_area, b_area))
    out[i] = shared / (a_area + b_area - shared)


ENTRIES = (
    Entry(
        name="oriented_iou",
        function=oriented_iou,
        signature=("float32*", "float32*", "float32*", "int32", "int32"),
    ),
)
