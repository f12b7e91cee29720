"""Means, variances and covariances of a scene that comes in windows, in any order."""

import numpy as np
import numpy.typing as npt

from edgers.kernels.cpu.statistics import band_moments, pixel_scatter
from edgers.kernels.reference.statistics import Missing, Samples
from edgers.kernels.spectra import Cube
from edgers.kernels.sums import (
    BandMoments,
    PixelScatter,
    merge_moments,
    merge_scatter,
    no_moments,
    no_pixels,
)


class Moments:
    """Count, mean, variance, minimum and maximum of each band, of all samples given so far."""

    def __init__(self, bands: int) -> None:
        self.result: BandMoments = no_moments(bands)

    def add(self, window: Samples, missing: Missing = None) -> None:
        """Take in samples (band, row, column); NaN and those marked missing are left out."""
        self.result = merge_moments(self.result, band_moments(window, missing))

    def merge(self, other: "Moments") -> None:
        """Take in what another has seen."""
        self.result = merge_moments(self.result, other.result)


class Covariance:
    """Mean and covariance of the pixels that have all bands; bands by bands float64 are held."""

    def __init__(self, bands: int) -> None:
        self.result: PixelScatter = no_pixels(bands)

    def add(self, window: Cube) -> None:
        """Take in pixels, float32 (band, row, column)."""
        self.result = merge_scatter(self.result, pixel_scatter(window))

    def merge(self, other: "Covariance") -> None:
        """Take in what another has seen."""
        self.result = merge_scatter(self.result, other.result)


class NoiseCovariance:
    """Covariance of the noise, from differences of horizontal neighbours (Green et al. 1988).

    Scenes change little from pixel to pixel, noise is new in each: half the covariance of the
    differences is that of the noise. Differences across the border of two windows are not taken,
    so windows of whole rows give the same result however many there are.
    """

    def __init__(self, bands: int) -> None:
        self.differences: PixelScatter = no_pixels(bands)

    @property
    def result(self) -> npt.NDArray[np.float64]:
        """Covariance (band, band); raises `BadInputError` below two differences."""
        return self.differences.covariance / 2

    def add(self, window: Cube) -> None:
        """Take in pixels, float32 (band, row, column)."""
        if window.shape[2] > 1:
            with np.errstate(all="ignore"):
                steps = window[:, :, 1:] - window[:, :, :-1]
            self.differences = merge_scatter(self.differences, pixel_scatter(steps))

    def merge(self, other: "NoiseCovariance") -> None:
        """Take in what another has seen."""
        self.differences = merge_scatter(self.differences, other.differences)
