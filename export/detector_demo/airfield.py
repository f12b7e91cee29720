"""An airfield: runway, taxiway, aprons with planes, hangars and the vehicles of the ground crew."""

import numpy as np

from edgers.export.detector_demo.canvas import Stance, rectangle
from edgers.export.detector_demo.palette import ASPHALT, CONCRETE, GRASS, PAINT, ROOFS, YELLOW
from edgers.export.detector_demo.planes import draw_plane
from edgers.export.detector_demo.stage import PLANE, VEHICLE, Stage
from edgers.export.detector_demo.vehicles import draw_vehicle, size_of


def draw_airfield(stage: Stage, field: Stance, length: float, depth: float) -> None:
    """Draw an airfield on a rectangle around `field`, runway on its far side; sizes in metres."""
    random = stage.random
    stage.pave(field, length, depth, GRASS * random.uniform(0.9, 1.3))
    dark = ASPHALT * random.uniform(0.75, 1.3)
    _runway(stage, field.at(0, 0.36 * depth), length, dark)
    taxiway = field.at(0, 0.12 * depth)
    stage.pave(taxiway, length, 14, dark * 1.2)
    stage.pave(taxiway, length, 0.4, YELLOW)
    place = -length / 2 + random.uniform(0, 15)
    while place < length / 2 - 40:
        wide = random.uniform(70, 130)
        apron = field.at(place + wide / 2, -0.16 * depth)
        stage.pave(apron, wide, 0.48 * depth, CONCRETE * random.uniform(0.7, 1.15))
        _joints(stage, apron, wide, 0.48 * depth)
        _buildings(stage, apron.at(0, -0.24 * depth - 12), wide)
        is_large = random.random() < 0.65
        steps = (-0.12, 0.11) if is_large else (-0.18, -0.06, 0.06, 0.18)
        for step in steps:
            size = random.uniform(17, 38) if is_large else random.uniform(8, 14)
            _row(stage, apron.at(0, step * depth), wide, size)
        place += wide + random.uniform(4, 25)
    for lane in (0.12, 0.36):
        for _ in range(2):
            size = random.uniform(10, 38)
            at = field.at(
                random.uniform(-0.4, 0.4) * length, lane * depth, random.choice([0, np.pi])
            )
            stage.put(PLANE, at, size, size * random.uniform(0.88, 1.02), draw_plane)


def _runway(stage: Stage, runway: Stance, length: float, dark: np.ndarray) -> None:
    stage.pave(runway, length, 32, dark)
    for along in np.arange(-length / 2, length / 2, 20):
        stage.pave(runway.at(along, 0), 11, 0.9, PAINT)
    for side in (-14.5, 14.5):
        stage.pave(runway.at(0, side), length, 0.8, PAINT)
    end = stage.random.uniform(-0.4, 0.4) * length
    for across in np.arange(-11, 12, 3.1):
        stage.pave(runway.at(end, across), 20, 1.6, PAINT)


def _joints(stage: Stage, apron: Stance, wide: float, deep: float) -> None:
    """Draw the joints between slabs of concrete."""
    for along in np.arange(-wide / 2, wide / 2, 7.5):
        stage.canvas.fill(apron.at(along, 0).px(rectangle(0.15, deep)), ASPHALT, 0.3)
    for across in np.arange(-deep / 2, deep / 2, 7.5):
        stage.canvas.fill(apron.at(0, across).px(rectangle(wide, 0.15)), ASPHALT, 0.3)


def _buildings(stage: Stage, place: Stance, wide: float) -> None:
    random = stage.random
    along = -wide / 2
    while along < wide / 2 - 20:
        size = random.uniform(18, 50)
        roof = ROOFS[random.integers(1, len(ROOFS))]
        shape = rectangle(size, random.uniform(14, 20))
        stage.build(place.at(along + size / 2, random.uniform(-2, 2)), shape, roof, 9)
        along += size + random.uniform(3, 12)


def _row(stage: Stage, apron: Stance, wide: float, size: float) -> None:
    """Park planes of about one size side by side, and vehicles near them."""
    random = stage.random
    heading = random.choice([-1, 1]) * np.pi / 2 + random.choice([0, 0, random.uniform(-0.7, 0.7)])
    along = -wide / 2 + size / 2 + 1
    while along < wide / 2 - size / 2:
        length = size * random.uniform(0.85, 1.08)
        span = length * random.uniform(0.88, 1.04)
        at = apron.at(along, random.uniform(-3, 3), heading + random.normal(0, 0.06))
        if random.random() < 0.85:
            stage.pave(at.at(0.2 * length, 0), 1.2 * length, 0.3, YELLOW)
            stage.put(PLANE, at, length, span, draw_plane)
            for _ in range(int(random.integers(0, 4)) if size > 14 else 0):
                long, broad = size_of(random, large=0.4)
                beside = at.at(
                    random.uniform(-0.7, 0.7) * length, random.choice([-1, 1]) * 0.3 * span,
                    random.choice([0, np.pi / 2]) + random.normal(0, 0.2),
                )  # fmt: skip
                stage.put(VEHICLE, beside, long, broad, draw_vehicle)
        along += span + random.uniform(2.5, 9)
