"""Towns, their street blocks, and the roads between them."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from edgers.export.flood_demo.frame import Field, Frame, Mask
from edgers.export.flood_demo.meander import Course
from edgers.export.flood_demo.noise import Cells, cell_hash, cell_uniform, fractal_noise
from edgers.export.flood_demo.relief import Relief

AREA_PER_TOWN_M2 = 6.0e6
"""One town or village for so many square metres of scene."""

TOWN_RADIUS_M = (90.0, 520.0)
"""Range of a town's radius, metres; most lie near the lower end."""

BLOCK_M = 95.0
"""Side of one street block, metres."""

LOT_M = 26.0
"""Side of one lot within a block, metres: one roof or one garden."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settlements:
    """Where the scene is built up."""

    town: Mask
    """Pixels inside a town, [height, width]."""
    lot: Cells
    """Number of the building lot, [height, width]; meaningful inside towns."""
    industrial: Mask
    """Pixels of a town's works and depots: large roofs, few gardens, [height, width]."""
    street: Mask
    """Pixels of streets inside towns, [height, width]."""
    road: Field
    """Share of the pixel that a country road covers, 0 to 1, [height, width]."""


def draw_settlements(frame: Frame, relief: Relief) -> Settlements:
    """Return the towns and roads of a scene; towns keep above the lower flood plain."""
    generator = frame.generator("towns")
    x_px, y_px, radius_px = _sites(frame, relief, generator)
    rough = fractal_noise(generator, frame.shape, coarsest_px=frame.to_px(350.0), slope=2.9)
    town = np.zeros(frame.shape, dtype=np.bool_)
    lot = np.zeros(frame.shape, dtype=np.uint32)
    industrial, street = np.zeros_like(town), np.zeros_like(town)
    for number in range(len(x_px)):
        rows, columns = _around(frame, x_px[number], y_px[number], 2.2 * radius_px[number])
        away_y = np.arange(rows.start, rows.stop, dtype=np.float32)[:, None] - y_px[number]
        away_x = np.arange(columns.start, columns.stop, dtype=np.float32) - x_px[number]
        reach = np.hypot(away_x, away_y) / radius_px[number] + 0.38 * rough[rows, columns]
        inside = (reach < 1.0) & (relief.height_m[rows, columns] > 2.6)
        angle = generator.uniform(0.0, math.pi)
        along = (away_x * math.cos(angle) + away_y * math.sin(angle)) * frame.gsd_m
        across = (away_y * math.cos(angle) - away_x * math.sin(angle)) * frame.gsd_m
        town[rows, columns] |= inside
        street[rows, columns] |= inside & ((along % BLOCK_M < 11.0) | (across % BLOCK_M < 11.0))
        lots, works = _lots(along, across, number, int(generator.integers(2**31)))
        lot[rows, columns] = np.where(inside, lots, lot[rows, columns])
        industrial[rows, columns] |= inside & works & (reach > 0.45)
    road = _roads(frame, generator, x_px, y_px)
    return Settlements(town=town, lot=lot, industrial=industrial, street=street, road=road)


def _sites(
    frame: Frame, relief: Relief, generator: np.random.Generator
) -> tuple[Field, Field, Field]:
    """Return column, row and radius of each town, all in pixels, [towns]."""
    area = frame.height_px * frame.width_px * frame.gsd_m**2
    wanted = max(1, round(area / AREA_PER_TOWN_M2))
    tries = 8 * wanted
    x_px = generator.uniform(0, frame.width_px, tries).astype(np.float32)
    y_px = generator.uniform(0, frame.height_px, tries).astype(np.float32)
    height = relief.height_m[y_px.astype(np.intp), x_px.astype(np.intp)]
    fit = np.flatnonzero((height > 2.5) & (height < 45.0))[:wanted]
    spread = generator.uniform(0.0, 1.0, len(fit)) ** 2.5
    radius_m = TOWN_RADIUS_M[0] + (TOWN_RADIUS_M[1] - TOWN_RADIUS_M[0]) * spread
    return x_px[fit], y_px[fit], (radius_m / frame.gsd_m).astype(np.float32)


