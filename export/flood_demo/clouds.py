"""Clouds and the shadows they throw."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from edgers.export.flood_demo.frame import Field, Frame
from edgers.export.flood_demo.noise import fractal_noise
from edgers.export.flood_demo.resampling import blurred, gradient_per_px
from edgers.export.flood_demo.sun import Sun

OPAQUE = 0.5
"""A pixel counts as cloud from this opacity on; a thinner veil counts as what lies below."""

BASE_HEIGHT_M = (700.0, 1700.0)
"""Range of the height of a cloud above the ground, metres: low cumulus."""

LARGEST_VEIL = 0.22
"""Highest opacity of the thin veil that comes with clouds: below OPAQUE on purpose."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Clouds:
    """The clouds of a scene."""

    opacity: Field
    """Share of the light from below that the cloud replaces by its own, 0 to 1, [h, w]."""
    brightness: Field
    """Factor on the cloud's own reflectance: lit and shaded sides, about 1, [height, width]."""
    shadow: Field
    """Share of direct sunlight taken from the ground, 0 to 1, [height, width]."""


def draw_clouds(frame: Frame, sun: Sun, cloud_share: float) -> Clouds:
    """Return clouds that cover cloud_share of the frame at opacity OPAQUE or more."""
    if cloud_share <= 0.0:
        clear = np.zeros(frame.shape, dtype=np.float32)
        return Clouds(opacity=clear, brightness=np.ones_like(clear), shadow=clear)
    generator = frame.generator("clouds")
    groups = fractal_noise(generator, frame.shape, coarsest_px=frame.to_px(2600.0), slope=3.6)
    puffs = fractal_noise(generator, frame.shape, coarsest_px=frame.to_px(700.0), slope=3.8)
    veil = fractal_noise(
        generator, frame.shape, coarsest_px=frame.to_px(3000.0), slope=3.8, stretch=2.5
    )
    density = groups + 0.75 * puffs
    steepness = generator.uniform(1.3, 3.6)
    edge = float(np.quantile(density, 1.0 - cloud_share)) - math.log(2.0) / steepness
    excess = np.maximum(density - np.float32(edge), 0.0)
    thickness: Field = (steepness * excess).astype(np.float32, copy=False)
    opaque = (1.0 - np.exp(-thickness)).astype(np.float32, copy=False)
    thin = LARGEST_VEIL * np.clip(generator.uniform(-0.9, 0.2) + 0.5 * veil, 0.0, 1.0)
    opacity = np.maximum(opaque, thin).astype(np.float32)
    height_m = generator.uniform(*BASE_HEIGHT_M)
    return Clouds(
        opacity=opacity,
        brightness=_brightness(thickness, sun),
        shadow=_shadow(frame, opaque, sun, height_m),
    )


def _brightness(thickness: Field, sun: Sun) -> Field:
    """Return the cloud's relative brightness: thick is bright, the side off the sun is grey."""
    down, along = gradient_per_px(blurred(thickness, 1.5))
    towards_sun = down * np.float32(sun.row_direction) + along * np.float32(sun.column_direction)
    lit = np.tanh(-2.2 * towards_sun)
    body = 0.62 + 0.46 * (1.0 - np.exp(-0.35 * thickness))
    brightness: Field = np.clip(body + 0.17 * lit, 0.45, 1.2).astype(np.float32)
    return brightness


def _shadow(frame: Frame, opaque: Field, sun: Sun, height_m: float) -> Field:
    """Return the shadow, cast away from the sun; the noise is periodic, so it wraps around."""
    throw_px = frame.to_px(height_m / math.tan(sun.elevation_rad))
    rows = -round(throw_px * sun.row_direction)
    columns = -round(throw_px * sun.column_direction)
    cast = np.roll(opaque, (rows, columns), axis=(0, 1))
    return np.clip(blurred(np.minimum(1.35 * cast, 1.0), 1.2), 0.0, 0.97).astype(np.float32)
