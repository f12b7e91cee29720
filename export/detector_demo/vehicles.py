"""Cars, vans, lorries and buses from above."""

import numpy as np

from edgers.export.detector_demo.canvas import Canvas, Points, Stance, rectangle
from edgers.export.detector_demo.palette import BOXES, CARS, GLASS, WHITE


def size_of(random: np.random.Generator, *, large: float) -> tuple[float, float]:
    """Give length and width in metres; `large` is the share of lorries and buses."""
    if random.random() < large:
        return float(random.uniform(7, 14)), float(random.uniform(2.4, 2.7))
    return float(random.uniform(3.9, 5.3)), float(random.uniform(1.75, 2.05))


def draw_vehicle(
    canvas: Canvas, stance: Stance, length: float, width: float, random: np.random.Generator
) -> None:
    """Draw a vehicle that faces along the first axis; sizes in metres."""
    is_large = length > 6
    body = _rounded(length, width, 0.12 if is_large else 0.4)
    for height in (0.7, 1.4) if not is_large else (1.0, 2.0, 3.0):
        canvas.shade(stance.px(body), height, stance.px_per_m)
    if is_large:
        _large(canvas, stance, length, width, random)
        return
    colour = CARS[random.integers(len(CARS))] * random.uniform(0.85, 1.1)
    canvas.fill(stance.px(body), colour)
    for along, deep in ((0.13, 0.11), (-0.33, 0.08)):
        canvas.fill(stance.px(rectangle(deep * length, 0.78 * width, along * length)), GLASS)
    roof = rectangle(0.34 * length, 0.74 * width, -0.1 * length)
    canvas.fill(stance.px(roof), np.minimum(colour * 1.12, 0.5))


def _large(
    canvas: Canvas, stance: Stance, length: float, width: float, random: np.random.Generator
) -> None:
    colour = BOXES[random.integers(len(BOXES))] if random.random() < 0.6 else WHITE * 0.9
    if random.random() < 0.3:
        # A bus: one roof with hatches.
        canvas.fill(stance.px(_rounded(length, width, 0.12)), colour)
        for along in (-0.3, 0.0, 0.3):
            canvas.fill(
                stance.px(rectangle(0.08 * length, 0.5 * width, along * length)), WHITE * 0.6
            )
        return
    cab = CARS[random.integers(len(CARS))]
    canvas.fill(stance.px(rectangle(2.1, 0.95 * width, length / 2 - 1.05)), cab)
    canvas.fill(stance.px(rectangle(0.5, 0.85 * width, length / 2 - 0.4)), GLASS)
    canvas.fill(stance.px(rectangle(length - 2.5, width, -1.25)), colour)


def _rounded(length: float, width: float, corner: float) -> Points:
    a, b = length / 2, width / 2
    side = [(-a, b - corner), (-a + corner, b), (a - corner, b), (a, b - corner)]
    return np.array(side + [(x, -y) for x, y in side[::-1]])