def _around(frame: Frame, x_px: float, y_px: float, reach_px: float) -> tuple[slice, slice]:
    top, left = max(0, math.floor(y_px - reach_px)), max(0, math.floor(x_px - reach_px))
    bottom = min(frame.height_px, math.ceil(y_px + reach_px))
    right = min(frame.width_px, math.ceil(x_px + reach_px))
    return slice(top, bottom), slice(left, right)


def _lots(along_m: Field, across_m: Field, number: int, salt: int) -> tuple[Cells, Mask]:
    """Return the lot numbers of a town and which of its lots are works (large, in one block)."""
    district = cell_hash(
        np.floor(along_m / (3 * BLOCK_M)).astype(np.int32),
        np.floor(across_m / (2 * BLOCK_M)).astype(np.int32),
        salt=salt,
    )
    works = cell_uniform(district, salt=1) < 0.22
    side = np.where(works, np.float32(2.2 * LOT_M), np.float32(LOT_M))
    lots = cell_hash(
        np.floor(along_m / side).astype(np.int32),
        np.floor(across_m / side).astype(np.int32),
        salt=salt + number,
    )
    return lots, works


def _roads(frame: Frame, generator: np.random.Generator, x_px: Field, y_px: Field) -> Field:
    """Return the share of each pixel under a road: every town to its two nearest, bent lines."""
    cover = np.zeros(frame.shape, dtype=np.float32)
    pairs = set()
    for start in range(len(x_px)):
        distance = np.hypot(x_px - x_px[start], y_px - y_px[start])
        pairs |= {(min(start, end), max(start, end)) for end in np.argsort(distance)[1:3].tolist()}
    for start, end in sorted(pairs):
        line = _bent_line(generator, (x_px[start], y_px[start]), (x_px[end], y_px[end]))
        splat(cover, line, width_m=9.0, gsd_m=frame.gsd_m)
    return np.minimum(cover, 0.8)


def _bent_line(
    generator: np.random.Generator, start: tuple[float, float], end: tuple[float, float]
) -> Course:
    length = math.hypot(end[0] - start[0], end[1] - start[1])
    share = np.linspace(0.0, 1.0, max(2, 2 * math.ceil(length)), dtype=np.float32)
    aside = np.zeros_like(share)
    for wave in (1, 2, 3):
        aside += generator.normal(0.0, 0.05 / wave) * np.sin(wave * np.pi * share)
    aside *= np.float32(length)
    across = (-(end[1] - start[1]) / max(length, 1.0), (end[0] - start[0]) / max(length, 1.0))
    return Course(
        x_px=start[0] + share * (end[0] - start[0]) + aside * across[0],
        y_px=start[1] + share * (end[1] - start[1]) + aside * across[1],
    )


def splat(cover: Field, course: Course, *, width_m: float, gsd_m: float) -> None:
    """Add to cover [height, width], in place, the pixel share of a line width_m wide.

    Points are spread bilinearly over the four pixels around them, so the line is not jagged.
    """
    step = np.hypot(np.diff(course.x_px), np.diff(course.y_px))
    weight = np.append(step, 0.0) * np.float32(width_m / gsd_m)
    left, top = np.floor(course.x_px).astype(np.intp), np.floor(course.y_px).astype(np.intp)
    right_share, bottom_share = course.x_px - left, course.y_px - top
    for down in (0, 1):
        for along in (0, 1):
            rows, columns = top + down, left + along
            share = np.abs(1 - down - bottom_share) * np.abs(1 - along - right_share)
            height, width = cover.shape
            inside = (rows >= 0) & (rows < height) & (columns >= 0) & (columns < width)
            np.add.at(cover, (rows[inside], columns[inside]), (weight * share)[inside])
