"""Weights of smoothing filters, and what these filters take."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from edgers.errors import BadInputError

Wide = npt.NDArray[np.float64]
Numbers = npt.NDArray[np.float32]
MEDIAN_SIZES = (3, 5)
"""Rows and columns of a median window."""
REACH = 3.0
"""Standard deviations after which a Gaussian is cut; less than 0.3 % of it lies beyond."""
MOST_RADIUS_PX = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class BandWeights:
    """A weighted sum of neighbouring bands for each band."""

    weights: Numbers
    """Weight of each band in the window, (band, window)."""
    first: npt.NDArray[np.int32]
    """First band of the window, (band,)."""


def check_median_size(size: int) -> None:
    """Raise BadInputError for a window there is no median filter for."""
    if size not in MEDIAN_SIZES:
        raise BadInputError(
            "there is no median filter of this size.",
            seen=f"{size} px.",
            rule=f"sizes are {' and '.join(map(str, MEDIAN_SIZES))} px.",
            fix="choose one of them.",
        )


def gaussian_weights(sigma_px: float) -> Numbers:
    """Give weights of a Gaussian at whole pixels, (2 · radius + 1,), their sum 1.

    The radius is 3 · `sigma_px`, rounded up. Raises BadInputError unless 0 < radius <= 64.
    """
    if not 0 < sigma_px <= MOST_RADIUS_PX / REACH:
        raise BadInputError(
            "a Gaussian of this width is out of range.",
            seen=f"sigma {sigma_px} px.",
            rule=f"sigma is above 0 and at most {MOST_RADIUS_PX / REACH:.4g} px.",
            fix="choose a smaller one, or reduce the image first.",
        )
    radius = int(np.ceil(REACH * sigma_px))
    found = np.exp(-0.5 * (np.arange(-radius, radius + 1) / sigma_px) ** 2)
    weights: Numbers = (found / found.sum()).astype(np.float32)
    return weights


def savitzky_golay_weights(
    bands: int, window: int, degree: int, wavelengths_nm: npt.NDArray[np.floating] | None = None
) -> BandWeights:
    """Give, for each band, the weights of a polynomial fitted to `window` bands about it.

    Savitzky and Golay (1964): the value at the band of the least-squares polynomial of `degree`
    through the window. Near the first and last band the window stays inside, and the polynomial is
    taken off its middle. Bands lie at equal distances, or at `wavelengths_nm` (band,), all
    different. Raises BadInputError where the window is even, more than the bands, or not more than
    the degree, or the wavelengths do not fit.
    """
    _check_window(bands, window, degree)
    places = np.arange(bands, dtype=np.float64)
    if wavelengths_nm is not None:
        places = np.asarray(wavelengths_nm, np.float64)
        _check_places(places, bands)
    first = np.clip(np.arange(bands) - window // 2, 0, bands - window)
    weights = np.empty((bands, window), np.float32)
    for band in range(bands):
        about = places[first[band] : first[band] + window] - places[band]
        reach = np.abs(about).max() if window > 1 else 1.0
        powers = np.vander(about / reach, degree + 1, increasing=True)
        # Its value at 0 is the constant term: first row of the pseudo-inverse.
        weights[band] = np.linalg.pinv(powers)[0]
    return BandWeights(weights=weights, first=first.astype(np.int32))


def _check_window(bands: int, window: int, degree: int) -> None:
    if window % 2 == 0 or not 0 <= degree < window <= bands:
        raise BadInputError(
            "a polynomial cannot be fitted to such a window.",
            seen=f"window {window}, degree {degree}, {bands} bands.",
            rule="the window is odd, more than the degree, and not more than the bands.",
            fix="window 7 and degree 2 are usual.",
        )


def _check_places(places: Wide, bands: int) -> None:
    if places.shape != (bands,) or not np.isfinite(places).all() or len(np.unique(places)) != bands:
        raise BadInputError(
            "wavelengths do not fit the bands.",
            seen=f"{places.size} wavelengths for {bands} bands.",
            rule="each band has a wavelength of its own.",
            fix="give the centre wavelength of each band in nm.",
        )
