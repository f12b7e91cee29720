"""Spectral indices from stored samples; one thread a pixel of an index."""

import math
from typing import Any

from numba import cuda, float32

from edgers.kernels.cuda.entry import Entry


def compute_indices(
    samples: Any, picks: Any, scale: Any, offset: Any, has_missing: int, missing: Any,
    above: Any, below: Any, centres: Any, out: Any, used: int, pixels: int, n: int,
) -> None:  # fmt: skip
    """Compute one of n results (index, row, column).

    The rest is as in `edgers.kernels.index_plan`; `missing` is one sample, used where `has_missing`
    is not 0.
    """
    i = cuda.grid(1)
    if i >= n:
        return
    index, pixel = i // pixels, i % pixels
    upper, lower = above[index * (used + 1) + used], below[index * (used + 1) + used]
    for band in range(used):
        sample = samples[picks[band] * pixels + pixel]
        x = float32(sample) * scale[band] + offset[band]
        if has_missing != 0 and sample == missing[0]:
            x = float32(math.nan)
        factor = above[index * (used + 1) + band]
        if factor != float32(0.0):
            upper += factor * x
        factor = below[index * (used + 1) + band]
        if factor != float32(0.0):
            lower += factor * x
        centre = centres[index * used + band]
        if centre == centre:
            lower += (x - centre) * (x - centre)
    if lower == float32(0.0):
        out[i] = float32(math.nan)
    else:
        out[i] = upper / lower


ENTRIES = tuple(
    Entry(
        name=f"compute_indices_{kind}",
        function=compute_indices,
        signature=(
            f"{kind}*", "int64*", "float32*", "float32*", "int32", f"{kind}*",
            "float32*", "float32*", "float32*", "float32*", "int32", "int32", "int32",
        ),
    )
    for kind in ("uint8", "int16", "uint16", "float32")
)  # fmt: skip
