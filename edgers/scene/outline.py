"""The outline of a grid in longitude and latitude, as GeoJSON wants it (RFC 7946).

A ring of points is followed around the grid with its longitudes running on beyond ±180, so that the
date line is no seam. Where it runs around a pole it is closed over that pole. Only then is it cut
at the date line. That last step alone is no reason to take Shapely, 10 MB of geometry, on board.
"""

import itertools
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from edgers.scene.lonlat import Floats, unit_vectors
from edgers.scene.place import Place

Point = tuple[float, float]
Ring = list[Point]
Bools = npt.NDArray[np.bool_]

SIDE_PIECES = 8
"""Pieces a side of the grid is taken in at first."""

MOST_HALVINGS = 10
"""Times a piece is halved at most where it is not straight: a thousandth of it."""

STRAIGHT_SHARE = 1e-4
"""Distance of a piece's middle from the straight line, as a share of the whole outline's length,
up to which it counts as straight."""

LONGEST_DEG = 60.0
"""Most degrees of longitude that a piece may span: its direction around a pole must be plain."""

AT_POLE_DEG = 1e-7
"""Distance from a pole, a centimetre, below which a point has no longitude."""

DIGITS = 7
"""Digits after the point of degrees in GeoJSON: a centimetre."""


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
            return [_closed([(-180, south), (180, south), (180, north), (-180, north)])]
        found, rest = [], [list(self.ring)]
        turn = int(np.floor((min(point[0] for point in self.ring) + 180) / 360))
        while rest:
            cut = [_cut(ring, 180.0 + 360 * turn) for ring in rest]
            found += [[(x - 360 * turn, y) for x, y in ring] for left, _ in cut for ring in left]
            rest, turn = [ring for _, right in cut for ring in right], turn + 1
        # What is rounded to nothing is none.
        return [ring for ring in map(_closed, found) if len(ring) > 3 and _area(ring) > 0]

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
    ring = _unwrapped(lon, lat)
    turns = round((ring[-1][0] - ring[0][0]) / 360)
    ring = ring[:-1]
    if turns:
        ring = _closed_over_pole(ring, turns)
    elif _area(ring) < 0:
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
        bent = _bent(lon, lat, mid_lon, mid_lat)
        if not bent.any():
            break
        at = np.flatnonzero(bent) + 1
        pixels = np.insert(pixels, at, middles[bent], axis=0)
        lon, lat = np.insert(lon, at, mid_lon[bent]), np.insert(lat, at, mid_lat[bent])
    return lon, lat


def _bent(lon: Floats, lat: Floats, mid_lon: Floats, mid_lat: Floats) -> Bools:
    """Tell which pieces of a line are not straight in degrees, or span too many of them."""
    begin, end = lon[:-1], lon[1:]
    from_pole, to_pole = _is_pole(lat[:-1]), _is_pole(lat[1:])
    # From a pole a piece runs along the meridian of its other end.
    begin, end = (
        np.where(from_pole & ~to_pole, end, begin),
        np.where(to_pole & ~from_pole, begin, end),
    )
    step, half = _wrapped(end - begin), _wrapped(mid_lon - begin)
    rise, shrink = mid_lat - (lat[1:] + lat[:-1]) / 2, np.cos(np.radians(mid_lat))
    length = np.hypot(step * shrink, np.diff(lat)).sum()
    is_off = np.hypot(_wrapped(half - step / 2) * shrink, rise) > STRAIGHT_SHARE * length
    found: Bools = (is_off | (np.abs(step) > LONGEST_DEG)) & np.isfinite(mid_lon)
    return found


def _is_pole(lat: Floats) -> Bools:
    found: Bools = 90 - np.abs(lat) < AT_POLE_DEG
    return found


def _wrapped(degrees: Floats) -> Floats:
    """Bring differences of longitude to -180 … 180."""
    return (degrees + 180) % 360 - 180


