"""The outline of a grid in longitude and latitude, as GeoJSON wants it (RFC 7946)."""

import itertools
from dataclasses import dataclass

import numpy as np

from edgers.scene.lonlat import Floats, unit_vectors
from edgers.scene.lonlat_ring import (
    AT_POLE_DEG,
    DIGITS,
    Point,
    Ring,
    bent,
    closed,
    closed_over_pole,
    cut,
    twice_area,
    unwrapped,
    wrapped,
)
from edgers.scene.place import Place

SIDE_PIECES = 8
"""Pieces a side of the grid is taken in at first."""

MOST_HALVINGS = 10
"""Times a piece is halved at most where it is not straight: a thousandth of it."""

STRAIGHT_SHARE = 1e-4
"""Distance of a piece's middle from the straight line, as a share of the whole outline's length,
up to which it counts as straight."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outline:
    """Where a grid lies."""

    ring: tuple[Point, ...]
    """Corners as longitude and latitude, degrees, counter-clockwise, the first not repeated.
    Longitudes run on beyond ±180; around a pole the ring is closed over it."""
    holds_pole: bool
    """Whether the ring runs around a pole."""

    @property
    def width_deg(self) -> float:
        """Degrees of longitude from end to end."""
        longitudes = [point[0] for point in self.ring]
        return max(longitudes) - min(longitudes)

    def polygons(self) -> list[Ring]:
        """Give closed rings that lie within ±180, cut at the date line."""
        slack = AT_POLE_DEG if self.holds_pole else -AT_POLE_DEG
        if self.width_deg > 360 + slack:
            # All around the Earth, perhaps some ground twice: there is no cut.
            south, north = (side(point[1] for point in self.ring) for side in (min, max))
            return [closed([(-180, south), (180, south), (180, north), (-180, north)])]
        found: list[Ring] = []
        rest = [list(self.ring)]
        turn = int(np.floor((min(point[0] for point in self.ring) + 180) / 360))
        while rest:
            left, rest = cut(rest, 180.0 + 360 * turn)
            found += [[(x - 360 * turn, y) for x, y in ring] for ring in left]
            turn += 1
        # What is rounded to nothing is none.
        return [ring for ring in map(closed, found) if len(ring) > 3 and twice_area(ring) > 0]

    def geometry(self) -> dict[str, object]:
        """Give the GeoJSON geometry, a Polygon or a MultiPolygon."""
        rings = self.polygons()
        if len(rings) == 1:
            return {"type": "Polygon", "coordinates": [rings[0]]}
        return {"type": "MultiPolygon", "coordinates": [[ring] for ring in rings]}

    def bbox(self) -> list[float]:
        """Give west, south, east and north; west is greater than east across the date line."""
        longitudes, latitudes = zip(*itertools.chain(*self.polygons()), strict=True)
        west, east = min(longitudes), max(longitudes)
        if (west, east) == (-180, 180) and self.width_deg < 360 - AT_POLE_DEG:
            own = [point[0] for point in self.ring]
            west, east = (round((x + 180) % 360 - 180, DIGITS) for x in (min(own), max(own)))
        return [west, min(latitudes), east, max(latitudes)]


def outline(place: Place) -> Outline | None:
    """Give the outline of a grid; None where a side, or the middle, is not on Earth.

    None also where it is smaller than the digits of GeoJSON can tell.

    Sides that are not straight in degrees have as many points as they need.
    """
    if place.kind == "none":
        return None
    corners = _corners(place)
    if corners is None:
        return None
    lon, lat = _followed(place, corners)
    if not np.isfinite(lon).all():
        return None
    ring = unwrapped(lon, lat)
    turns = round((ring[-1][0] - ring[0][0]) / 360)
    ring = ring[:-1]
    if turns:
        ring = closed_over_pole(ring, turns)
    elif twice_area(ring) < 0:
        ring = ring[::-1]
    found = Outline(ring=tuple(ring), holds_pole=turns != 0)
    return found if found.polygons() else None


def _corners(place: Place) -> Floats | None:
    """Give columns and rows of the corners, (corner, 2), counter-clockwise on the ground."""
    height, width = place.shape
    columns, rows = np.array([width / 2, width / 2 + 1, width / 2]), np.full(3, height / 2)
    rows[2] += 1
    middle, east, south = unit_vectors(*place.lonlat(columns, rows))
    turn = float(np.dot(np.cross(east - middle, south - middle), middle))
    if not np.isfinite(turn):
        return None
    corners = np.array([(0, 0), (width, 0), (width, height), (0, height)], float)
    return corners if turn > 0 else corners[::-1]


def _followed(place: Place, corners: Floats) -> tuple[Floats, Floats]:
    """Follow the sides of a grid; give longitudes and latitudes, the first point again at the end.

    Longitudes are as the CRS gives them, latitudes at a pole are ±90.
    """
    shares = np.linspace(0, 1, SIDE_PIECES + 1)[:-1, np.newaxis]
    sides = [a + (b - a) * shares for a, b in itertools.pairwise([*corners, corners[0]])]
    pixels = np.concatenate([*sides, corners[:1]])
    lon, lat = place.lonlat(*pixels.T)
    for _ in range(MOST_HALVINGS):
        middles = (pixels[1:] + pixels[:-1]) / 2
        mid_lon, mid_lat = place.lonlat(*middles.T)
        ends_lon, ends_lat = (np.stack([side[:-1], side[1:]], axis=1) for side in (lon, lat))
        across = wrapped(np.diff(lon)) * np.cos(np.radians(mid_lat))
        length = float(np.nansum(np.hypot(across, np.diff(lat))))
        is_bent = bent(ends_lon, ends_lat, mid_lon, mid_lat, 0.5, STRAIGHT_SHARE * length)
        if not is_bent.any():
            break
        at = np.flatnonzero(is_bent) + 1
        pixels = np.insert(pixels, at, middles[is_bent], axis=0)
        lon, lat = np.insert(lon, at, mid_lon[is_bent]), np.insert(lat, at, mid_lat[is_bent])
    return lon, lat
