"""One iteration of MAG1C over pixels, one thread each; statistics are the host's."""

from typing import Any

from numba import cuda, float32

from edgers.kernels.cuda.entry import Entry


def albedo_factor(cube: Any, along: Any, out: Any, bands: int, n: int) -> None:
    """Give the albedo factor along · x, where `along` is mean / |mean|²; `cube` (band, n)."""
    i = cuda.grid(1)
    if i >= n:
        return
    total = float32(0)
    for band in range(bands):
        total += along[band] * cube[band * n + i]
    out[i] = total


def enhance(
    cube: Any, mean: Any, solved: Any, albedo: Any, found: Any, scale: float, epsilon: float,
    weighted: int, bands: int, n: int,
) -> None:  # fmt: skip
    """Bring `found` (n,) to the next iteration, in place.

    `solved` is C⁻¹ t and `scale` 1 / (tᵀ C⁻¹ t) of this iteration; `weighted` is 0 in the first.
    """
    i = cuda.grid(1)
    if i >= n:
        return
    score = float32(0)
    for band in range(bands):
        score += solved[band] * (cube[band * n + i] - mean[band])
    amount = float32(0)
    if albedo[i] > float32(0):
        if weighted != 0:
            score -= float32(1) / (albedo[i] * (found[i] + epsilon))
        amount = max(float32(0), score * scale / albedo[i])
    found[i] = amount


ENTRIES = (
    Entry(
        name="albedo_factor",
        function=albedo_factor,
        signature=("float32*",) * 3 + ("int32",) * 2,
    ),
    Entry(
        name="enhance",
        function=enhance,
        signature=("float32*",) * 5 + ("float32",) * 2 + ("int32",) * 3,
    ),
)
