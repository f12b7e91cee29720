"""From stored samples to the tensor a network takes, in one pass over memory."""

from functools import partial

import numpy as np
import numpy.typing as npt

from edgers.kernels.cpu.flat import Array, Steps, flat
from edgers.kernels.cpu.logarithm import decibel
from edgers.kernels.jit import kernel
from edgers.kernels.recipe import (
    ADD,
    AT_LEAST,
    AT_MOST,
    DECIBEL,
    DIVIDE,
    MULTIPLY,
    NOT_ABOVE,
    NOT_BELOW,
    NOTHING,
    ROUND,
    SUBTRACT,
    TRUNCATE,
    Recipe,
    make_recipe,
)

CHUNK = 2048
"""Samples worked on at once where steps need several loops: 8 KiB of float32 stay in the L1 cache
of any processor that runs this, beside their source."""
NEAR = 2048
"""Samples of all bands together that are worked on where those of a pixel lie side by side."""
HALF, ZERO = np.float32(0.5), np.float32(0)
NO_MASK = np.zeros(1, np.bool_)


def ingest(
    samples: npt.NDArray[np.generic], missing: npt.NDArray[np.bool_] | None, recipe: Recipe,
    *, channels_last: bool = False,
) -> npt.NDArray[np.generic]:  # fmt: skip
    """As the reference; a sample is loaded once, and stored once."""
    layers, height, width = samples.shape
    out = np.empty(samples.size, _stored(recipe.data_type))
    if out.size:
        source, steps = flat(samples)
        mask, mask_steps = (NO_MASK, (0, 0, 0)) if missing is None else flat(missing)
        segments = recipe.segments
        _ingest(
            source, steps, mask, mask_steps, missing is not None, (layers, height, width),
            segments.numbers, segments.endings, segments.fill, out,
            (1, layers) if channels_last else (height * width, 1),
            recipe.data_type == np.float16, np.issubdtype(recipe.data_type, np.integer),
        )  # fmt: skip
    shape = (height, width, layers) if channels_last else (layers, height, width)
    return out.view(recipe.data_type).reshape(shape)


def _stored(kind: np.dtype[np.generic]) -> np.dtype[np.generic]:
    """Numba has no 16-bit floats for CPUs: their bits are made here."""
    return np.dtype(np.uint16) if kind == np.float16 else kind


