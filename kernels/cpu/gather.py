"""A tile with its halo, cut from an image in memory: whole runs are copied, edges looked up."""

from functools import partial

import numpy as np
import numpy.typing as npt

from edgers.kernels.cpu.flat import Array, Steps, flat, room_for
from edgers.kernels.extension import Extend, source_index
from edgers.kernels.jit import kernel


def gather(
    image: npt.NDArray[np.generic], row: int, column: int, shape: tuple[int, int], extend: Extend,
    *, out: Array | None = None,
) -> npt.NDArray[np.generic]:  # fmt: skip
    """As the reference; `out`, contiguous, of the tile's shape and type, takes the tile."""
    layers, height, width = image.shape
    tile = room_for((layers, *shape), image.dtype, out)
    rows = source_index(row, shape[0], height, extend)
    columns = source_index(column, shape[1], width, extend)
    if tile.size:
        # Columns from `begin` to `end` of the tile lie in the image side by side.
        begin = min(max(-column, 0), shape[1])
        end = max(begin, min(width - column, shape[1]))
        run, steps = flat(_plain(image))
        _gather(run, steps, rows, columns, begin, end, _plain(tile))
    return tile


def _plain(array: Array) -> Array:
    """Numba knows no 16-bit floats: their bits will do."""
    return array.view(np.uint16) if array.dtype == np.float16 else array


@kernel
def _gather(
    run: Array, steps: Steps, rows: Array, columns: Array, begin: int, end: int, tile: Array
) -> None:
    layers, height, width = tile.shape
    for layer in range(layers):
        for row in range(height):
            target = tile[layer, row]
            if rows[row] < 0:
                target[:] = 0
                continue
            first = layer * steps[0] + rows[row] * steps[1]
            for i in range(begin):
                target[i] = 0 if columns[i] < 0 else run[first + columns[i] * steps[2]]
            if end > begin:
                start = first + columns[begin] * steps[2]
                if steps[2] == 1:
                    # As slices: an index that cannot mean "from the end" makes the loop a copy.
                    x, y = run[start : start + end - begin], target[begin:end]
                    for i in range(len(y)):
                        y[i] = x[i]
                else:
                    for i in range(end - begin):
                        target[begin + i] = run[start + i * steps[2]]
            for i in range(end, width):
                target[i] = 0 if columns[i] < 0 else run[first + columns[i] * steps[2]]


def _warm(kind: str) -> None:
    """Compile what images of one type need."""
    gather(np.zeros((1, 1, 1), kind), 0, 0, (1, 1), "edge")


WARMUP = tuple(partial(_warm, kind) for kind in ("uint8", "int16", "uint16", "float32"))
