"""Band by band, what the sensor sees of the composed scene."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from edgers.export.flood_demo.bands import BANDS
from edgers.export.flood_demo.clouds import Clouds
from edgers.export.flood_demo.covers import Covers
from edgers.export.flood_demo.frame import Field, Frame
from edgers.export.flood_demo.noise import smooth_noise
from edgers.export.flood_demo.resampling import block_mean, blurred, enlarged
from edgers.export.flood_demo.spectra import (
    ATTENUATION_PER_M,
    CLOUD_REFLECTANCE,
    COVER_REFLECTANCE,
    DIFFUSE_SHARE,
    PARTNER,
    PATH_REFLECTANCE,
    WATER_REFLECTANCE,
    Cover,
)
from edgers.export.flood_demo.waters import Waters

REFLECTANCE_SCALE = 10000.0
"""Digital numbers per unit of reflectance, as in Sentinel-2 L1C (here without an offset)."""

BLUR_SIGMA_PX = 0.55
"""Standard deviation of the optics' blur, pixels; gives mixed pixels at every border."""

SOIL_DARKENING = np.array([0.30, 0.34, 0.40, 0.45, 0.68, 0.74], dtype=np.float32)
"""Loss of brightness of saturated bare soil, [band]: strongest where water absorbs (SWIR)."""

PLANT_DARKENING = np.array([0.08, 0.08, 0.10, 0.12, 0.30, 0.34], dtype=np.float32)
"""The same for vegetated or built ground, [band]."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Layers:
    """Everything that the reflectance of a scene follows from."""

    covers: Covers
    """Land cover."""
    waters: Waters
    """Water at the scene's stage."""
    clouds: Clouds
    """Clouds and shadows."""
    light: Field
    """Sunlight on the slope over that on flat ground, [height, width]."""


def digital_numbers(frame: Frame, layers: Layers, noise_std: float) -> npt.NDArray[np.uint16]:
    """Return the scene as the sensor counts it, uint16 [band, height, width], never below 1.

    noise_std is the standard deviation of the sensor's noise in reflectance.
    """
    generator = frame.generator("sensor")
    ripples = smooth_noise(
        frame.generator("wind"), frame.shape, coarsest_px=frame.to_px(350.0), slope=2.8
    )
    counts = np.empty((len(BANDS), *frame.shape), dtype=np.uint16)
    for band, description in enumerate(BANDS):
        seen = _ground(layers, ripples, band)
        seen = _lit(layers, seen, band)
        opacity = layers.clouds.opacity
        seen += opacity * (CLOUD_REFLECTANCE[band] * layers.clouds.brightness - seen)
        seen = blurred(seen, BLUR_SIGMA_PX)
        if description.native_gsd_m > frame.gsd_m:
            seen = enlarged(block_mean(seen, 2), 2, frame.shape)
        noise = generator.standard_normal(frame.shape, dtype=np.float32)
        seen += noise * np.float32(noise_std) * (1.0 + 1.5 * seen)
        counts[band] = np.clip(np.rint(seen * REFLECTANCE_SCALE), 1, 65535).astype(np.uint16)
    return counts


def _ground(layers: Layers, ripples: Field, band: int) -> Field:
    """Return the reflectance of land and water in even light, [height, width]."""
    covers, waters = layers.covers, layers.waters
    path = PATH_REFLECTANCE[band]
    table = COVER_REFLECTANCE[:, band]
    own, partner = table[covers.cover], table[PARTNER[covers.cover]]
    land = own + covers.partner_share * (partner - own)
    land += covers.road * (0.5 * (table[Cover.CONCRETE] + table[Cover.ASPHALT]) - land)
    land = path + (land - path) * covers.gain
    bare = np.isin(covers.cover, (Cover.DRY_SOIL, Cover.DARK_SOIL, Cover.YOUNG_CROP))
    loss = np.where(bare, SOIL_DARKENING[band], PLANT_DARKENING[band])
    land = path + (land - path) * (1.0 - loss * waters.wetness)
    ground: Field = land + waters.share * (_water(waters, land, ripples, band) - land)
    return ground


def _water(waters: Waters, bottom: Field, ripples: Field, band: int) -> Field:
    """Return the reflectance of the water, with what shines through from a shallow bottom."""
    steps = np.arange(len(WATER_REFLECTANCE)) / (len(WATER_REFLECTANCE) - 1)
    deep = np.interp(waters.turbidity, steps, WATER_REFLECTANCE[:, band]).astype(np.float32)
    loss = ATTENUATION_PER_M[band] * (1.0 + 6.0 * waters.turbidity)
    through = np.exp(-loss * (waters.depth_m + 0.03))
    glint = np.float32(0.0012) * np.clip(ripples, -1.5, 3.0)
    seen: Field = deep + through * 0.7 * (bottom - deep) + glint
    return seen


def _lit(layers: Layers, ground: Field, band: int) -> Field:
    """Return the ground under slope light and cloud shadow; the path reflectance stays."""
    path, diffuse = PATH_REFLECTANCE[band], DIFFUSE_SHARE[band]
    dry = 1.0 - layers.waters.share
    slope = 1.0 + (layers.light - 1.0) * dry
    sunlit = (1.0 - layers.clouds.shadow) * slope
    lit: Field = path + (ground - path) * (diffuse + (1.0 - diffuse) * sunlit)
    return lit
