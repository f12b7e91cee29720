"""Where the sun stands, and how it lights the slopes."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from edgers.export.flood_demo.frame import Field, Frame
from edgers.export.flood_demo.resampling import blurred, gradient_per_px

ELEVATION_DEG = (34.0, 58.0)
"""Range of the sun's elevation, degrees: mid-morning at mid-latitudes, spring to autumn."""

AZIMUTH_DEG = (140.0, 165.0)
"""Range of the sun's azimuth, degrees clockwise from north: a mid-morning orbit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sun:
    """Direction of the sun over a north-up scene."""

    elevation_rad: float
    """Angle above the horizon, radians."""
    azimuth_rad: float
    """Angle clockwise from north, radians."""

    @property
    def row_direction(self) -> float:
        """Rows one moves per pixel of way towards the sun (rows run south)."""
        return -math.cos(self.azimuth_rad)

    @property
    def column_direction(self) -> float:
        """Columns one moves per pixel of way towards the sun (columns run east)."""
        return math.sin(self.azimuth_rad)


def draw_sun(frame: Frame) -> Sun:
    """Return the sun of a scene."""
    generator = frame.generator("sun")
    return Sun(
        elevation_rad=math.radians(generator.uniform(*ELEVATION_DEG)),
        azimuth_rad=math.radians(generator.uniform(*AZIMUTH_DEG)),
    )


def slope_light(frame: Frame, sun: Sun, height_m: Field) -> Field:
    """Return the sunlight on each slope over that on flat ground, 0.55 to 1.35, [h, w]."""
    down, along = gradient_per_px(blurred(height_m, 1.0))
    rise = (down * sun.row_direction + along * sun.column_direction) / frame.gsd_m
    steep = (down**2 + along**2) / frame.gsd_m**2
    # A slope that rises towards the sun faces away from it.
    light = (1.0 - rise / math.tan(sun.elevation_rad)) / np.sqrt(1.0 + steep)
    clipped: Field = np.clip(light, 0.55, 1.35).astype(np.float32)
    return clipped
