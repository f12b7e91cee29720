"""Quadrilaterals cut by a rectangle; one thread a quadrilateral."""

import math
from typing import Any

from numba import cuda, float32

from edgers.kernels.cuda.entry import Entry

QUAD_VERTICES = 16
"""Most vertices of a part, as `edgers.kernels.polygons` shows."""


def clip_quads(
    quads: Any, left: float, top: float, right: float, bottom: float,
    vertices: Any, counts: Any, areas: Any, n: int,
) -> None:  # fmt: skip
    """Cut one of n quadrilaterals (quad, 4, 2); `vertices` are (quad, 16, 2).

    Coordinates count from the rectangle's centre, so that float32 loses little far from 0. Each
    cut keeps what is at most `limit` along x, and turns the plane by a quarter for the next one.
    """
    i = cuda.grid(1)
    if i >= n:
        return
    xs = cuda.local.array(32, float32)
    ys = cuda.local.array(32, float32)
    center_x = left + (right - left) * float32(0.5)
    center_y = top + (bottom - top) * float32(0.5)
    check = float32(0)
    for k in range(4):
        x = quads[8 * i + 2 * k] - center_x
        y = quads[8 * i + 2 * k + 1] - center_y
        xs[k] = x
        ys[k] = y
        check += x * float32(0) + y * float32(0)
    is_finite = check == float32(0)
    count = 4 if is_finite else 0
    source = 0
    for side in range(4):
        limit = right - center_x if side % 2 == 0 else bottom - center_y
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
        ax = xs[source + k - 1] - xs[source]
        ay = ys[source + k - 1] - ys[source]
        bx = xs[source + k] - xs[source]
        by = ys[source + k] - ys[source]
        doubled += ax * by - ay * bx
    area = abs(doubled) * float32(0.5)
    if not area > float32(0):
        count = 0
    nothing = float32(math.nan)
    for k in range(16):
        vertices[32 * i + 2 * k] = xs[source + k] + center_x if k < count else nothing
        vertices[32 * i + 2 * k + 1] = ys[source + k] + center_y if k < count else nothing
    counts[i] = count
    areas[i] = area if is_finite else nothing


ENTRIES = (
    Entry(
        name="clip_quads",
        function=clip_quads,
        signature=(
            "float32*", "float32", "float32", "float32", "float32", "float32*", "int32*",
            "float32*", "int32",
        ),
    ),
)  # fmt: skip
