"""A town: roads with traffic, car parks, houses, works, trees and fields."""

from itertools import pairwise

import numpy as np

from edgers.export.detector_demo.canvas import Stance, disc, rectangle
from edgers.export.detector_demo.palette import ASPHALT, CONCRETE, PAINT, ROOFS, SOIL, TREE
from edgers.export.detector_demo.stage import VEHICLE, Stage
from edgers.export.detector_demo.vehicles import draw_vehicle, size_of

ROAD_M = 8.0
"""Width of a road: two lanes and their edges."""

SLOT_M = (2.5, 5.4)
"""Width and depth of a parking space."""


def draw_town(
    stage: Stage, begin_m: float, blocked: list[tuple[float, float, float, float]]
) -> None:
    """Draw a town inland from `begin_m`, leaving out rectangles (u0, v0, u1, v1) in metres."""
    random, reach = stage.random, stage.reach_m
    rows = _edges(random, begin_m, reach, (42, 64))
    columns = _edges(random, -reach, reach, (55, 110))
    for v in rows:
        _road(stage, stage.world.at(0, v), 2 * reach, blocked, along_coast=True, at_m=v)
    for u in columns:
        middle = (begin_m + reach) / 2
        road = stage.world.at(u, middle, np.pi / 2)
        _road(stage, road, reach - begin_m, blocked, along_coast=False, at_m=u, offset=middle)
    sorts = (_car_park, _car_park, _houses, _houses, _works, _trees, _field)
    for v0, v1 in pairwise(rows):
        for u0, u1 in pairwise(columns):
            wide, deep = u1 - u0 - ROAD_M - 3, v1 - v0 - ROAD_M - 3
            block = stage.world.at((u0 + u1) / 2, (v0 + v1) / 2)
            is_free = not any(
                u0 < b[2] and u1 > b[0] and v0 < b[3] and v1 > b[1] for b in blocked
            )  # fmt: skip
            if is_free and stage.sees(block, 60):
                sorts[random.integers(len(sorts))](stage, block, wide, deep)


def _edges(
    random: np.random.Generator, begin: float, end: float, step: tuple[float, float]
) -> list[float]:
    edges = [begin]
    while edges[-1] < end:
        edges.append(edges[-1] + float(random.uniform(*step)))
    return edges


def _road(
    stage: Stage, road: Stance, length: float, blocked: list[tuple[float, float, float, float]],
    *, along_coast: bool, at_m: float, offset: float = 0.0,
) -> None:  # fmt: skip
    """Draw a road and its traffic; it ends where the ground is blocked."""
    random = stage.random
    grey = ASPHALT * random.uniform(0.85, 1.25)
    for begin, end in _open_parts(length, offset, blocked, along_coast=along_coast, at_m=at_m):
        part = road.at((begin + end) / 2, 0)
        stage.pave(part, end - begin, ROAD_M, grey)
        for along in np.arange(begin, end, 9.0):
            if stage.sees(road.at(along, 0), 5):
                stage.pave(road.at(along, 0), 3, 0.15, PAINT)
        for lane in (-1, 1):
            along = begin + random.exponential(20)
            while along < end:
                long, broad = size_of(random, large=0.15)
                turn = (0 if lane > 0 else np.pi) + random.normal(0, 0.02)
                at = road.at(along, lane * 1.9, turn)
                if stage.sees(at):
                    stage.put(VEHICLE, at, long, broad, draw_vehicle, room_m=0.8)
                along += long + 2.5 + random.exponential(22)


def _open_parts(
    length: float, offset: float, blocked: list[tuple[float, float, float, float]],
    *, along_coast: bool, at_m: float,
) -> list[tuple[float, float]]:  # fmt: skip
    parts = [(-length / 2, length / 2)]
    for u0, v0, u1, v1 in blocked:
        low, high, here = (u0, u1, v0 < at_m < v1) if along_coast else (v0, v1, u0 < at_m < u1)
        if here:
            low, high = low - offset, high - offset
            parts = [
                cut
                for begin, end in parts
                for cut in ((begin, min(end, low)), (max(begin, high), end))
                if cut[1] > cut[0]
            ]
    return parts


