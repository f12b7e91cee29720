"""Sums over a window in parts, which the host merges in float64, and histograms by blocks."""

import math
from typing import Any

from numba import cuda, float32, int32, uint32

from edgers.kernels.cuda.entry import Entry

SLAB = 8192
"""Bins of a block: 32 KiB of the 48 KiB of shared memory that every device has."""


def band_moments(
    samples: Any, missing: Any, has_missing: int, shift: Any, out: Any, bands: int, parts: int,
    n: int,
) -> None:  # fmt: skip
    """Give sums of every `parts`-th sample of a band, one thread a band and part.

    `samples` and `missing` are (band, n), `shift` (band,) is near the means. `out` is (5, band,
    part): count, sum and sum of squares of x - shift, least and greatest x, for
    `edgers.kernels.sums.moments_from_parts`.
    """
    i = cuda.grid(1)
    if i >= bands * parts:
        return
    band = i // parts
    count = float32(0)
    total = float32(0)
    squares = float32(0)
    low = float32(math.inf)
    high = float32(-math.inf)
    middle = shift[band]
    for p in range(i - band * parts, n, parts):
        x = float32(samples[band * n + p])
        if x == x and (has_missing == 0 or missing[band * n + p] == 0):
            count += float32(1)
            total += x - middle
            squares += (x - middle) * (x - middle)
            low = min(low, x)
            high = max(high, x)
    step = bands * parts
    out[i] = count
    out[step + i] = total
    out[2 * step + i] = squares
    out[3 * step + i] = low
    out[4 * step + i] = high


def pixel_scatter(
    cube: Any, complete: Any, shift: Any, out: Any, bands: int, parts: int, n: int
) -> None:
    """Give sums of (x_i - shift_i)(x_j - shift_j), one thread a pair j <= i and part.

    `complete` (n,) is 1 for pixels with all bands. `out` is (part, band, band); a part is every
    `parts`-th pixel. Pairs above the diagonal are left as they are.
    """
    t = cuda.grid(1)
    if t >= parts * bands * bands:
        return
    part = t // (bands * bands)
    i = t // bands - part * bands
    j = t % bands
    if j > i:
        return
    total = float32(0)
    for p in range(part, n, parts):
        if complete[p] != 0:
            total += (cube[i * n + p] - shift[i]) * (cube[j * n + p] - shift[j])
    out[t] = total


def count_values(
    samples: Any, missing: Any, has_missing: int, first: int, bins: int, out: Any, bands: int,
    parts: int, n: int,
) -> None:  # fmt: skip
    """Give how often each integer from `first` on was seen, (part, band, bin).

    `samples` and `missing` are (band, n); a part is every `parts`-th sample. One block of threads
    a part, band and slab of `SLAB` bins, which it counts in shared memory.
    """
    slabs = (bins + SLAB - 1) // SLAB
    block = cuda.blockIdx.x
    if block >= parts * bands * slabs:
        return
    counts = cuda.shared.array(SLAB, int32)
    lowest = block % slabs * SLAB
    band = block // slabs % bands
    part = block // (slabs * bands)
    for slot in range(cuda.threadIdx.x, SLAB, cuda.blockDim.x):
        counts[slot] = 0
    cuda.syncthreads()
    for p in range(part + cuda.threadIdx.x * parts, n, cuda.blockDim.x * parts):
        at = int32(samples[band * n + p]) - first
        known = has_missing == 0 or missing[band * n + p] == 0
        if known and lowest <= at < min(lowest + SLAB, bins):
            cuda.atomic.add(counts, at - lowest, 1)
    cuda.syncthreads()
    for slot in range(cuda.threadIdx.x, min(SLAB, bins - lowest), cuda.blockDim.x):
        out[(part * bands + band) * bins + lowest + slot] = counts[slot]


def count_keys(
    bits: Any, missing: Any, has_missing: int, uppers: Any, depth: int, first: int, bins: int,
    out: Any, bands: int, parts: int, n: int,
) -> None:  # fmt: skip
    """Give how often each half of the ordered keys of float32 bits was seen, from `first` on.

    With `depth` 0, upper halves, (part, band, bin). Otherwise the lower halves of those keys whose
    upper half is one of `uppers` (band, depth), (part, band, depth, bin); -1 is no upper half.
    Blocks as in `count_values`, one each for every upper half too.
    """
    slabs = (bins + SLAB - 1) // SLAB
    rows = max(depth, 1)
    block = cuda.blockIdx.x
    if block >= parts * bands * rows * slabs:
        return
    counts = cuda.shared.array(SLAB, int32)
    lowest = block % slabs * SLAB
    row = block // slabs % (bands * rows)
    part = block // (slabs * bands * rows)
    band = row // rows
    for slot in range(cuda.threadIdx.x, SLAB, cuda.blockDim.x):
        counts[slot] = 0
    cuda.syncthreads()
    for p in range(part + cuda.threadIdx.x * parts, n, cuda.blockDim.x * parts):
        x = bits[band * n + p]
        number = (x & uint32(0x7FFFFFFF)) <= uint32(0x7F800000)
        if number and (has_missing == 0 or missing[band * n + p] == 0):
            turned = uint32(0xFFFFFFFF) if x >> uint32(31) != 0 else uint32(0x80000000)
            upper = int32((x ^ turned) >> uint32(16))
            half = upper if depth == 0 else int32((x ^ turned) & uint32(0xFFFF))
            at = half - first
            if lowest <= at < min(lowest + SLAB, bins) and (depth == 0 or upper == uppers[row]):
                cuda.atomic.add(counts, at - lowest, 1)
    cuda.syncthreads()
    for slot in range(cuda.threadIdx.x, min(SLAB, bins - lowest), cuda.blockDim.x):
        out[(part * bands * rows + row) * bins + lowest + slot] = counts[slot]


INTEGERS = ("uint8", "uint16", "int16")
ENTRIES = (
    *(
        Entry(
            name=f"band_moments_{kind}",
            function=band_moments,
            signature=(f"{kind}*", "uint8*", "int32", "float32*", "float32*") + ("int32",) * 3,
        )
        for kind in (*INTEGERS, "float32")
    ),
    *(
        Entry(
            name=f"count_values_{kind}",
            function=count_values,
            signature=(f"{kind}*", "uint8*", "int32", "int32", "int32", "int32*") + ("int32",) * 3,
        )
        for kind in INTEGERS
    ),
    Entry(
        name="pixel_scatter",
        function=pixel_scatter,
        signature=("float32*", "uint8*", "float32*", "float32*") + ("int32",) * 3,
    ),
    Entry(
        name="count_keys",
        function=count_keys,
        signature=("uint32*", "uint8*", "int32", "int32*", "int32", "int32", "int32", "int32*")
        + ("int32",) * 3,
    ),
)
