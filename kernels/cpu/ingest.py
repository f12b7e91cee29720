"""From stored samples to the tensor a network takes, in one pass over memory."""

from functools import partial

import numpy as np
import numpy.typing as npt

from edgers.kernels.cpu.flat import Array, Steps, flat, room_for
from edgers.kernels.cpu.pixel_order import ingest_by_pixel, is_by_pixel
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
    NOTHING,
    SUBTRACT,
    Recipe,
    make_recipe,
)
from edgers.kernels.wide_vectors import wide_vectors

CHUNK = 2048
"""Samples worked on at once where steps need several loops: 8 KiB of float32 stay in the L1 cache
of any processor that runs this, beside their source."""
NEAR = 2048
"""Samples of all bands together that are worked on where those of a pixel lie side by side."""
NO_MASK = np.zeros(1, np.bool_)
# As `flat` gives masks: for Numba one that may be written to is of another type, compiled apart.
NO_MASK.flags.writeable = False


def ingest(
    samples: npt.NDArray[np.generic], missing: npt.NDArray[np.bool_] | None, recipe: Recipe,
    *, channels_last: bool = False, out: Array | None = None,
) -> npt.NDArray[np.generic]:  # fmt: skip
    """As the reference; a sample is loaded once, and stored once.

    `out`, contiguous, of the result's shape and type, takes it in place of a new array.
    """
    layers, height, width = samples.shape
    shape = (height, width, layers) if channels_last else (layers, height, width)
    out = room_for(shape, recipe.data_type, out)
    if out.size:
        source, steps = flat(samples)
        mask, mask_steps = (NO_MASK, (0, 0, 0)) if missing is None else flat(missing)
        segments = recipe.segments
        # Apart, so that what compiles one need not compile the other.
        work = _ingest
        if is_by_pixel(layers, steps) and (missing is None or is_by_pixel(layers, mask_steps)):
            work = ingest_by_pixel
        work(
            source, steps, mask, mask_steps, missing is not None, (layers, height, width),
            segments.numbers, segments.endings, segments.fill,
            out.reshape(-1).view(_stored(recipe.data_type)),
            (1, layers) if channels_last else (height * width, 1),
            *_ways(recipe.data_type),
        )  # fmt: skip
    return out


def _ways(kind: np.dtype[np.generic]) -> tuple[Way, Way, Way]:
    """Tell whether samples are stored as they are, as 16-bit floats or as whole numbers."""
    half, whole = kind == np.float16, np.issubdtype(kind, np.integer)
    return not (half or whole) or None, half or None, whole or None


def _stored(kind: np.dtype[np.generic]) -> np.dtype[np.generic]:
    """Numba has no 16-bit floats for CPUs: their bits are made here."""
    return np.dtype(np.uint16) if kind == np.float16 else kind


