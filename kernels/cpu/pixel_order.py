"""Ingest of samples whose bands lie side by side in each pixel, as they lie.

All steps are done in that order, for the numbers of neighbouring bands lie side by side too; the
results, while they are near, are then laid out by band.
"""

import numpy as np

from edgers.kernels.cpu.flat import Array, Steps
from edgers.kernels.cpu.samples import Way, finish, load, store, store_half, store_whole
from edgers.kernels.jit import kernel
from edgers.kernels.recipe import (
    ADD,
    AT_LEAST,
    AT_MOST,
    DIVIDE,
    MULTIPLY,
    NOT_ABOVE,
    NOT_BELOW,
    SUBTRACT,
)
from edgers.kernels.wide_vectors import wide_vectors

GROUP = 512
"""Samples that share a copy of the numbers, in whole pixels: eight of 2 KiB stay in L1 cache."""
LANES = 16
"""Float32 in the widest vectors: a group of as many pixels leaves no rest."""
NEAR = 6144
"""Samples worked on at once, in whole pixels: 24 KiB of float32 stay there beside them."""


def is_by_pixel(layers: int, steps: Steps) -> bool:
    """Tell whether the bands of a pixel, and pixels of a row, follow on each other."""
    return layers > 1 and steps[0] == 1 and steps[2] == layers


@kernel
def ingest_by_pixel(
    stored: Array, steps: Steps, mask: Array, mask_steps: Steps, has_mask: bool, shape: Steps,
    numbers: Array, endings: Array, fill: Array, out: Array, out_steps: tuple[int, int],
    plain: Way, half: Way, whole: Way,
) -> None:  # fmt: skip
    """As `ingest`, where a pixel's samples, and its marks of missing ones, lie side by side."""
    layers, height, width = shape
    alike = max(1, GROUP // layers)
    alike -= alike % LANES if alike > LANES else 0
    group = alike * layers
    n = np.empty((len(endings), numbers.shape[1], group), np.float32)
    fills = np.empty(group, np.float32)
    _copy_numbers(numbers, fill, n, fills)
    most = max(1, NEAR // group) * alike
    buffer, one_layer = np.empty(most * layers, np.float32), np.empty(most, np.float32)
    for row in range(height):
        for begin in range(0, width, most):
            pixels, goal = min(most, width - begin), row * width + begin
            x = buffer[: pixels * layers]
            load(stored[row * steps[1] + begin * layers :], 1, x)
            _work_on_pixels(x, n, endings)
            if has_mask:
                _fill_pixels(x, mask[row * mask_steps[1] + begin * layers :], fills)
            last = out_steps[0] == 1
            for layer in range(1 if last else layers):
                target = out[goal * layers if last else layer * out_steps[0] + goal :]
                if plain is not None:
                    if last:
                        store(x, target, 1)
                    else:
                        _lay(x, layer, layers, target[:pixels])
                    continue
                some = x if last else one_layer[:pixels]
                if not last:
                    _lay(x, layer, layers, some)
                if half is not None:
                    store_half(some, target, 1)
                if whole is not None:
                    store_whole(some, target, 1)


# What knows no type of scenes or tensors stands apart from what does: it is compiled once for all.


@kernel
def _copy_numbers(numbers: Array, fill: Array, n: Array, fills: Array) -> None:
    layers = len(fill)
    for i in range(len(fills)):
        n[:, :, i] = numbers[:, :, i % layers]
        fills[i] = fill[i % layers]


@kernel
def _work_on_pixels(x: Array, n: Array, endings: Array) -> None:
    group = n.shape[2]
    for segment in range(len(endings)):
        for i in range(0, len(x), group):
            _segment_of_pixels(x[i : i + group], n[segment])
        finish(x, endings[segment])


@kernel
def _segment_of_pixels(x: Array, n: Array) -> None:
    wide_vectors()
    a, b, low, high = n[MULTIPLY], n[ADD], n[AT_LEAST], n[AT_MOST]
    c, d, floor, ceiling = n[SUBTRACT], n[DIVIDE], n[NOT_BELOW], n[NOT_ABOVE]
    for i in range(len(x)):
        v = x[i] * a[i] + b[i]
        # NaN compares as false and stays.
        v = low[i] if v < low[i] else v
        v = high[i] if v > high[i] else v
        v = (v - c[i]) / d[i]
        v = floor[i] if v < floor[i] else v
        x[i] = ceiling[i] if v > ceiling[i] else v


@kernel
def _fill_pixels(x: Array, holes: Array, fills: Array) -> None:
    wide_vectors()
    group = len(fills)
    for begin in range(0, len(x), group):
        some, marks = x[begin : begin + group], holes[begin : begin + group]
        for i in range(len(some)):
            # Both are loaded: a load that depends on the mark is not vectorised.
            fill, v = fills[i], some[i]
            some[i] = fill if marks[i] else v


@kernel
def _lay(x: Array, layer: int, layers: int, target: Array) -> None:
    """Lay the samples of one layer side by side."""
    # Without a sign an index cannot mean "from the end".
    step, start = np.uint64(layers), np.uint64(layer)
    for i in range(np.uint64(len(target))):
        target[i] = x[start + i * step]