def _car_park(stage: Stage, block: Stance, wide: float, deep: float) -> None:
    random = stage.random
    stage.pave(block, wide, deep, ASPHALT * random.uniform(0.8, 1.5))
    slot, depth = SLOT_M
    filled = random.uniform(0.25, 0.85)
    across = -deep / 2 + depth / 2 + 1
    pair = 0
    while across < deep / 2 - depth / 2:
        for along in np.arange(-wide / 2 + 2, wide / 2 - 2, slot):
            line = block.at(along, across)
            stage.pave(line, 0.12, depth, PAINT)
            if along < wide / 2 - 2 - slot and random.random() < filled:
                long, broad = size_of(random, large=0.0)
                turn = random.choice([-1, 1]) * np.pi / 2 + random.normal(0, 0.025)
                at = block.at(
                    along + slot / 2 + random.normal(0, 0.08), across + random.normal(0, 0.2), turn
                )
                stage.put(VEHICLE, at, min(long, depth - 0.3), broad, draw_vehicle, room_m=0.1)
        across += depth + 0.2 if pair % 2 else depth + 6.5
        pair += 1


def _houses(stage: Stage, block: Stance, wide: float, deep: float) -> None:
    random = stage.random
    for across in (-deep / 4, deep / 4):
        along = -wide / 2 + 8
        while along < wide / 2 - 8:
            long, broad = random.uniform(9, 15), random.uniform(7, 10)
            house = block.at(along, across + random.uniform(-2, 2), random.choice([0, np.pi / 2]))
            roof = ROOFS[random.integers(len(ROOFS))]
            if stage.build(house, rectangle(long, broad), roof, 6):
                lit = rectangle(long, broad / 2, 0, broad / 4)
                stage.canvas.fill(house.px(lit), roof * random.uniform(0.65, 1.35))
            drive = block.at(along + 8.5, across * 1.35, np.pi / 2)
            stage.pave(drive, 9, 3, CONCRETE * 0.7)
            if random.random() < 0.5:
                size, girth = size_of(random, large=0.05)
                stage.put(VEHICLE, drive, size, girth, draw_vehicle)
            along += random.uniform(17, 24)
    _plant(stage, block, wide, deep, round(wide * deep / 150))


def _works(stage: Stage, block: Stance, wide: float, deep: float) -> None:
    random = stage.random
    stage.pave(block, wide, deep, np.float32(0.5) * (ASPHALT + CONCRETE) * random.uniform(0.7, 1.2))
    roof = ROOFS[random.integers(1, len(ROOFS))]
    hall = block.at(0, -deep * 0.14)
    if stage.build(hall, rectangle(wide * 0.8, deep * 0.5), roof, 9):
        for along in np.arange(-wide * 0.36, wide * 0.36, 9.0):
            light = rectangle(1.6, deep * 0.36, along)
            stage.canvas.fill(hall.px(light), np.minimum(roof * 1.5, 0.5))
        for _ in range(int(random.integers(0, 7))):
            unit = rectangle(random.uniform(2, 5), random.uniform(1.8, 3))
            top = hall.at(random.uniform(-0.36, 0.36) * wide, random.uniform(-0.2, 0.2) * deep)
            stage.canvas.block(top.px(unit), CONCRETE * random.uniform(0.5, 1.6), 2, top.px_per_m)
    along = -wide * 0.4
    while along < wide * 0.4:
        long, broad = size_of(random, large=0.8)
        at = block.at(along, deep * 0.13 + long / 2 + 0.8, np.pi / 2 + random.normal(0, 0.03))
        if random.random() < 0.6:
            stage.put(VEHICLE, at, long, broad, draw_vehicle)
        along += random.uniform(3.4, 7)


def _trees(stage: Stage, block: Stance, wide: float, deep: float) -> None:
    _plant(stage, block, wide, deep, round(wide * deep / stage.random.uniform(25, 120)))


def _plant(stage: Stage, block: Stance, wide: float, deep: float, count: int) -> None:
    random = stage.random
    for _ in range(count):
        place = block.at(random.uniform(-0.48, 0.48) * wide, random.uniform(-0.48, 0.48) * deep)
        radius = random.uniform(1.2, 4.2)
        if stage.sees(place, 5) and stage.reserve(place.px(disc(radius * 0.8))):
            crown = TREE * random.uniform(0.8, 1.5)
            stage.canvas.block(place.px(disc(radius)), crown, 2 * radius, place.px_per_m)
            lit = place.px(disc(0.55 * radius) - [0.25 * radius, 0.2 * radius])
            stage.canvas.fill(lit, crown * 1.5, 0.7)


def _field(stage: Stage, block: Stance, wide: float, deep: float) -> None:
    random = stage.random
    ground = SOIL * random.uniform(0.6, 1.2)
    stage.pave(block, wide, deep, ground)
    for across in np.arange(-deep / 2, deep / 2, 3.0):
        stage.canvas.fill(block.at(0, across).px(rectangle(wide, 1.2)), ground * 0.8, 0.6)
