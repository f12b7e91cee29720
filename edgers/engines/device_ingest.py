"""Preprocessing on the GPU: stored samples go there as they are, and a kernel makes the tensor."""

import numpy as np
import numpy.typing as npt

from edgers.engines.device import Kernel, Room, Stream
from edgers.engines.raw import RawInput
from edgers.kernels.launch import blocks_for

ALIGNED_BYTES = 256
"""Where an array may begin: as CUDA's own allocations do, and enough for any type."""


def ingest_on_device(
    given: RawInput, kernel: Kernel, room: Room, tensor: int, stream: Stream
) -> None:
    """Put the copy of samples and the launch on a stream; `tensor` is the address of the result.

    Samples, what is missing, and the numbers of the recipe go there in one copy through `room`,
    which must stay as it is until the stream has done it.
    """
    segments = given.recipe.segments
    layers, pixels = len(given.samples), given.samples[0].size
    has_missing = bool(given.missing.any())
    parts: list[npt.NDArray[np.generic]] = [
        segments.numbers, segments.endings, segments.fill, given.samples,
    ]  # fmt: skip
    if has_missing:
        parts.append(given.missing)
    begins, size = _places(parts)
    host = room.host(size)
    for part, begin in zip(parts, begins, strict=True):
        # As rows of its own type: samples that do not lie in one piece are copied once, here.
        np.copyto(host[begin : begin + part.nbytes].view(part.dtype).reshape(part.shape), part)
    room.copy_in(size, stream)
    base = room.address(size)
    numbers, endings, fill, samples = (base + begin for begin in begins[:4])
    layer_step, pixel_step = (1, layers) if given.channels_last else (pixels, 1)
    kernel.launch(
        blocks_for(layers * pixels),
        stream,
        (
            samples, base + begins[-1], numbers, endings, len(segments.endings), fill, tensor,
            layers, pixels, pixels, 1, layer_step, pixel_step, int(has_missing),
            int(given.recipe.data_type.kind in "iu"),
        ),
    )  # fmt: skip


def _places(parts: list[npt.NDArray[np.generic]]) -> tuple[list[int], int]:
    """Give where each part begins, one after another, and how many bytes they take."""
    begins, at = [], 0
    for part in parts:
        begins.append(at)
        at += -(-part.nbytes // ALIGNED_BYTES) * ALIGNED_BYTES
    return begins, at
