"""Meandering lines: the course of a river, an abandoned channel, a stream or a road."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """A line across the scene, one point a pixel of its length."""

    x_px: npt.NDArray[np.float32]
    """Column of each point, [points], pixel centres at whole numbers; may lie outside."""
    y_px: npt.NDArray[np.float32]
    """Row of each point, [points]."""

    def between(self, first: int, last: int) -> Course:
        """Return the part from point `first` to before point `last`."""
        return Course(x_px=self.x_px[first:last], y_px=self.y_px[first:last])

    def moved(self, x_px: float, y_px: float) -> Course:
        """Return the line shifted by (x_px, y_px)."""
        return Course(
            x_px=self.x_px + np.float32(x_px),
            y_px=self.y_px + np.float32(y_px),
        )


def wandering_course(
    generator: np.random.Generator,
    *,
    start_px: tuple[float, float],
    heading_rad: float,
    length_px: int,
    wavelength_px: float,
    bend_rad: float,
    wander_rad: float = 0.25,
) -> Course:
    """Return a sine-generated curve from start_px (x, y) with irregular bends.

    The direction swings by up to bend_rad about the heading once per wavelength of line length,
    the shape Langbein and Leopold (1966) describe for river meanders; swing and wavelength vary
    slowly along the line, and the heading itself wanders by wander_rad.
    """
    swing = bend_rad * (1.0 + 0.35 * _slow_variation(generator, length_px, 1.7 * wavelength_px))
    pace = 1.0 + 0.3 * _slow_variation(generator, length_px, 1.3 * wavelength_px)
    phase = np.cumsum(2.0 * math.pi / wavelength_px * np.clip(pace, 0.3, 2.0))
    phase += generator.uniform(0.0, 2.0 * math.pi)
    drift = wander_rad * _slow_variation(generator, length_px, 4.0 * wavelength_px)
    direction = heading_rad + drift + np.clip(swing, 0.0, 1.75) * np.sin(phase)
    return Course(
        x_px=(start_px[0] + np.cumsum(np.cos(direction))).astype(np.float32),
        y_px=(start_px[1] + np.cumsum(np.sin(direction))).astype(np.float32),
    )


def _slow_variation(
    generator: np.random.Generator, length_px: int, scale_px: float
) -> npt.NDArray[np.float64]:
    knots = generator.standard_normal(math.ceil(length_px / scale_px) + 2)
    return np.interp(np.arange(length_px) / scale_px, np.arange(len(knots)), knots)


def crossing_course(
    generator: np.random.Generator,
    shape: tuple[int, int],
    *,
    heading_rad: float,
    offset_px: float,
    wavelength_px: float,
    bend_rad: float,
) -> Course:
    """Return a course that enters and leaves a scene of shape (height, width).

    It passes the scene's centre at a distance of offset_px, to the right of its heading.
    """
    height, width = shape
    reach_px = 0.75 * math.hypot(height, width) + wavelength_px
    along = (math.cos(heading_rad), math.sin(heading_rad))
    centre = (0.5 * width, 0.5 * height)
    course = wandering_course(
        generator,
        start_px=(centre[0] - reach_px * along[0], centre[1] - reach_px * along[1]),
        heading_rad=heading_rad,
        length_px=math.ceil(6.0 * reach_px),
        wavelength_px=wavelength_px,
        bend_rad=bend_rad,
    )
    across = (-along[1], along[0])
    x_px, y_px = course.x_px - centre[0], course.y_px - centre[1]
    progress = x_px * along[0] + y_px * along[1]
    sideways = x_px * across[0] + y_px * across[1]
    middle = np.abs(progress) < 0.25 * min(height, width)
    shift = offset_px - (float(sideways[middle].mean()) if middle.any() else 0.0)
    outside = np.flatnonzero(progress > reach_px)
    end = int(outside[0]) if outside.size else len(progress)
    return course.between(0, end).moved(shift * across[0], shift * across[1])
