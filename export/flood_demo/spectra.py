"""Top-of-atmosphere reflectance of every surface in the synthetic scenes.

The numbers are plausible values chosen for the synthetic scene, typical of Sentinel-2 L1C
(top of atmosphere, so blue is lifted by scattering); none is a measurement.
"""

from __future__ import annotations

from enum import IntEnum

import numpy as np
import numpy.typing as npt


class Cover(IntEnum):
    """What covers a pixel of land; the value indexes the rows of `COVER_REFLECTANCE`."""

    BROADLEAF = 0
    CONIFER = 1
    PASTURE = 2
    GREEN_CROP = 3
    YOUNG_CROP = 4
    RIPE_CEREAL = 5
    DRY_SOIL = 6
    DARK_SOIL = 7
    TILE_ROOF = 8
    ASPHALT = 9
    CONCRETE = 10
    METAL_ROOF = 11
    GARDEN = 12


def _table(*rows: tuple[float, ...]) -> npt.NDArray[np.float32]:
    return np.array(rows, dtype=np.float32)


#                 B02    B03    B04    B08    B11    B12
COVER_REFLECTANCE = _table(
    (0.079, 0.070, 0.044, 0.300, 0.145, 0.066),
    (0.074, 0.056, 0.038, 0.205, 0.090, 0.041),
    (0.087, 0.089, 0.068, 0.310, 0.225, 0.120),
    (0.083, 0.086, 0.051, 0.405, 0.190, 0.090),
    (0.090, 0.091, 0.083, 0.240, 0.235, 0.155),
    (0.108, 0.124, 0.135, 0.255, 0.310, 0.215),
    (0.115, 0.121, 0.142, 0.205, 0.300, 0.260),
    (0.090, 0.080, 0.081, 0.108, 0.118, 0.098),
    (0.118, 0.121, 0.148, 0.200, 0.230, 0.200),
    (0.106, 0.097, 0.096, 0.108, 0.107, 0.094),
    (0.175, 0.178, 0.186, 0.215, 0.225, 0.200),
    (0.215, 0.220, 0.225, 0.245, 0.180, 0.150),
    (0.088, 0.085, 0.066, 0.270, 0.180, 0.095),
)
"""Reflectance of each cover, [cover, band], bands in the order of `bands.BANDS`."""

PARTNER = np.array(
    [
        Cover.CONIFER,
        Cover.BROADLEAF,
        Cover.YOUNG_CROP,
        Cover.YOUNG_CROP,
        Cover.DRY_SOIL,
        Cover.YOUNG_CROP,
        Cover.YOUNG_CROP,
        Cover.DRY_SOIL,
        Cover.GARDEN,
        Cover.CONCRETE,
        Cover.TILE_ROOF,
        Cover.CONCRETE,
        Cover.PASTURE,
    ],
    dtype=np.uint8,
)
"""For each cover the one it is mixed with, in varying shares: the spread within a class."""

CANOPY_HEIGHT_M = np.array(
    [14.0, 16.0, 0.25, 0.6, 0.25, 0.7, 0.1, 0.1, 6.0, 0.05, 7.0, 7.0, 3.0], dtype=np.float32
)
"""Height that stands out of shallow water, metres, for each cover."""

CANOPY_CLOSURE = np.array(
    [0.75, 0.85, 0.8, 0.85, 0.5, 0.7, 0.1, 0.1, 0.6, 0.0, 0.6, 0.7, 0.6], dtype=np.float32
)
"""Share of the ground hidden from above by what stands out of the water, for each cover."""

#                 B02    B03    B04    B08    B11    B12
WATER_REFLECTANCE = _table(
    (0.082, 0.058, 0.035, 0.017, 0.007, 0.005),
    (0.092, 0.080, 0.062, 0.032, 0.010, 0.007),
    (0.104, 0.108, 0.104, 0.064, 0.016, 0.011),
    (0.117, 0.131, 0.146, 0.115, 0.026, 0.018),
)
"""Deep water from clear to laden with silt, [turbidity step, band]; step 0 is clear."""

ATTENUATION_PER_M = np.array([0.9, 0.8, 1.2, 4.0, 40.0, 60.0], dtype=np.float32)
"""Two-way loss of bottom signal per metre of clear water, [band]; silt multiplies it."""

CLOUD_REFLECTANCE = np.array([0.60, 0.58, 0.59, 0.64, 0.46, 0.36], dtype=np.float32)
"""Reflectance of thick water cloud, [band]; SWIR is lower, as droplets absorb there."""

PATH_REFLECTANCE = np.array([0.058, 0.035, 0.020, 0.008, 0.002, 0.001], dtype=np.float32)
"""Light scattered by the air into the sensor over a black surface, [band]."""

DIFFUSE_SHARE = np.array([0.42, 0.33, 0.26, 0.20, 0.13, 0.11], dtype=np.float32)
"""Share of the light on the ground that still reaches it in the shadow of a cloud, [band]."""
