"""A harbour: quay, piers with ships alongside, pontoons with boats, and ships at sea."""

from functools import partial

import numpy as np

from edgers.export.detector_demo.canvas import Stance, rectangle
from edgers.export.detector_demo.palette import BOXES, CONCRETE, FOAM, ROOFS, WOOD, YELLOW
from edgers.export.detector_demo.ships import beam_of, draw_ship
from edgers.export.detector_demo.stage import SHIP, VEHICLE, Stage
from edgers.export.detector_demo.vehicles import draw_vehicle, size_of

MOORED = partial(draw_ship, moves=False)
UNDER_WAY = partial(draw_ship, moves=True)

QUAY_M = 34.0
"""Depth of the quay."""


def draw_harbour(stage: Stage, from_m: float, to_m: float) -> None:
    """Draw a harbour on the shore between two places along the coast."""
    random, shore = stage.random, stage.shore_m
    middle = stage.world.at((from_m + to_m) / 2, shore + QUAY_M / 2)
    stage.pave(middle, to_m - from_m, QUAY_M, CONCRETE * random.uniform(0.75, 1.05))
    place = from_m + random.uniform(5, 25)
    while place < to_m - 20:
        if random.random() < 0.5:
            _pier(stage, place)
            place += random.uniform(45, 80)
        else:
            place += _marina(stage, place)
    _along_quay(stage, from_m, to_m)
    _stacks(stage, from_m, to_m)
    for _ in range(round((to_m - from_m) / 12)):
        length, width = size_of(random, large=0.45)
        at = stage.world.at(
            random.uniform(from_m, to_m), shore + random.uniform(3, QUAY_M - 2),
            random.choice([0, np.pi, np.pi / 2]) + random.normal(0, 0.1),
        )  # fmt: skip
        stage.put(VEHICLE, at, length, width, draw_vehicle)


def draw_sea(stage: Stage) -> None:
    """Draw the foam of waves, and ships under way or at anchor."""
    random, canvas = stage.random, stage.canvas
    area_m2 = stage.water.sum() / stage.world.px_per_m**2
    wind = random.uniform(0, np.pi)
    rough = random.uniform(0.0, 1.0) ** 2
    rows, columns = np.nonzero(stage.water[::8, ::8])
    if not len(rows):
        return
    for _ in range(int(rough * area_m2 / 120)):
        i = random.integers(len(rows))
        crest = Stance(
            x=float(columns[i] * 8 + 4), y=float(rows[i] * 8 + 4), px_per_m=stage.world.px_per_m,
            angle=wind + random.normal(0, 0.3),
        )  # fmt: skip
        shape = rectangle(random.uniform(0.6, 5), random.uniform(0.3, 0.9))
        canvas.fill(crest.px(shape), FOAM, random.uniform(0.1, 0.6))
    for _ in range(int(area_m2 / 2500)):
        i = random.integers(len(rows))
        length = float(random.choice([random.uniform(8, 20), random.uniform(18, 66)]))
        at = Stance(
            x=float(columns[i] * 8), y=float(rows[i] * 8), px_per_m=stage.world.px_per_m,
            angle=random.uniform(-np.pi, np.pi),
        )  # fmt: skip
        beam = beam_of(length, random)
        trail = at.px(rectangle(2.2 * length, 1.5 * beam, -1.6 * length))
        moves = random.random() < 0.65 and stage.is_free(trail)
        draw = UNDER_WAY if moves else MOORED
        stage.put(SHIP, at, length, beam, draw, afloat=True, room_m=6)


def _pier(stage: Stage, place: float) -> None:
    random, shore = stage.random, stage.shore_m
    reach, width = random.uniform(50, 110), random.uniform(7, 16)
    pier = stage.world.at(place, shore - reach / 2)
    stage.build(pier, rectangle(width, reach), CONCRETE * random.uniform(0.8, 1.1), 1.5)
    for side in (-1, 1):
        along = shore - random.uniform(3, 8)
        while along > shore - reach:
            length = float(random.uniform(10, 66))
            beam = beam_of(length, random)
            turn = random.choice([-1, 1]) * np.pi / 2 + random.normal(0, 0.015)
            gap = width / 2 + beam / 2 + random.uniform(0.8, 1.6)
            at = stage.world.at(place + side * gap, along - length / 2, turn)
            if random.random() < 0.8:
                stage.put(SHIP, at, length, beam, MOORED, afloat=True)
            along -= length + random.uniform(2, 10)


def _marina(stage: Stage, place: float) -> float:
    """Draw a pontoon with boats on both sides; gives the width of coast it takes."""
    random, shore = stage.random, stage.shore_m
    reach, largest = random.uniform(35, 80), random.uniform(9, 15)
    pontoon = stage.world.at(place + largest, shore - reach / 2)
    stage.build(pontoon, rectangle(2.2, reach), WOOD * random.uniform(0.8, 1.5), 0.5)
    for side in (-1, 1):
        along = shore - 3.0
        while along > shore - reach + 3:
            length = largest * random.uniform(0.65, 1.0)
            beam = beam_of(length, random)
            turn = np.pi / 2 - side * np.pi / 2 + (np.pi if random.random() < 0.2 else 0)
            gap = 1.1 + length / 2 + random.uniform(0.6, 1.0)
            at = stage.world.at(
                place + largest + side * gap, along - beam / 2, turn + random.normal(0, 0.03)
            )
            if random.random() < 0.85:
                stage.put(SHIP, at, length, beam, MOORED, afloat=True)
            along -= beam + random.uniform(0.9, 1.8)
    return 2 * largest + random.uniform(8, 30)


def _along_quay(stage: Stage, from_m: float, to_m: float) -> None:
    random = stage.random
    place = from_m + random.uniform(0, 30)
    while place < to_m:
        length = float(random.uniform(14, 66))
        beam = beam_of(length, random)
        at = stage.world.at(
            place + length / 2, stage.shore_m - beam / 2 - random.uniform(0.9, 1.6),
            random.choice([0, np.pi]) + random.normal(0, 0.015),
        )  # fmt: skip
        stage.put(SHIP, at, length, beam, MOORED, afloat=True)
        place += length + random.uniform(3, 25)


def _stacks(stage: Stage, from_m: float, to_m: float) -> None:
    """Draw containers in stacks, sheds and the legs of cranes: none of them is an object."""
    random, shore = stage.random, stage.shore_m
    for _ in range(round((to_m - from_m) / 28)):
        u, v = random.uniform(from_m, to_m), shore + random.uniform(9, QUAY_M - 6)
        place = stage.world.at(u, v)
        sort = random.random()
        if sort < 0.2:
            shed = rectangle(random.uniform(8, 22), random.uniform(6, 11))
            stage.build(place, shed, ROOFS[random.integers(len(ROOFS))], 5)
        elif sort < 0.35:
            for across in (-3.0, 3.0):
                stage.build(place, rectangle(14, 1.2, 0, across), YELLOW, 12)
        else:
            long = 12.2 if random.random() < 0.5 else 6.1
            rows, files = int(random.integers(2, 6)), int(random.integers(1, 4))
            if not stage.reserve(place.px(rectangle(files * long + 1, rows * 2.5 + 1))):
                continue
            for row in range(rows):
                for file in range(files):
                    along, across = (file - (files - 1) / 2) * long, (row - (rows - 1) / 2) * 2.5
                    shape = place.px(rectangle(long - 0.2, 2.44, along, across))
                    colour = BOXES[random.integers(len(BOXES))]
                    tiers = float(random.integers(1, 4))
                    stage.canvas.block(shape, colour, 2.6 * tiers, place.px_per_m)