@kernel
def _ingest(
    stored: Array, steps: Steps, mask: Array, mask_steps: Steps, has_mask: bool, shape: Steps,
    numbers: Array, endings: Array, fill: Array, out: Array, out_steps: tuple[int, int],
    plain: Way, half: Way, whole: Way,
) -> None:  # fmt: skip
    layers, height, width = shape
    # Rows that follow on each other are one long row, in both arrays or not at all.
    if steps[1] == width * steps[2] and (not has_mask or mask_steps[1] == width * mask_steps[2]):
        height, width = 1, height * width
    by_band = steps[2] == 1 and out_steps[1] == 1
    is_simple = len(endings) == 1 and endings[0] == NOTHING and plain is not None
    is_direct = is_simple and by_band and (not has_mask or mask_steps[2] == 1)
    # Where the samples of a pixel lie side by side, all bands use them while they are near.
    chunk = CHUNK if by_band else max(32, NEAR // layers)
    buffer = np.empty(0 if is_direct else chunk, np.float32)
    # One loop that needs no buffer goes over a whole row.
    chunk = width if is_direct else chunk
    for outer in range(layers if by_band else 1):
        for row in range(height):
            for begin in range(0, width, chunk):
                for inner in range(1 if by_band else layers):
                    layer = outer + inner
                    count = min(chunk, width - begin)
                    place = layer * steps[0] + row * steps[1] + begin * steps[2]
                    first = layer * mask_steps[0] + row * mask_steps[1] + begin * mask_steps[2]
                    goal = layer * out_steps[0] + (row * width + begin) * out_steps[1]
                    n = numbers[:, :, layer]
                    if plain is not None and is_direct:
                        source, target = stored[place : place + count], out[goal : goal + count]
                        if has_mask:
                            holes = mask[first : first + count]
                            _direct_with_holes(source, holes, n[0], fill[layer], target)
                        else:
                            _direct(source, n[0], target)
                    else:
                        _ingest_some(
                            stored[place:], steps[2], mask[first if has_mask else 0 :],
                            mask_steps[2], has_mask, n, endings, fill[layer], out[goal:],
                            out_steps[1], plain, half, whole, buffer[:count],
                        )  # fmt: skip


@kernel
def _ingest_some(
    source: Array, step: int, holes: Array, hole_step: int, has_mask: bool, n: Array,
    endings: Array, fill: np.float32, target: Array, out_step: int, plain: Way, half: Way,
    whole: Way, x: Array,
) -> None:  # fmt: skip
    """Work on as many samples of one layer as `x` has room for."""
    load(source, step, x)
    for segment in range(len(endings)):
        _segment(x, n[segment])
        finish(x, endings[segment])
    if has_mask:
        _fill(x, holes, hole_step, fill)
    # Not in a kernel of its own: what is called is optimised again in each that calls.
    if plain is not None:
        store(x, target, out_step)
    if half is not None:
        store_half(x, target, out_step)
    if whole is not None:
        store_whole(x, target, out_step)


@kernel
def _direct(source: Array, n: Array, target: Array) -> None:
    wide_vectors()
    a, b, low, high = n[MULTIPLY], n[ADD], n[AT_LEAST], n[AT_MOST]
    c, d, floor, ceiling = n[SUBTRACT], n[DIVIDE], n[NOT_BELOW], n[NOT_ABOVE]
    for i in range(len(target)):
        v = np.float32(source[i]) * a + b
        # NaN compares as false and stays.
        v = low if v < low else v
        v = high if v > high else v
        v = (v - c) / d
        v = floor if v < floor else v
        target[i] = ceiling if v > ceiling else v


@kernel
def _direct_with_holes(
    source: Array, holes: Array, n: Array, fill: np.float32, target: Array
) -> None:
    wide_vectors()
    a, b, low, high = n[MULTIPLY], n[ADD], n[AT_LEAST], n[AT_MOST]
    c, d, floor, ceiling = n[SUBTRACT], n[DIVIDE], n[NOT_BELOW], n[NOT_ABOVE]
    for i in range(len(target)):
        v = np.float32(source[i]) * a + b
        v = low if v < low else v
        v = high if v > high else v
        v = (v - c) / d
        v = floor if v < floor else v
        v = ceiling if v > ceiling else v
        target[i] = fill if holes[i] else v


@kernel
def _segment(x: Array, n: Array) -> None:
    wide_vectors()
    # As `_direct`, which LLVM would not vectorise for a target that is its own source.
    a, b, low, high = n[MULTIPLY], n[ADD], n[AT_LEAST], n[AT_MOST]
    c, d, floor, ceiling = n[SUBTRACT], n[DIVIDE], n[NOT_BELOW], n[NOT_ABOVE]
    for i in range(len(x)):
        v = x[i] * a + b
        v = low if v < low else v
        v = high if v > high else v
        v = (v - c) / d
        v = floor if v < floor else v
        x[i] = ceiling if v > ceiling else v


@kernel
def _fill(x: Array, holes: Array, step: int, value: np.float32) -> None:
    if step == 1:
        for i in range(len(x)):
            x[i] = value if holes[i] else x[i]
    else:
        for i in range(len(x)):
            x[i] = value if holes[i * step] else x[i]


def _warm(source: str, tensor: str, has_mask: bool) -> None:
    """Compile what one pair of types needs."""
    fill = np.zeros((1, 1, 1), np.float32)
    mask = np.zeros((1, 1, 1), bool) if has_mask else None
    ingest(np.zeros((1, 1, 1), source), mask, make_recipe((), fill, tensor))


WARMUP = tuple(
    partial(_warm, source, "float32", True) for source in ("uint8", "int16", "uint16", "float32")
)
