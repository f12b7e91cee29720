"""Noise taken out of bands by their neighbourhood, and out of spectra by neighbouring bands."""

import numpy as np
import numpy.typing as npt

from edgers.kernels.smoothing import (
    check_median_size,
    gaussian_weights,
    savitzky_golay_weights,
)
from edgers.kernels.spectra import Cube, check_cube


def median_filter(cube: Cube, size: int = 3) -> Cube:
    """Give the median of the `size` × `size` pixels about each, band by band; `size` is 3 or 5.

    `cube` is float32 (band, row, column). Beyond the borders a band is mirrored, its outermost
    pixel first. Missing samples (NaN) stay missing, and do not count for others; of an even number
    of samples the mean of the two in the middle is taken. Raises BadInputError for what is no cube
    and for another size.
    """
    check_cube(cube)
    check_median_size(size)
    out = np.full(cube.shape, np.nan, np.float32)
    half = size // 2
    if cube.size == 0:
        return out
    around = np.pad(cube, ((0, 0), (half, half), (half, half)), mode="symmetric")
    for place in np.argwhere(~np.isnan(cube)):
        band, row, column = place
        window = around[band, row : row + size, column : column + size].ravel()
        ordered = np.sort(window[~np.isnan(window)])
        low, high = ordered[(len(ordered) - 1) // 2], ordered[len(ordered) // 2]
        with np.errstate(invalid="ignore"):
            mean = np.float32(0.5) * low + np.float32(0.5) * high
        out[tuple(place)] = low if len(ordered) % 2 else mean
    return out


def gaussian_filter(cube: Cube, sigma_px: float = 1.0) -> Cube:
    """Give the mean of the pixels about each, weighted by a Gaussian of `sigma_px`, band by band.

    `cube` is float32 (band, row, column). Weights of missing samples (NaN), and of pixels beyond
    the borders, go to the others (normalized convolution, Knutsson and Westin 1993); missing
    samples stay missing. The Gaussian is cut after 3 standard deviations. Raises BadInputError for
    what is no cube and a width out of range.
    """
    check_cube(cube)
    weights = gaussian_weights(sigma_px).astype(np.float64)
    radius = len(weights) // 2
    sides = ((0, 0), (radius, radius), (radius, radius))
    seen = ~np.isnan(cube)
    samples = np.pad(np.where(seen, cube, 0.0).astype(np.float64), sides)
    shares = np.pad(seen.astype(np.float64), sides)
    total, weight = np.zeros(cube.shape), np.zeros(cube.shape)
    rows, columns = cube.shape[1:]
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        for i, a in enumerate(weights):
            for j, b in enumerate(weights):
                total += a * b * samples[:, i : i + rows, j : j + columns]
                weight += a * b * shares[:, i : i + rows, j : j + columns]
        return np.where(seen, total / weight, np.nan).astype(np.float32)


def savitzky_golay(
    cube: Cube, window: int = 7, degree: int = 2,
    wavelengths_nm: npt.NDArray[np.floating] | None = None,
) -> Cube:  # fmt: skip
    """Give the value at each band of a polynomial fitted to `window` bands of the pixel about it.

    `cube` is float32 (band, row, column). Weights are those of `savitzky_golay_weights`, which also
    says what is done at the first and last bands, and what errors are raised. A missing sample
    (NaN) leaves all bands missing whose window holds it: make dead bands good first
    (`replace_across_bands`). Arithmetic is float32, summed in the order of bands.
    """
    check_cube(cube)
    plan = savitzky_golay_weights(len(cube), window, degree, wavelengths_nm)
    out = np.empty(cube.shape, np.float32)
    with np.errstate(all="ignore"):
        for band, (weights, first) in enumerate(zip(plan.weights, plan.first, strict=True)):
            total = weights[0] * cube[first]
            for tap in range(1, window):
                total = total + weights[tap] * cube[first + tap]
            out[band] = total
    return out
