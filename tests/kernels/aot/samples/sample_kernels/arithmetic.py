import math
from typing import Any

from numba import cuda, float32

from edgers.kernels.cuda.entry import Entry

ROOM = 8


def scale(source: Any, gain: Any, offset: float, target: Any, n: int) -> None:
    i = cuda.grid(1)
    if i < n:
        target[i] = float32(source[i]) * gain[0] + offset


def decibel(source: Any, target: Any, n: int) -> None:
    i = cuda.grid(1)
    if i < n:
        target[i] = float32(10) * math.log10(source[i])


def turn(source: Any, target: Any, n: int) -> None:
    i = cuda.grid(1)
    if i >= n:
        return
    held = cuda.local.array(ROOM, float32)
    for k in range(ROOM):
        held[k] = math.sin(source[i] * float32(k))
    target[i] = held[n % ROOM]


ENTRIES = (
    Entry(
        name="scale_uint16",
        function=scale,
        signature=("uint16*", "float32*", "float32", "float32*", "int32"),
    ),
    Entry(
        name="scale_uint8",
        function=scale,
        signature=("uint8*", "float32*", "float32", "float32*", "int32"),
    ),
    Entry(name="decibel", function=decibel, signature=("float32*", "float32*", "int32")),
    Entry(name="turn", function=turn, signature=("float32*", "float32*", "int32")),
)