@kernel
def _ingest(
    stored: Array, steps: Steps, mask: Array, mask_steps: Steps, has_mask: bool, shape: Steps,
    numbers: Array, endings: Array, fill: Array, out: Array, out_steps: tuple[int, int],
    is_half: bool, is_whole: bool,
) -> None:  # fmt: skip
    layers, height, width = shape
    # Rows that follow on each other are one long row, in both arrays or not at all.
    if steps[1] == width * steps[2] and (not has_mask or mask_steps[1] == width * mask_steps[2]):
        height, width = 1, height * width
    by_band = steps[2] == 1 and out_steps[1] == 1
    # Where the samples of a pixel lie side by side, all bands use them while they are near.
    chunk = CHUNK if by_band else max(32, NEAR // layers)
    buffer = np.empty(chunk, np.float32)
    for outer in range(layers if by_band else 1):
        for row in range(height):
            for begin in range(0, width, chunk):
                for inner in range(1 if by_band else layers):
                    layer = outer + inner
                    first = layer * mask_steps[0] + row * mask_steps[1] + begin * mask_steps[2]
                    _ingest_some(
                        stored[layer * steps[0] + row * steps[1] + begin * steps[2] :], steps[2],
                        mask[first if has_mask else 0 :], mask_steps[2], has_mask,
                        numbers[:, :, layer], endings, fill[layer],
                        out[layer * out_steps[0] + (row * width + begin) * out_steps[1] :],
                        out_steps[1], is_half, is_whole, buffer[: min(chunk, width - begin)],
                    )  # fmt: skip


@kernel
def _ingest_some(
    source: Array, step: int, holes: Array, hole_step: int, has_mask: bool, n: Array,
    endings: Array, fill: np.float32, target: Array, out_step: int, is_half: bool, is_whole: bool,
    x: Array,
) -> None:  # fmt: skip
    """Work on as many samples of one layer as `x` has room for."""
    count = len(x)
    is_simple = len(endings) == 1 and endings[0] == NOTHING and not is_half
    if is_simple and step == 1 and out_step == 1 and not has_mask:
        _direct(source[:count], n[0], target[:count])
        return
    if is_simple and step == 1 and out_step == 1 and hole_step == 1:
        _direct_with_holes(source[:count], holes[:count], n[0], fill, target[:count])
        return
    _load(source, step, x)
    for segment in range(len(endings)):
        _segment(x, n[segment], endings[segment])
    if has_mask:
        _fill(x, holes, hole_step, fill)
    if is_half:
        _store_half(x, target, out_step)
    elif is_whole:
        _store_whole(x, target, out_step)
    else:
        _store(x, target, out_step)


@kernel
def _load(source: Array, step: int, x: Array) -> None:
    if step == 1:
        for i in range(len(x)):
            x[i] = source[i]
    else:
        for i in range(len(x)):
            x[i] = source[i * step]


@kernel
def _direct(source: Array, n: Array, target: Array) -> None:
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
def _segment(x: Array, n: Array, ending: int) -> None:
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
    if ending == DECIBEL:
        decibel(x)
    elif ending == TRUNCATE:
        for i in range(len(x)):
            x[i] = np.trunc(x[i])
    elif ending == ROUND:
        for i in range(len(x)):
            x[i] = np.rint(x[i])


@kernel
def _store(x: Array, target: Array, step: int) -> None:
    if step == 1:
        for i in range(len(x)):
            target[i] = x[i]
    else:
        for i in range(len(x)):
            target[i * step] = x[i]


@kernel
def _store_whole(x: Array, target: Array, step: int) -> None:
    for i in range(len(x)):
        x[i] = x[i] if x[i] == x[i] else ZERO
    if step == 1:
        for i in range(len(x)):
            target[i] = x[i]
    else:
        for i in range(len(x)):
            target[i * step] = x[i]


@kernel
def _store_half(x: Array, target: Array, step: int) -> None:
    """Store the bits of 16-bit floats, rounded half to even as numpy and IEEE 754 do."""
    tiny = np.empty(len(x), np.float32)
    for i in range(len(x)):
        tiny[i] = abs(x[i]) + HALF
    bits, tiny_bits = x.view(np.uint32), tiny.view(np.uint32)
    for i in range(len(x)):
        whole = np.uint32(bits[i] & np.uint32(0x7FFFFFFF))
        sign = np.uint32(np.uint32(bits[i] >> np.uint32(16)) & np.uint32(0x8000))
        # The exponent's bias goes from 127 to 15, the fraction from 23 bits to 10.
        moved = np.uint32(whole - np.uint32(0x38000000))
        odd = np.uint32(np.uint32(moved >> np.uint32(13)) & np.uint32(1))
        found = np.uint32(np.uint32(moved + np.uint32(odd + np.uint32(0xFFF))) >> np.uint32(13))
        # Below 2^-14 a sum with 0.5 leaves the bits of a subnormal number, rounded.
        small = np.uint32(tiny_bits[i] - np.uint32(0x3F000000))
        found = small if whole < np.uint32(0x38800000) else found
        # From 65520 on it is infinity; beyond infinity's bits it is NaN.
        found = np.uint32(0x7C00) if whole >= np.uint32(0x477FF000) else found
        found = np.uint32(0x7E00) if whole > np.uint32(0x7F800000) else found
        bits[i] = sign | found
    if step == 1:
        for i in range(len(x)):
            target[i] = np.uint16(bits[i])
    else:
        for i in range(len(x)):
            target[i * step] = np.uint16(bits[i])


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
