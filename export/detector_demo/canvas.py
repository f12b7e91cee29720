"""Convex shapes painted on an image of reflectances, with smooth edges."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from edgers.export.detector_demo.palette import Colour

Points = npt.NDArray[np.float64]
"""Corners x, y of a convex polygon, (corner, 2)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stance:
    """Where a thing stands: its own axes, in metres, on the image."""

    x: float
    """Column of its middle, pixels from the outer corner of the image."""
    y: float
    """Row of its middle."""
    angle: float
    """Direction of its first axis, radians from the columns' axis towards the rows' (clockwise)."""
    px_per_m: float
    """Pixels in a metre."""

    def px(self, points_m: npt.ArrayLike) -> Points:
        """Put points (point, 2) of its own axes on the image."""
        along, across = np.asarray(points_m, np.float64).reshape(-1, 2).T * self.px_per_m
        c, s = np.cos(self.angle), np.sin(self.angle)
        return np.stack([self.x + along * c - across * s, self.y + along * s + across * c], axis=1)

    def at(self, along_m: float, across_m: float, turn: float = 0.0) -> "Stance":
        """Give the stance of a thing that stands elsewhere on these axes, turned by `turn`."""
        ((x, y),) = self.px([[along_m, across_m]])
        return Stance(x=float(x), y=float(y), angle=self.angle + turn, px_per_m=self.px_per_m)


def rectangle(length: float, width: float, along: float = 0.0, across: float = 0.0) -> Points:
    """Give a rectangle around (along, across)."""
    left, right, low, high = (
        along - length / 2,
        along + length / 2,
        across - width / 2,
        across + width / 2,
    )
    return np.array([[left, low], [right, low], [right, high], [left, high]])


def disc(radius: float, corners: int = 10) -> Points:
    """Give a polygon that looks round."""
    turns = 2 * np.pi * np.arange(corners) / corners
    return radius * np.stack([np.cos(turns), np.sin(turns)], axis=1)


class Canvas:
    """An image that is painted on."""

    def __init__(self, image: npt.NDArray[np.float32], shadow_m: tuple[float, float]) -> None:
        """Paint on `image`, (band, height, width); a height of 1 m throws a shadow so long.

        `shadow_m` is east and south (columns, rows), metres.
        """
        self.image = image
        self._shadow = np.array(shadow_m)

    @property
    def shape(self) -> tuple[int, int]:
        """Height and width, pixels."""
        return self.image.shape[1], self.image.shape[2]

    def fill(self, points: Points, colour: Colour, opacity: float = 1.0) -> None:
        """Paint a convex polygon, its corners in pixels of the image."""
        seen = coverage(points, self.shape)
        if seen is not None:
            part, share = seen
            under = self.image[:, part[0], part[1]]
            under += (share * np.float32(opacity)) * (colour[:, None, None] - under)

    def shade(self, points: Points, height_m: float, px_per_m: float) -> None:
        """Darken where the shadow of a flat thing at that height falls."""
        moved = points + self._shadow * height_m * px_per_m
        seen = coverage(moved, self.shape)
        if seen is not None:
            part, share = seen
            self.image[:, part[0], part[1]] *= 1 - np.float32(0.55) * share

    def block(self, points: Points, colour: Colour, height_m: float, px_per_m: float) -> None:
        """Paint a thing of that height with its shadow, in a few steps up to its top."""
        for step in (0.33, 0.67, 1.0):
            self.shade(points, height_m * step, px_per_m)
        self.fill(points, colour)


def coverage(
    points: Points, shape: tuple[int, int]
) -> tuple[tuple[slice, slice], npt.NDArray[np.float32]] | None:
    """Give the part of the image that a convex polygon touches, and its share of each pixel.

    The share follows from the distance of the pixel's middle to the nearest edge. None where the
    polygon lies beyond the image.
    """
    low = np.maximum(np.floor(points.min(axis=0)).astype(int) - 1, 0)
    high = np.minimum(np.ceil(points.max(axis=0)).astype(int) + 1, shape[::-1])
    if (high <= low).any():
        return None
    x = np.arange(low[0], high[0], dtype=np.float32) + np.float32(0.5)
    y = (np.arange(low[1], high[1], dtype=np.float32) + np.float32(0.5))[:, None]
    ends = np.roll(points, -1, axis=0)
    sense = np.sign(np.sum(points[:, 0] * ends[:, 1] - ends[:, 0] * points[:, 1]))
    outside = np.full((len(y), len(x)), -np.inf, np.float32)
    for (x0, y0), (x1, y1) in zip(points, ends, strict=True):
        length = float(np.hypot(x1 - x0, y1 - y0))
        if length > 0:
            nx, ny = sense * (y1 - y0) / length, -sense * (x1 - x0) / length
            beyond_x, beyond_y = x - np.float32(x0), y - np.float32(y0)
            beyond = beyond_x * np.float32(nx) + beyond_y * np.float32(ny)
            np.maximum(outside, beyond, out=outside)
    share = np.clip(np.float32(0.5) - outside, 0, 1)
    return (slice(low[1], high[1]), slice(low[0], high[0])), share
