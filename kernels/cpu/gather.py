"""A tile with its halo, cut from an image in memory: whole runs are copied, edges looked up."""

from functools import partial

import numpy as np
import numpy.typing as npt

from edgers.kernels.cpu.flat import Array, Steps, flat, room_for
from edgers.kernels.extension import Extend, no_pixels
from edgers.kernels.jit import kernel

REFLECT, EDGE, ZERO = range(3)
RULES: dict[Extend, int] = {"reflect": REFLECT, "edge": EDGE, "zero": ZERO}


def gather(
    image: npt.NDArray[np.generic], row: int, column: int, shape: tuple[int, int], extend: Extend,
    *, out: Array | None = None,
) -> npt.NDArray[np.generic]:  # fmt: skip
    """As the reference; `out`, contiguous, of the tile's shape and type, takes the tile."""
    layers, height, width = image.shape
    if height < 1 or width < 1:
        raise no_pixels(min(height, width))
    tile = room_for((layers, *shape), image.dtype, out)
    if tile.size:
        run, steps = flat(_plain(image))
        _gather(run, steps, (height, width), (row, column), RULES[extend], _plain(tile))
    return tile


def _plain(array: Array) -> Array:
    """Numba knows no 16-bit floats: their bits will do."""
    return array.view(np.uint16) if array.dtype == np.float16 else array


@kernel
def _gather(
    run: Array, steps: Steps, size: tuple[int, int], corner: tuple[int, int], rule: int, tile: Array
) -> None:
    layers, height, width = tile.shape
    # Columns from `begin` to `end` of the tile lie in the image side by side.
    begin = min(max(-corner[1], 0), width)
    end = max(begin, min(size[1] - corner[1], width))
    for layer in range(layers):
        for row in range(height):
            target = tile[layer, row]
            r = _source(corner[0] + row, size[0], rule)
            if r < 0:
                target[:] = 0
                continue
            first = layer * steps[0] + r * steps[1]
            for i in range(begin):
                c = _source(corner[1] + i, size[1], rule)
                target[i] = 0 if c < 0 else run[first + c * steps[2]]
            if end > begin:
                start = first + (corner[1] + begin) * steps[2]
                if steps[2] == 1:
                    # As slices: an index that cannot mean "from the end" makes the loop a copy.
                    x, y = run[start : start + end - begin], target[begin:end]
                    for i in range(len(y)):
                        y[i] = x[i]
                else:
                    for i in range(end - begin):
                        target[begin + i] = run[start + i * steps[2]]
            for i in range(end, width):
                c = _source(corner[1] + i, size[1], rule)
                target[i] = 0 if c < 0 else run[first + c * steps[2]]


@kernel
def _source(index: int, size: int, rule: int) -> int:
    """Give the pixel that stands at `index` of an axis, −1 for zero, as `source_index` does."""
    if 0 <= index < size:
        return index
    if rule == ZERO:
        return -1
    if rule == EDGE or size == 1:
        return min(max(index, 0), size - 1)
    period = 2 * (size - 1)
    folded = index % period
    return min(folded, period - folded)


def _warm(kind: str) -> None:
    """Compile what images of one type need."""
    gather(np.zeros((1, 1, 1), kind), 0, 0, (1, 1), "edge")


WARMUP = tuple(partial(_warm, kind) for kind in ("uint8", "int16", "uint16", "float32"))
