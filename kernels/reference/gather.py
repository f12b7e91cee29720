"""A tile with its halo, cut from an image in memory."""

import numpy as np
import numpy.typing as npt

from edgers.kernels.extension import Extend, source_index


def gather(
    image: npt.NDArray[np.generic], row: int, column: int, shape: tuple[int, int], extend: Extend
) -> npt.NDArray[np.generic]:
    """Cut the window of `shape` (height, width) that begins at `row`, `column`.

    `image` is (layer, height, width) of any type and strides; the window may begin before it and
    end beyond it, where `extend` says what stands there. Gives a new contiguous array (layer,
    height, width) of the image's type. Raises BadInputError for an image without pixels.
    """
    rows = source_index(row, shape[0], image.shape[1], extend)
    columns = source_index(column, shape[1], image.shape[2], extend)
    tile = image[:, rows[:, None], columns]
    tile[:, rows < 0, :] = 0
    tile[:, :, columns < 0] = 0
    return np.ascontiguousarray(tile)
