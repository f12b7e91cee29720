from typing import Any

from numba import cuda, int32

from edgers.kernels.cuda.entry import Entry

BINS = 64


def histogram(source: Any, out: Any, n: int) -> None:
    counts = cuda.shared.array(BINS, int32)
    for slot in range(cuda.threadIdx.x, BINS, cuda.blockDim.x):
        counts[slot] = 0
    cuda.syncthreads()
    i = cuda.grid(1)
    if i < n:
        cuda.atomic.add(counts, source[i] % BINS, 1)
    cuda.syncthreads()
    for slot in range(cuda.threadIdx.x, BINS, cuda.blockDim.x):
        out[cuda.blockIdx.x * BINS + slot] = counts[slot]


ENTRIES = (Entry(name="histogram", function=histogram, signature=("uint8*", "int32*", "int32")),)
