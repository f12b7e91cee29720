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
    item = array.itemsize
    if any(step < 0 or step % item for step in array.strides) or not array.dtype.isnative:
        if writeable:
            raise ValueError(f"an array with strides {array.strides} cannot be written to")
        array = np.ascontiguousarray(array, array.dtype.newbyteorder("="))
    layer, row, column = (step // item for step in array.strides)
    extent = 1 + sum((n - 1) * s for n, s in zip(array.shape, (layer, row, column), strict=True))
    run = np.lib.stride_tricks.as_strided(array, (max(extent, 0),), (item,), writeable=writeable)
    return run, (layer, row, column)
