"""Ratios of radar polarizations, and texture by grey-level co-occurrence."""

import numpy as np
import numpy.typing as npt

from edgers.kernels.spectra import Cube, Image
from edgers.kernels.texture_rules import NO_LEVEL, Levels, check_images, check_texture

Wide = npt.NDArray[np.float64]
STEPS = ((0, 1), (1, 1), (1, 0), (1, -1))
"""Rows and columns to the second pixel of a pair, in the four directions."""


def radar_ratios(co: Image, cross: Image) -> Cube:
    """Give ratio co / cross, log_ratio 10 · log10 of it, cross_ratio cross / co, rvi and span.

    `co` and `cross` are power in two polarizations (VV and VH, or HH and HV), float32
    (row, column), NaN where missing; the result is float32 (5, row, column) in the order of
    `RATIOS`. rvi is the radar vegetation index for two polarizations, 4 · cross / (co + cross)
    (Trudel et al. 2012); span is co + cross. NaN where a divisor is zero, and for the logarithm
    unless both are above zero. Raises BadInputError for images that do not fit each other.
    """
    check_images(co, cross)
    out = np.empty((5, *co.shape), np.float32)
    with np.errstate(all="ignore"):
        span = co + cross
        out[0] = np.where(cross == 0, np.nan, co / cross)
        out[1] = np.where((co > 0) & (cross > 0), np.float32(10) * np.log10(co / cross), np.nan)
        out[2] = np.where(co == 0, np.nan, cross / co)
        out[3] = np.where(span == 0, np.nan, np.float32(4) * cross / span)
        out[4] = span
    return out


def quantize(image: Image, levels: int, lower: float, upper: float) -> Levels:
    """Give the level of each sample, 0 to `levels` − 1, in equal steps from `lower` to `upper`.

    What lies beyond is in the first or last level; NaN gives 255. Arithmetic is float32.
    """
    check_texture(image, 3, 1, levels, lower, upper)
    scale = np.float32(levels / (upper - lower))
    with np.errstate(invalid="ignore", over="ignore"):
        found = np.clip(np.floor((image - np.float32(lower)) * scale), 0, levels - 1)
    return np.where(np.isnan(image), NO_LEVEL, np.nan_to_num(found)).astype(np.uint8)


def grey_level_texture(
    image: Image, *, window: int = 7, distance: int = 1, levels: int = 16, lower: float,
    upper: float,
) -> Cube:  # fmt: skip
    """Give eight features of the co-occurrence of grey levels about each pixel.

    Haralick, Shanmugam and Dinstein (1973). `image` is float32 (row, column), NaN where missing,
    cut into levels as by `quantize`. Pairs of pixels `distance` apart to the right, down, and in
    the two diagonals, both in the window, are counted in both orders in one table for the four
    directions together; p is the table divided by its sum, i and j are levels:

    - contrast Σ p (i − j)², dissimilarity Σ p |i − j|, homogeneity Σ p / (1 + (i − j)²),
    - asm (angular second moment; its root is called energy) Σ p², entropy −Σ p ln p,
    - mean μ = Σ p i, variance σ² = Σ p (i − μ)²,
    - correlation Σ p (i − μ) (j − μ) / σ², and 1 where σ is 0.

    Float32 (8, row, column) in the order of `TEXTURES`. At the borders the window is what lies
    inside. NaN where the pixel is missing or no pair is complete. Raises BadInputError for an image
    of another type and parameters out of range.
    """
    check_texture(image, window, distance, levels, lower, upper)
    grey = quantize(image, levels, lower, upper)
    out = np.full((8, *image.shape), np.nan, np.float32)
    reach = window // 2
    for row, column in np.argwhere(grey != NO_LEVEL):
        top, left = max(row - reach, 0), max(column - reach, 0)
        table = co_occurrence(
            grey[top : row + reach + 1, left : column + reach + 1], distance, levels
        )
        if table.sum():
            out[:, row, column] = features(table)
    return out


def co_occurrence(grey: Levels, distance: int, levels: int) -> npt.NDArray[np.int64]:
    """Count pairs of levels in both orders, (level, level); 255 is no level."""
    table = np.zeros((levels, levels), np.int64)
    rows, columns = grey.shape
    for down, right in STEPS:
        for row in range(rows):
            for column in range(columns):
                r, c = row + down * distance, column + right * distance
                if (
                    r < rows
                    and 0 <= c < columns
                    and NO_LEVEL not in (grey[row, column], grey[r, c])
                ):
                    table[grey[row, column], grey[r, c]] += 1
                    table[grey[r, c], grey[row, column]] += 1
    return table


def features(table: npt.NDArray[np.int64]) -> Wide:
    """Give the features of a table of counts, (8,), as `grey_level_texture` says."""
    p = table / table.sum()
    i, j = np.indices(table.shape)
    mean = (p * i).sum()
    variance = (p * (i - mean) ** 2).sum()
    # A table of one level has no variance; rounding of the mean must not make one.
    is_flat = np.count_nonzero(table) == 1
    together = (p * (i - mean) * (j - mean)).sum()
    return np.array(
        [
            (p * (i - j) ** 2).sum(),
            (p * np.abs(i - j)).sum(),
            (p / (1 + (i - j) ** 2)).sum(),
            (p * p).sum(),
            -(p[p > 0] * np.log(p[p > 0])).sum(),
            1.0 if is_flat else together / variance,
            mean,
            0.0 if is_flat else variance,
        ]
    )
