"""Rings of longitude and latitude, as GeoJSON wants them (RFC 7946).

Longitudes run on beyond ±180, so that the date line is no seam; a ring around a pole is closed over
that pole. Only then are rings cut at the date line. That last step alone is no reason to take
Shapely, 10 MB of geometry, on board.
"""

import itertools
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from edgers.scene.lonlat import Floats

Point = tuple[float, float]
Ring = list[Point]
Bools = npt.NDArray[np.bool_]

LONGEST_DEG = 60.0
"""Most degrees of longitude that a piece may span: its direction around a pole must be plain."""

AT_POLE_DEG = 1e-7
"""Distance from a pole, a centimetre, below which a point has no longitude."""

ON_SEAM_DEG = 1e-9
"""Distance from a meridian, a tenth of a millimetre, up to which a point lies on it."""

DIGITS = 7
"""Digits after the point of degrees in GeoJSON: a centimetre."""


def bent(
    lon: Floats, lat: Floats, mid_lon: Floats, mid_lat: Floats, share: float,
    most_deg: Floats | float,
) -> Bools:  # fmt: skip
    """Tell which pieces of a line are not straight in degrees, or span too many of them.

    `lon`, `lat` are of the ends, (piece, 2); `mid_lon`, `mid_lat` of the point at `share` of the
    way. Such a point may lie `most_deg` off the straight line.
    """
    begin, end = lon[:, 0], lon[:, 1]
    from_pole, to_pole = is_pole(lat[:, 0]), is_pole(lat[:, 1])
    # From a pole a piece runs along the meridian of its other end.
    begin, end = (
        np.where(from_pole & ~to_pole, end, begin),
        np.where(to_pole & ~from_pole, begin, end),
    )
    step, part = wrapped(end - begin), wrapped(mid_lon - begin)
    rise = mid_lat - (lat[:, 0] + share * (lat[:, 1] - lat[:, 0]))
    shrink = np.cos(np.radians(mid_lat))
    is_off = np.hypot(wrapped(part - step * share) * shrink, rise) > most_deg
    # Along a pole, as the sides of a map of degrees may run, all longitudes are one place.
    is_long = np.abs(np.where(from_pole & to_pole, end - begin, step)) > LONGEST_DEG
    found: Bools = (is_off | is_long) & np.isfinite(mid_lon)
    return found


def is_pole(lat: Floats) -> Bools:
    """Tell which latitudes are of a pole."""
    found: Bools = 90 - np.abs(lat) < AT_POLE_DEG
    return found


def wrapped(degrees: Floats) -> Floats:
    """Bring differences of longitude to -180 … 180."""
    return (degrees + 180) % 360 - 180


def unwrapped(lon: Floats, lat: Floats) -> Ring:
    """Let longitudes run on along a ring that runs counter-clockwise on the ground.

    A single point at a pole has no longitude: it stands for an arc from the meridian on which the
    ring comes to the one on which it leaves, westward at the North Pole, eastward at the South.
    """
    at_pole = is_pole(lat[:-1])
    if not at_pole.any() and np.ptp(lon) < 180:
        return list(zip(lon.tolist(), lat.tolist(), strict=True))
    lon = lon[:-1]
    alone = at_pole & ~np.roll(at_pole, 1) & ~np.roll(at_pole, -1)
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
            ring.append((x + float(wrapped(lon[i] - before[i])), y))
    return ring


def closed_over_pole(ring: Ring, turns: int) -> Ring:
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


def cut(rings: Sequence[Ring], seam: float) -> tuple[list[Ring], list[Ring]]:
    """Cut the rings of one polygon at a meridian; give those on its left and on its right.

    Shells run counter-clockwise and holes clockwise, before and after. On the meridian, sorted by
    latitude, the crossings are in turn where the polygon's inside begins and where it ends; a piece
    of a ring goes on at the crossing its own end is paired with.
    """
    left: list[Ring] = []
    right: list[Ring] = []
    chains: list[Ring] = []
    after: list[int] = []
    for ring in rings:
        is_right = _sides(ring, seam)
        if all(is_right) or not any(is_right):
            (right if is_right[0] else left).append(ring)
            continue
        begun = len(chains)
        chains += _pieces(ring, is_right, seam)
        after += [*range(begun + 1, len(chains)), begun]
    for ring in _joined(chains, after):
        (left if ring[1][0] <= seam else right).append(ring)
    return left, right


def _sides(ring: Ring, seam: float) -> list[bool]:
    """Tell which points are on the right of a meridian; one on it is on the side it came from.

    So a ring that only touches the meridian does not cross it.
    """
    known = [i for i, (x, _) in enumerate(ring) if abs(x - seam) > ON_SEAM_DEG]
    is_right = [bool(known) and ring[known[-1]][0] > seam]
    for x, _ in ring:
        is_right.append(x > seam if abs(x - seam) > ON_SEAM_DEG else is_right[-1])
    return is_right[1:]


def _pieces(ring: Ring, is_right: list[bool], seam: float) -> list[Ring]:
    """Give the pieces of a ring between its crossings of a meridian, both of them included."""
    first = next(i for i in range(len(ring)) if is_right[i] != is_right[i - 1])
    chains: list[Ring] = []
    for i in range(first, first + len(ring)):
        a, b = ring[i % len(ring) - 1], ring[i % len(ring)]
        if is_right[i % len(ring)] != is_right[i % len(ring) - 1]:
            crossing = seam, a[1] + (b[1] - a[1]) * (seam - a[0]) / (b[0] - a[0])
            if chains:
                chains[-1].append(crossing)
            chains.append([crossing])
        chains[-1].append(b)
    chains[-1].append(chains[0][0])
    return chains


def _joined(chains: list[Ring], after: list[int]) -> list[Ring]:
    """Close pieces along the meridian; piece `after[i]` begins at the crossing where i ends."""
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
            i = partner[after[i]]
        rings.append(ring)
    return rings


def closed(ring: Ring) -> Ring:
    """Round a ring, drop points it repeats, and close it."""
    # Plus zero, so that none is -0.0.
    points = [(round(float(x), DIGITS) + 0.0, round(float(y), DIGITS) + 0.0) for x, y in ring]
    kept = [point for point, after in zip(points, [*points[1:], points[0]], strict=True)
            if point != after]  # fmt: skip
    return [*kept, *kept[:1]]


def twice_area(ring: Ring) -> float:
    """Give twice the area in square degrees; above zero where the ring is counter-clockwise."""
    return sum(a[0] * b[1] - b[0] * a[1] for a, b in itertools.pairwise([*ring, ring[0]]))
