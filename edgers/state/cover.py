"""How much of one grid's ground another covers."""

import numpy as np

from edgers.scene.lonlat import LONLAT, points_between
from edgers.scene.place import Place

LATTICE = 41
"""Points a side at which the ground is looked at: shares are good to about a fortieth."""


def cover_share(ground: Place, other: Place) -> float:
    """Give the share of `ground` that lies within the grid `other`, from 0 to 1.

    Grids that lie nowhere on Earth cover one another where they are of one size. Points whose
    place is not known count as not covered.
    """
    if ground.kind == "none" or other.kind != "map":
        return float(ground.kind == other.kind and ground.shape == other.shape)
    height, width = ground.shape
    steps = (np.arange(LATTICE) + 0.5) / LATTICE
    columns, rows = np.meshgrid(steps * width, steps * height)
    lon, lat = ground.lonlat(columns, rows)
    assert other.crs is not None
    if other.crs.is_geographic:
        # A map of degrees may go beyond ±180: turns are counted from its middle.
        middle = (other.transform @ (other.width_px / 2, other.height_px / 2))[0]
        xs, ys = points_between(LONLAT, other.crs, lon, lat)
        xs = xs - 360 * np.round((xs - middle) / 360)
    else:
        xs, ys = points_between(LONLAT, other.crs, lon, lat)
    inverse = ~other.transform
    across = inverse.a * xs + inverse.b * ys + inverse.c
    down = inverse.d * xs + inverse.e * ys + inverse.f
    inside = (across >= 0) & (across <= other.width_px) & (down >= 0) & (down <= other.height_px)
    return int(np.count_nonzero(inside)) / int(inside.size)
