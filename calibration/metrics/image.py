"""Images and cubes: peak signal-to-noise ratio, and the angle between spectra."""

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from edgers.calibration.metrics.exact_sum import ExactSum


class ImageMetric:
    """Running PSNR and SAM over blocks of an image.

    A pixel with a band whose truth is not finite is not counted. SAM is the angle between two
    spectra as vectors (Kruse et al. 1993, The spectral image processing system); between a spectrum
    of zeros and another it is 90°, and between two of zeros 0°.
    """

    __slots__ = ("_angles", "_peak", "_pixels", "_samples", "_squared")

    def __init__(self, peak: float) -> None:
        """Begin; `peak` is the largest value the image may have, above 0."""
        if not peak > 0:
            raise ValueError(f"a peak of {peak}")
        self._peak = peak
        self._samples, self._pixels = 0, 0
        self._squared, self._angles = ExactSum(), ExactSum()

    def add(self, truth: npt.NDArray[Any], found: npt.NDArray[Any]) -> None:
        """Count a block, (band, height, width)."""
        is_known = np.isfinite(truth).all(axis=0)
        one = truth[:, is_known].astype(np.float64)
        other = found[:, is_known].astype(np.float64)
        self._samples += one.size
        self._pixels += one.shape[1]
        self._squared.add((other - one) ** 2)
        self._angles.add(_angles_deg(one, other))

    def merge(self, other: "ImageMetric") -> None:
        """Add what another counted, of the same peak."""
        if other._peak != self._peak:
            raise ValueError(f"peaks of {other._peak} and {self._peak} do not go together")
        self._samples += other._samples
        self._pixels += other._pixels
        self._squared.merge(other._squared)
        self._angles.merge(other._angles)

    def psnr_db(self) -> float | None:
        """Give the ratio in dB, infinite where nothing differs; None where nothing was counted."""
        if not self._samples:
            return None
        mean = self._squared.value() / self._samples
        return 10 * math.log10(self._peak**2 / mean) if mean else math.inf

    def sam_deg(self) -> float | None:
        """Give the mean angle in degrees; None where nothing was counted."""
        return self._angles.value() / self._pixels if self._pixels else None


def _angles_deg(
    one: npt.NDArray[np.float64], other: npt.NDArray[np.float64]
) -> npt.NDArray[np.float64]:
    """Give the angle between spectra, (band, pixel); 90° where the second is not finite."""
    is_finite = np.isfinite(other).all(axis=0)
    here, there = _directions(one), _directions(np.where(is_finite, other, 0))
    # Half the angle by its sine: the cosine of small angles has no digits left.
    half = np.linalg.norm(here - there, axis=0) / 2
    angles = 2 * np.degrees(np.arcsin(np.clip(half, 0, 1)))
    is_zero = ~here.any(axis=0) ^ ~there.any(axis=0)
    found: npt.NDArray[np.float64] = np.where(is_zero | ~is_finite, 90.0, angles)
    return found


def _directions(spectra: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Give spectra of length 1, or of zeros, (band, pixel)."""
    lengths = np.linalg.norm(spectra, axis=0)
    found: npt.NDArray[np.float64] = spectra / np.where(lengths > 0, lengths, 1)
    return found
