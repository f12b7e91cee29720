"""Polygons of a scene's pixels on the ground: in longitude and latitude, and how large they are."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from edgers.scene.geometry import zone_m2
from edgers.scene.lonlat import Floats, unit_vectors
from edgers.scene.lonlat_ring import (
    Point,
    Ring,
    bent,
    closed,
    closed_over_pole,
    cut,
    twice_area,
    unwrapped,
)
from edgers.scene.place import Place

STRAIGHT_PX = 0.05
"""Most that a side, straight in pixels, may lie off the straight line between its points in
degrees; longer ones get points between."""

AREA_STRAIGHT_PX = 1e-4
"""The same where areas are taken: they are off by no more than this times the outline's length."""

TEST_SHARE = 0.4
"""Where along a piece its straightness is tested. In its middle a piece bent like an S would seem
straight; here neither that nor a plain bow is missed by more than a half."""

MOST_HALVINGS = 12
"""Times a side is halved at most: for a side of 4 096 px, to a pixel."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GroundPolygon:
    """A polygon in longitude and latitude, WGS 84, degrees."""

    rings: tuple[tuple[Point, ...], ...]
    """The shell counter-clockwise, then holes clockwise; the first point is not repeated.
    Longitudes run on beyond ±180; a ring around a pole is closed over it."""
    around: tuple[bool, ...]
    """Which rings run around a pole."""

    @property
    def holds_pole(self) -> bool:
        """Whether the shell runs around a pole; a hole may do so too."""
        return self.around[0]

    def parts(self) -> list[list[Ring]]:
        """Give polygons within ±180, cut at the date line, as shell and holes, closed and rounded.

        Empty where the polygon is smaller than the digits of GeoJSON can tell.
        """
        rings, (west, east) = self._unrolled(), self._span()
        if self.holds_pole:
            _, rings = cut(rings, -180.0)
            west, east = -180.0, 180.0
        turn = int(np.floor((west + 180) / 360))
        found: list[Ring] = []
        while rings and 360 * turn - 180 <= east:
            left, rings = cut(rings, 180.0 + 360 * turn)
            found += [[(x - 360 * turn, y) for x, y in ring] for ring in left]
            turn += 1 + self.holds_pole
        whole = [ring for ring in map(closed, found) if len(ring) > 3]
        shells = [[ring] for ring in whole if twice_area(ring) > 0]
        for hole in whole:
            if twice_area(hole) < 0 and shells:
                _shell_about(shells, hole).append(hole)
        return shells

    @property
    def area_m2(self) -> float:
        """Area on the WGS 84 ellipsoid, m², its sides straight in degrees as GeoJSON has them.

        The area under a side is the integral of the zone up to its latitude over the longitude,
        by Gauss's rule of three points. `polygon_areas_m2` follows outlines as closely as that asks
        for.
        """
        return sum(_area_under(np.array(ring)) for ring in self.rings)

    def _span(self) -> tuple[float, float]:
        longitudes = [x for x, _ in self.rings[0]]
        return min(longitudes), max(longitudes)

    def _unrolled(self) -> list[Ring]:
        """Give the rings; all around a pole three times over, so that a cut at the date line on
        either side of the middle one meets no end.
        """
        if not self.holds_pole:
            return [list(ring) for ring in self.rings]
        shell, *inner = (
            _thrice(ring if i == 0 else ring[::-1])
            for i, ring in enumerate(self.rings)
            if self.around[i]
        )
        pole = self.rings[0][-1][1]
        lid = inner[0][::-1] if inner else [(shell[-1][0], pole), (shell[0][0], pole)]
        holes = [ring for ring, is_around in zip(self.rings, self.around, strict=True)
                 if not is_around]  # fmt: skip
        copies = [[(x + turn, y) for x, y in hole] for hole in holes for turn in (-360, 0, 360)]
        return [[*shell, *lid], *copies]


def ground_polygons(
    place: Place, polygons: Sequence[Sequence[Floats]], straight_px: float = STRAIGHT_PX
) -> list[GroundPolygon | None]:
    """Put polygons of pixels, each a shell and its holes, onto the ground.

    Rings are (point, (column, row)), of pixel corners, in either direction, not closed. Points are
    added where a side is further than `straight_px` from straight in degrees. None for a polygon
    that is not wholly on Earth, and for all where the scene has no place.
    """
    if place.kind == "none":
        return [None] * len(polygons)
    rings = [np.asarray(ring, np.float64) for polygon in polygons for ring in polygon]
    if not rings:
        return []
    turns, pixel_deg = _frames(place, rings)
    is_turned = np.array([_pixel_area(ring) for ring in rings]) * turns < 0
    rings = [ring[::-1] if turned else ring for ring, turned in zip(rings, is_turned, strict=True)]
    followed = iter(_followed(place, rings, pixel_deg * straight_px))
    return [_polygon([next(followed) for _ in polygon]) for polygon in polygons]


def polygon_areas_m2(place: Place, polygons: Sequence[Sequence[Floats]]) -> list[float | None]:
    """Give the areas on the ellipsoid, m², of polygons as `ground_polygons` takes them."""
    found = ground_polygons(place, polygons, AREA_STRAIGHT_PX)
    return [None if one is None else one.area_m2 for one in found]


def _frames(place: Place, rings: Sequence[Floats]) -> tuple[Floats, Floats]:
    """Tell for each ring whether pixels are seen from above, 1, or from below, −1; and how
    large a pixel is, in degrees.
    """
    middles = np.array([(ring.min(axis=0) + ring.max(axis=0)) / 2 for ring in rings])
    steps = np.array([(0, 0), (1, 0), (0, 1)])
    columns, rows = np.moveaxis(middles[:, np.newaxis] + steps, -1, 0)
    here, east, south = np.moveaxis(unit_vectors(*place.lonlat(columns, rows)), 1, 0)
    turn = (np.cross(east - here, south - here) * here).sum(axis=-1)
    sides = np.linalg.norm([east - here, south - here], axis=-1).min(axis=0)
    return np.sign(turn), np.degrees(sides)


def _followed(
    place: Place, rings: Sequence[Floats], most_deg: Floats
) -> list[tuple[Floats, Floats]]:
    """Follow rings; give longitudes and latitudes of each, the first point again at the end."""
    pixels = np.concatenate([np.concatenate([ring, ring[:1]]) for ring in rings])
    owner = np.repeat(np.arange(len(rings)), [len(ring) + 1 for ring in rings])
    lon, lat = place.lonlat(*pixels.T)
    # Sides not yet known to be straight, by the point they begin at.
    is_open = np.append(owner[1:] == owner[:-1], False)
    for _ in range(MOST_HALVINGS):
        at = np.flatnonzero(is_open)
        if not at.size:
            break
        tests = pixels[at] + TEST_SHARE * (pixels[at + 1] - pixels[at])
        ends = np.stack([at, at + 1], axis=1)
        is_bent = bent(
            lon[ends], lat[ends], *place.lonlat(*tests.T), TEST_SHARE, most_deg[owner[at]]
        )
        is_open[at] = is_bent
        at = at[is_bent]
        middles = (pixels[at] + pixels[at + 1]) / 2
        mid_lon, mid_lat = place.lonlat(*middles.T)
        pixels = np.insert(pixels, at + 1, middles, axis=0)
        lon, lat = np.insert(lon, at + 1, mid_lon), np.insert(lat, at + 1, mid_lat)
        owner, is_open = np.insert(owner, at + 1, owner[at]), np.insert(is_open, at + 1, True)
    ends = np.flatnonzero(np.diff(owner)) + 1
    return list(zip(np.split(lon, ends), np.split(lat, ends), strict=True))


def _polygon(rings: Sequence[tuple[Floats, Floats]]) -> GroundPolygon | None:
    """Make a polygon of rings that run counter-clockwise; None where one is not on Earth."""
    if not all(np.isfinite(lon).all() and np.isfinite(lat).all() for lon, lat in rings):
        return None
    (shell, is_around), *holes = (_ring(lon, lat) for lon, lat in rings)
    middle = _middle(shell)
    placed, around = [tuple(shell)], [is_around]
    for hole, hole_is_around in holes:
        shift = 360 * round((middle - _middle(hole)) / 360)
        placed.append(tuple((x + shift, y) for x, y in reversed(hole)))
        around.append(hole_is_around)
    return GroundPolygon(rings=tuple(placed), around=tuple(around))


def _ring(lon: Floats, lat: Floats) -> tuple[Ring, bool]:
    """Let longitudes run on, and close a ring around a pole over it; tell whether that was so."""
    ring = unwrapped(lon, lat)
    turns = round((ring[-1][0] - ring[0][0]) / 360)
    return (closed_over_pole(ring[:-1], turns), True) if turns else (ring[:-1], False)


def _thrice(ring: Sequence[Point]) -> Ring:
    """Give the way of a ring around a pole, without the lid over it, for three turns."""
    way = ring[:-2]
    turn = way[-1][0] - way[0][0]
    return [(x + by, y) for by in (-turn, 0, turn) for x, y in way[:-1]] + [
        (way[-1][0] + turn, way[-1][1])
    ]


def _middle(ring: Ring) -> float:
    longitudes = [x for x, _ in ring]
    return (min(longitudes) + max(longitudes)) / 2


def _pixel_area(ring: Floats) -> float:
    """Give twice the area of a ring of pixels; above zero where it turns from columns to rows."""
    (x, y), (dx, dy) = (ring[:-1] - ring[0]).T, np.diff(ring, axis=0).T
    return float(x @ dy - y @ dx)


def _area_under(ring: Floats) -> float:
    """Give the signed area, m², of a ring of longitude and latitude, (point, 2)."""
    begin, end = ring, np.roll(ring, -1, axis=0)
    low = zone_m2(ring[:1, 1])
    zones = np.zeros(len(ring))
    for share, weight in zip((0.5 - 0.15**0.5, 0.5, 0.5 + 0.15**0.5), (5, 8, 5), strict=True):
        lat = begin[:, 1] + share * (end[:, 1] - begin[:, 1])
        zones += weight / 18 * (zone_m2(lat) - low)
    return -float(np.sum(np.radians(end[:, 0] - begin[:, 0]) * zones))


def _shell_about(shells: list[list[Ring]], hole: Ring) -> list[Ring]:
    """Give the polygon a hole is in: of those of one polygon cut, at most one holds it."""
    if len(shells) == 1:
        return shells[0]
    # Rings may touch in points, never along a side but the cut: a middle off it is plain.
    sides = [(a, b) for a, b in itertools.pairwise(hole) if abs(a[0] + b[0]) != 360]
    (ax, ay), (bx, by) = (sides or [(hole[0], hole[1])])[0]
    x, y = (ax + bx) / 2, (ay + by) / 2
    return next((shell for shell in shells if _holds(shell[0], x, y)), shells[0])


def _holds(ring: Ring, x: float, y: float) -> bool:
    """Tell whether a point is inside a closed ring, by the sides east of it."""
    inside = False
    for (ax, ay), (bx, by) in itertools.pairwise(ring):
        if (ay > y) != (by > y) and x < ax + (y - ay) * (bx - ax) / (by - ay):
            inside = not inside
    return inside
