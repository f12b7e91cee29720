"""Field parcels: strips and blocks laid out in a different direction in every district."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from edgers.export.flood_demo.frame import Field, Frame
from edgers.export.flood_demo.noise import Cells, cell_hash, cell_uniform, smooth_noise

DISTRICT_M = 2100.0
"""Spacing of districts, metres: within one, all parcels share a direction and a size."""

PARCEL_DEPTH_M = (90.0, 380.0)
"""Range of the depth of one row of parcels, metres; typical of European arable land."""

PARCEL_WIDTH_M = (70.0, 620.0)
"""Range of the width of one parcel within its row, metres."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parcels:
    """Which parcel every pixel belongs to."""

    district: Cells
    """Number of the district, [height, width]."""
    parcel: Cells
    """Number of the parcel, unique but for hash collisions, [height, width]."""
    edge_m: Field
    """Distance from the nearest side of the parcel, metres, [height, width]."""
    across_m: Field
    """Coordinate across the rows of crop, metres, [height, width]: tractor lines follow it."""


def draw_parcels(frame: Frame) -> Parcels:
    """Return the parcel layout of a scene."""
    generator = frame.generator("parcels")
    x_m, y_m = _warped_positions(frame, generator)
    salt = int(generator.integers(2**31))
    district, centre_x, centre_y = _districts(x_m, y_m, salt)
    angle = cell_uniform(district, salt=salt + 1) * np.float32(np.pi)
    east, north = x_m - centre_x, y_m - centre_y
    along = east * np.cos(angle) + north * np.sin(angle)
    across = north * np.cos(angle) - east * np.sin(angle)
    depth = _ranged(cell_uniform(district, salt=salt + 2), PARCEL_DEPTH_M)
    row = np.floor(across / depth)
    strip = cell_hash(district, row.astype(np.int32), salt=salt + 3)
    width = _ranged(cell_uniform(strip, salt=salt + 4) ** 2, PARCEL_WIDTH_M)
    shifted = along + width * cell_uniform(strip, salt=salt + 5)
    column = np.floor(shifted / width)
    across_rest, along_rest = across - row * depth, shifted - column * width
    edge = np.minimum(
        np.minimum(across_rest, depth - across_rest), np.minimum(along_rest, width - along_rest)
    )
    return Parcels(
        district=district,
        parcel=cell_hash(strip, column.astype(np.int32), salt=salt + 6),
        edge_m=edge,
        across_m=across,
    )


def _warped_positions(frame: Frame, generator: np.random.Generator) -> tuple[Field, Field]:
    """Return pixel positions in metres, bent a little: no field side is a perfect line."""
    coarsest = frame.to_px(700.0)
    bend_x = smooth_noise(generator, frame.shape, coarsest_px=coarsest, slope=4.0)
    bend_y = smooth_noise(generator, frame.shape, coarsest_px=coarsest, slope=4.0)
    x_m = np.arange(frame.width_px, dtype=np.float32) * np.float32(frame.gsd_m)
    y_m = np.arange(frame.height_px, dtype=np.float32) * np.float32(frame.gsd_m)
    return x_m + 22.0 * bend_x, y_m[:, None] + 22.0 * bend_y


def _districts(x_m: Field, y_m: Field, salt: int) -> tuple[Cells, Field, Field]:
    """Return the number and the centre (x, y) of each pixel's district: jittered Voronoi."""
    home_x = np.floor(x_m / DISTRICT_M).astype(np.int32)
    home_y = np.floor(y_m / DISTRICT_M).astype(np.int32)
    best = np.full(x_m.shape, np.inf, dtype=np.float32)
    district = np.zeros(x_m.shape, dtype=np.uint32)
    centre_x, centre_y = np.zeros_like(best), np.zeros_like(best)
    for down in (-1, 0, 1):
        for along in (-1, 0, 1):
            cell = cell_hash(home_x + along, home_y + down, salt=salt)
            site_x = (home_x + along + cell_uniform(cell, salt=1)) * np.float32(DISTRICT_M)
            site_y = (home_y + down + cell_uniform(cell, salt=2)) * np.float32(DISTRICT_M)
            distance = (x_m - site_x) ** 2 + (y_m - site_y) ** 2
            closer = distance < best
            best[closer] = distance[closer]
            district[closer] = cell[closer]
            centre_x[closer], centre_y[closer] = site_x[closer], site_y[closer]
    return district, centre_x, centre_y


def _ranged(uniform: Field, limits: tuple[float, float]) -> Field:
    return np.float32(limits[0]) + np.float32(limits[1] - limits[0]) * uniform
