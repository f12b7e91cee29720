from typing import Any

from numba import cuda

from edgers.kernels.cuda.entry import Entry


def double(x: int) -> int:
    return 2 * x


def calls_a_function(out: Any, n: int) -> None:
    i = cuda.grid(1)
    if i < n:
        out[i] = double(i)


def right(out: Any, n: int) -> None:
    i = cuda.grid(1)
    if i < n:
        out[i] = i


ENTRIES = (
    Entry(name="calls_a_function", function=calls_a_function, signature=("int32*", "int32")),
    Entry(name="no_such_type", function=right, signature=("int33*", "int32")),
    Entry(name="right", function=right, signature=("int32*", "int32")),
)
