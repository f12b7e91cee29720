"""Affine maps of pixels; one thread a pixel and row of the matrix."""

from typing import Any

from numba import cuda

from edgers.kernels.cuda.entry import Entry


def project(
    cube: Any, matrix: Any, center: Any, offset: Any, out: Any, rows: int, bands: int, n: int
) -> None:
    """Give matrix · (x - center) + offset; `cube` is (band, n), `out` (row, n)."""
    i = cuda.grid(1)
    if i >= rows * n:
        return
    row = i // n
    pixel = i - row * n
    total = offset[row]
    for band in range(bands):
        total += matrix[row * bands + band] * (cube[band * n + pixel] - center[band])
    out[i] = total


ENTRIES = (
    Entry(
        name="project",
        function=project,
        signature=("float32*",) * 5 + ("int32",) * 3,
    ),
)