def _unwrapped(lon: Floats, lat: Floats) -> Ring:
    """Let longitudes run on along a ring that runs counter-clockwise on the ground.

    A single point at a pole has no longitude: it stands for an arc from the meridian on which the
    ring comes to the one on which it leaves, westward at the North Pole, eastward at the South.
    """
    lon, is_pole = lon[:-1], _is_pole(lat[:-1])
    alone = is_pole & ~np.roll(is_pole, 1) & ~np.roll(is_pole, -1)
    before, after = np.roll(lon, 1), np.roll(lon, -1)
    first = int(np.argmin(alone))
    ring = [(float(lon[first]), float(lat[first]))]
    for i in [*range(first + 1, len(lon)), *range(first + 1)]:
        x, y = ring[-1][0], float(lat[i])
        if alone[i]:
            arc = (before[i] - after[i] if y > 0 else after[i] - before[i]) % 360 or 360
            ring += [(x, y), (x - float(arc) if y > 0 else x + float(arc), y)]
        elif alone[i - 1]:
            ring.append((x, y))
        else:
            ring.append((x + float(_wrapped(lon[i] - before[i])), y))
    return ring


def _closed_over_pole(ring: Ring, turns: int) -> Ring:
    """Close a ring that runs around a pole, its interior on the left: eastward around the North."""
    pole = 90.0 if turns > 0 else -90.0
    # Begun at the date line, it needs no second cut there.
    whole = [*ring, (ring[0][0] + 360 * turns, ring[0][1])]
    for i, (a, b) in enumerate(itertools.pairwise(whole)):
        seam = 180 + 360 * np.floor((max(a[0], b[0]) - 180) / 360)
        if min(a[0], b[0]) <= seam <= max(a[0], b[0]) and a[0] != b[0]:
            share = (seam - a[0]) / (b[0] - a[0])
            start = (float(seam), a[1] + share * (b[1] - a[1]))
            onward = [(x + 360 * turns, y) for x, y in ring[: i + 1]]
            whole = [start, *ring[i + 1 :], *onward, (start[0] + 360 * turns, start[1])]
            break
    closed = [*whole, (whole[-1][0], pole), (whole[0][0], pole)]
    least = min(x for x, _ in closed)
    shift = 360 * round((least + 180) / 360)
    return [(x - shift, y) for x, y in closed]


def _cut(ring: Ring, seam: float) -> tuple[list[Ring], list[Ring]]:
    """Cut a ring at a meridian; give the rings on its left and on its right.

    On the meridian, sorted by latitude, the crossings are in turn where the ring's inside begins
    and where it ends; a piece of the ring goes on at the crossing its own end is paired with.
    """
    right = [x > seam for x, _ in ring]
    if all(right) or not any(right):
        return ([], [ring]) if right[0] else ([ring], [])
    first = next(i for i in range(len(ring)) if right[i] != right[i - 1])
    chains: list[Ring] = []
    for i in range(first, first + len(ring)):
        a, b = ring[i % len(ring) - 1], ring[i % len(ring)]
        if right[i % len(ring)] != right[i % len(ring) - 1]:
            crossing = seam, a[1] + (b[1] - a[1]) * (seam - a[0]) / (b[0] - a[0])
            if chains:
                chains[-1].append(crossing)
            chains.append([crossing])
        chains[-1].append(b)
    chains[-1].append(chains[0][0])
    sides = _joined(chains)
    return [r for r in sides if r[1][0] <= seam], [r for r in sides if r[1][0] > seam]


def _joined(chains: list[Ring]) -> list[Ring]:
    """Close the pieces of a cut ring along the meridian."""
    order = sorted(range(len(chains)), key=lambda i: (chains[i][0][1], i))
    partner = {}
    for a, b in zip(order[::2], order[1::2], strict=True):
        partner[a], partner[b] = b, a
    rings, left = [], set(range(len(chains)))
    while left:
        ring: Ring = []
        i = min(left)
        while i in left:
            left.discard(i)
            ring += chains[i]
            # The crossing where chain i ends is where chain i + 1 begins.
            i = partner[(i + 1) % len(chains)]
        rings.append(ring)
    return rings


def _closed(ring: Ring) -> Ring:
    """Round a ring, drop points it repeats, and close it."""
    # Plus zero, so that none is -0.0.
    points = [(round(float(x), DIGITS) + 0.0, round(float(y), DIGITS) + 0.0) for x, y in ring]
    kept = [point for point, after in zip(points, [*points[1:], points[0]], strict=True)
            if point != after]  # fmt: skip
    return [*kept, *kept[:1]]


def _area(ring: Ring) -> float:
    """Give twice the area in square degrees; above zero where the ring is counter-clockwise."""
    return sum(a[0] * b[1] - b[0] * a[1] for a, b in itertools.pairwise([*ring, ring[0]]))
