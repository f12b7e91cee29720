"""The six bands of the flood scenes, and the scaling that the network expects."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

NODATA_DN = 0
"""Digital number of a pixel that was not observed, the same in all bands."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Band:
    """One spectral band of the scenes."""

    name: str
    """Sentinel-2 name."""
    common_name: str
    """Name of the spectral region."""
    center_wavelength_um: float
    """Middle of the band, micrometres; Sentinel-2A values."""
    native_gsd_m: float
    """Sampling of the instrument's detector, metres."""
    mean: float
    """Mean digital number over the valid pixels of the training scenes."""
    stddev: float
    """Standard deviation of the digital numbers over the valid pixels of those scenes."""


def _band(
    name: str, common_name: str, wavelength_um: float, gsd_m: float, mean: float, stddev: float
) -> Band:
    return Band(
        name=name,
        common_name=common_name,
        center_wavelength_um=wavelength_um,
        native_gsd_m=gsd_m,
        mean=mean,
        stddev=stddev,
    )


BANDS = (
    _band("B02", "blue", 0.4924, 10.0, 1509.0, 1325.0),
    _band("B03", "green", 0.5598, 10.0, 1435.0, 1295.0),
    _band("B04", "red", 0.6646, 10.0, 1335.0, 1371.0),
    _band("B08", "nir", 0.8328, 10.0, 2311.0, 1484.0),
    _band("B11", "swir16", 1.6137, 20.0, 1601.0, 1148.0),
    _band("B12", "swir22", 2.2024, 20.0, 1080.0, 896.0),
)
"""Bands in file and tensor order.

Wavelengths: Sentinel-2A spectral response, ESA. Mean and standard deviation: within 2 digital
numbers of `samples.band_statistics` over the scenes of `samples.TRAINING_SEEDS`. The shipped
network was trained with exactly these, so they change only together with it.
"""


def scaled(counts: npt.NDArray[np.uint16]) -> npt.NDArray[np.float32]:
    """Return (DN - mean) / stddev per band, float32, for counts [band, height, width].

    Pixels with NODATA_DN are filled with the band mean, so they come out as 0.
    """
    mean = np.array([band.mean for band in BANDS], dtype=np.float32)[:, None, None]
    stddev = np.array([band.stddev for band in BANDS], dtype=np.float32)[:, None, None]
    values = (counts.astype(np.float32) - mean) / stddev
    values[counts == NODATA_DN] = 0.0
    return values
