"""What stands beyond the edge of an image."""

from typing import Literal

import numpy as np
import numpy.typing as npt

from edgers.errors import BadInputError

Extend = Literal["reflect", "edge", "zero"]
"""The image mirrored at its outermost pixel, its outermost pixel again, or zero."""


def source_index(start: int, count: int, size: int, extend: Extend) -> npt.NDArray[np.int64]:
    """Give, for `count` pixels from `start` on, the pixel of an axis of `size` that stands there.

    −1 stands for zero. Raises BadInputError for an axis without pixels.
    """
    if size < 1:
        raise no_pixels(size)
    index = np.arange(start, start + count, dtype=np.int64)
    if extend == "zero":
        return np.where((index >= 0) & (index < size), index, -1)
    if extend == "edge" or size == 1:
        return np.clip(index, 0, size - 1)
    # Mirrored again and again, the image repeats after twice its side less the outermost pixels.
    period = 2 * (size - 1)
    folded = index % period
    return np.minimum(folded, period - folded)


def no_pixels(size: int) -> BadInputError:
    """Make the error for an axis without pixels."""
    return BadInputError("an image without pixels cannot be extended.", seen=f"Its side: {size}.")
