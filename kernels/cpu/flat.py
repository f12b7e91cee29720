"""Arrays as they lie in memory, for kernels that do their own addressing."""

from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]
Steps = tuple[int, int, int]
"""How many samples further the next layer, row and column lie."""


def flat(array: Array, *, writeable: bool = False) -> tuple[Array, Steps]:
    """Give an array of three axes, of any strides, as one run of samples, and its steps.

    What cannot be stepped through in whole samples, forward, in native byte order, is copied; one
    that is to be written to raises ValueError then.
    """
    if array.flags.c_contiguous and array.dtype.isnative and not writeable:
        # The usual case, without the detours below: two threads wait for each other meanwhile.
        run = array.reshape(-1)
        run.flags.writeable = False
        return run, (array.shape[1] * array.shape[2], array.shape[2], 1)
    item = array.itemsize
    if any(step < 0 or step % item for step in array.strides) or not array.dtype.isnative:
        if writeable:
            raise ValueError(f"an array with strides {array.strides} cannot be written to")
        array = np.ascontiguousarray(array, array.dtype.newbyteorder("="))
    layer, row, column = (step // item for step in array.strides)
    extent = 1 + sum((n - 1) * s for n, s in zip(array.shape, (layer, row, column), strict=True))
    run = np.lib.stride_tricks.as_strided(array, (max(extent, 0),), (item,), writeable=writeable)
    return run, (layer, row, column)


def room_for(
    shape: tuple[int, ...], kind: np.dtype[np.generic], out: Array | None
) -> Array:  # fmt: skip
    """Give memory for a result: `out`, or where that is None a new array.

    Raises ValueError where `out` is not a contiguous array of that shape and type.
    """
    if out is None:
        return np.empty(shape, kind)
    if out.shape != shape or out.dtype != kind or not out.flags.c_contiguous:
        raise ValueError(
            f"a result of {shape} and {kind} does not go into an array of {out.shape} and "
            f"{out.dtype}; it has to be contiguous, too"
        )
    return out
