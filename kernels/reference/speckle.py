"""Speckle, the multiplicative noise of radar intensity, filtered by local statistics."""

import numpy as np
import numpy.typing as npt

from edgers.kernels.aligned_windows import ALIGNED_WINDOWS, REACH, SIDES
from edgers.kernels.radar_rules import check_speckle
from edgers.kernels.spectra import Cube

Wide = npt.NDArray[np.float64]


def lee(intensity: Cube, looks: float, window: int = 7) -> Cube:
    """Filter by mean and variance of `window` × `window` pixels (Lee 1980).

    `intensity` is power, not amplitude nor dB, float32 (band, row, column), each band by itself.
    With speckle of mean 1 and variance 1 / `looks`, the result is mean + k · (sample − mean), where
    k = q / (q + mean² / looks) and q = (variance − mean² / looks) / (1 + 1 / looks), not below 0,
    the variance of what lies beneath. NaN and infinite samples count for nothing and become NaN; at
    the borders the window is what lies inside. Sums are float64. Raises BadInputError for what is
    no cube and for parameters out of range.
    """
    check_speckle(intensity, looks, window)
    whole = np.ones((window, window), bool)
    out = np.empty(intensity.shape, np.float32)
    for band, target in zip(intensity, out, strict=True):
        count, total, squares = _sums(band, whole)
        target[:] = _estimate(band, count, total, squares, looks)
    return out


def refined_lee(intensity: Cube, looks: float) -> Cube:
    """Filter by mean and variance of the half of 7 × 7 pixels that lies along an edge (Lee 1981).

    Means of nine overlapping 3 × 3 pixels, 2 px apart, give the direction of the greatest gradient
    of four, and of its two sides the one whose mean is nearer to that in the middle; statistics are
    those of the half window on that side. Of equals the first counts, as in
    `edgers.kernels.aligned_windows`. A 3 × 3 mean of nothing is taken as the one in the middle. All
    else is as in `lee`.
    """
    check_speckle(intensity, looks, 2 * REACH + 1)
    out = np.empty(intensity.shape, np.float32)
    for band, target in zip(intensity, out, strict=True):
        half = _nearest_half(_means(band))
        sums = [np.zeros(band.shape) for _ in range(3)]
        for number, inside in enumerate(ALIGNED_WINDOWS):
            for kept, found in zip(sums, _sums(band, inside), strict=True):
                np.copyto(kept, found, where=half == number)
        target[:] = _estimate(band, sums[0], sums[1], sums[2], looks)
    return out


def _sums(band: npt.NDArray[np.float32], inside: npt.NDArray[np.bool_]) -> tuple[Wide, Wide, Wide]:
    """Count, sum, and sum squares of what is `inside` a window about each pixel."""
    reach = len(inside) // 2
    seen = np.pad(np.isfinite(band), reach)
    samples = np.where(seen, np.pad(band, reach), 0.0).astype(np.float64)
    rows, columns = band.shape
    count, total, squares = (np.zeros(band.shape) for _ in range(3))
    for row, column in np.argwhere(inside):
        part = samples[row : row + rows, column : column + columns]
        count += seen[row : row + rows, column : column + columns]
        total += part
        squares += part * part
    return count, total, squares


def _estimate(
    band: npt.NDArray[np.float32], count: Wide, total: Wide, squares: Wide, looks: float
) -> npt.NDArray[np.float32]:
    noise = 1 / looks
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        mean = total / count
        speckle = mean * mean * noise
        beneath = np.maximum((squares / count - mean * mean - speckle) / (1 + noise), 0)
        share = np.where(beneath > 0, beneath / (beneath + speckle), 0)
        found = np.where(share > 0, mean + share * (band - mean), mean)
        return np.where(np.isfinite(band), found, np.nan).astype(np.float32)


def _means(band: npt.NDArray[np.float32]) -> Wide:
    """Means of 3 × 3 pixels about each pixel's 3 × 3 places, 2 px apart, (place, row, column)."""
    seen = np.pad(np.isfinite(band), REACH).astype(np.float64)
    samples = np.where(seen, np.pad(band, REACH), 0.0).astype(np.float64)
    with np.errstate(invalid="ignore", divide="ignore"):
        means = _three_by_three(samples) / _three_by_three(seen)
    rows, columns = band.shape
    places = [means[r : r + rows, c : c + columns] for r in (0, 2, 4) for c in (0, 2, 4)]
    return np.stack([np.where(np.isnan(place), places[4], place) for place in places])


def _three_by_three(x: Wide) -> Wide:
    # Along rows first: every form adds in this order, so that all agree on equal means.
    along = (x[:, :-2] + x[:, 1:-1]) + x[:, 2:]
    found: Wide = (along[:-2] + along[1:-1]) + along[2:]
    return found


def _nearest_half(m: Wide) -> npt.NDArray[np.int64]:
    gradients = np.abs(
        [
            ((m[2] + m[5]) + m[8]) - ((m[0] + m[3]) + m[6]),
            ((m[1] + m[2]) + m[5]) - ((m[3] + m[6]) + m[7]),
            ((m[0] + m[1]) + m[2]) - ((m[6] + m[7]) + m[8]),
            ((m[0] + m[1]) + m[3]) - ((m[5] + m[7]) + m[8]),
        ]
    )
    steepest = np.where(np.isnan(m[4]), 0, gradients.argmax(axis=0))
    apart = np.abs(m - m[4])
    farther = np.stack([apart[b] < apart[a] for a, b in SIDES])
    second = np.take_along_axis(farther, steepest[np.newaxis], axis=0)[0]
    found: npt.NDArray[np.int64] = 2 * steepest + second
    return found
