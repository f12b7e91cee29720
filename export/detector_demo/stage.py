"""What is being drawn: the image, what stands where, and what is known of it."""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from edgers.export.detector_demo.canvas import Canvas, Points, Stance, coverage, rectangle
from edgers.export.detector_demo.palette import Colour

CLASS_NAMES = ("ship", "plane", "vehicle")
"""Names of the classes, by number."""

SHIP, PLANE, VEHICLE = range(3)

Draw = Callable[[Canvas, Stance, float, float, np.random.Generator], None]
"""Draws a thing of that length and width in metres."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """A scene in the making."""

    canvas: Canvas
    """Image to paint on."""
    world: Stance
    """Axes of the scene: along the coast, and from the sea inland."""
    random: np.random.Generator
    """Where everything comes from that is left to chance."""
    shore_m: float
    """Where the water ends along the second axis, metres."""
    water: npt.NDArray[np.bool_]
    """Pixels of water, (height, width)."""
    hidden: npt.NDArray[np.bool_]
    """Pixels below a cloud: nothing that counts stands there."""
    taken: npt.NDArray[np.bool_]
    """Pixels on which something stands."""
    things: list[tuple[float, float, float, float, float]] = field(default_factory=list)
    """Truth: centre x, y, length, width in pixels, angle."""
    kinds: list[int] = field(default_factory=list)
    """Class of each."""

    @property
    def reach_m(self) -> float:
        """Give how far from the middle of the scene anything can be seen."""
        height, width = self.canvas.shape
        return float(np.hypot(height, width) / 2 / self.world.px_per_m)

    def sees(self, stance: Stance, margin_m: float = 0.0) -> bool:
        """Tell whether a place lies on the image, or up to `margin_m` beyond."""
        height, width = self.canvas.shape
        rim = margin_m * stance.px_per_m
        return -rim <= stance.x <= width + rim and -rim <= stance.y <= height + rim

    def pave(self, place: Stance, length: float, width: float, colour: Colour) -> None:
        """Paint flat ground."""
        self.canvas.fill(place.px(rectangle(length, width)), colour)

    def is_free(self, points: Points) -> bool:
        """Tell whether nothing stands under a convex polygon, as far as the image goes."""
        seen = coverage(points, self.canvas.shape)
        return seen is None or not (self.taken[seen[0]] & (seen[1] > 0.01)).any()

    def reserve(self, points: Points) -> bool:
        """Take the ground under a convex polygon; False, and nothing done, where it is taken."""
        seen = coverage(points, self.canvas.shape)
        if seen is None:
            return False
        part, share = seen
        touched = share > 0.01
        if (self.taken[part] & touched).any():
            return False
        self.taken[part] |= touched
        return True

    def build(self, place: Stance, shape: Points, colour: Colour, height_m: float) -> bool:
        """Put up something that is no object of any class, unless something stands there."""
        points = place.px(shape)
        if not self.reserve(points):
            return False
        self.canvas.block(points, colour, height_m, place.px_per_m)
        return True

    def put(
        self, kind: int, stance: Stance, length: float, width: float, draw: Draw,
        *, afloat: bool = False, room_m: float = 0.4,
    ) -> bool:  # fmt: skip
        """Draw an object and note it, unless there is no room, a cloud, or the image ends."""
        outline = stance.px(rectangle(length, width))
        height, width_px = self.canvas.shape
        if outline.min() < 1 or (outline.max(axis=0) > (width_px - 1, height - 1)).any():
            return False
        wide = stance.px(rectangle(length + room_m, width + room_m))
        seen = coverage(wide, self.canvas.shape)
        assert seen is not None
        part, share = seen
        under = share > 0.01
        if afloat and not self.water[part][under].all():
            return False
        if self.hidden[part][under].any() or not self.reserve(wide):
            return False
        draw(self.canvas, stance, length, width, self.random)
        scale = stance.px_per_m
        self.things.append((stance.x, stance.y, length * scale, width * scale, stance.angle))
        self.kinds.append(kind)
        return True
