"""How large the pixels of a grid are on the ellipsoid, and whether it lies on Earth at all."""

import numpy as np
from rasterio.errors import RasterioError

from edgers.errors import SceneError
from edgers.scene.lonlat import Floats, lonlat_from_crs, unit_vectors
from edgers.scene.place import Place

SEMI_MAJOR_M = 6_378_137.0
"""Semi-major axis of the WGS 84 ellipsoid (NGA.STND.0036)."""
FLATTENING = 1 / 298.257223563
"""Flattening of the WGS 84 ellipsoid (NGA.STND.0036)."""
SEMI_MINOR_M = SEMI_MAJOR_M * (1 - FLATTENING)
ECCENTRICITY = float(np.sqrt(FLATTENING * (2 - FLATTENING)))

LEAST_PIECES, MOST_PIECES = 4, 64
"""Straight pieces a row of pixels is taken in: four are none of 180° even around the Earth."""

PIECE_M = 50_000.0
"""Length of a piece beyond which there are more of them. With the most there are, rows of a polar
grid of 25 km, as sea ice has, are off by less than 1e-4 (tests/scene/test_geometry.py)."""

SWATH_ROWS = 16
"""Rows of a swath that are taken together, for its geometry is costly and smooth."""

SMOOTH_M = 1000.0
"""Distance between rows of a map whose areas are worked out. A line between them is off by less
than 1e-8: an eighth of the squared distance over the squared radius of the Earth."""

DEGREE_M = 111_320.0
"""Length of a degree of a meridian, the longest there is."""

PARALLEL_DEG = 1e-9
"""Most that latitudes along a row differ where rows are parallels, as in Mercator's map: a tenth of
a millimetre."""


def check_crs(place: Place, origin: str) -> None:
    """Raise SceneError where a raster's CRS, or its sensor model, has no place on Earth."""
    try:
        seen = "" if _is_on_earth(place) else "None of its points is on Earth"
    except RasterioError as error:
        seen = f"PROJ says: {error}"
    if not seen:
        return
    crs = place.gcp_crs if place.crs is None else place.crs
    if crs is None:
        raise SceneError(
            f"{origin} has a sensor model that cannot be placed on Earth.",
            seen=f"{seen}.",
            rule="Rational polynomial coefficients must lead to longitude and latitude.",
            fix="Remove them (tags RPC), or copy the file again.",
        )
    raise SceneError(
        f"{origin} has a CRS that cannot be placed on Earth.",
        seen=f"It is {crs.to_string()[:80]}. {seen}.",
        rule="A CRS must lead to longitude and latitude.",
        fix="Assign the right one, for example with: rio edit-info --crs EPSG:CODE FILE",
    )


def _is_on_earth(place: Place) -> bool:
    """Tell whether at least one of corners, middle and ground control points has a place."""
    if place.kind == "none":
        points = [point for point in place.gcps if place.gcp_crs is not None]
        if not points:
            return True
        xs, ys = np.array([(point.x, point.y) for point in points], float).T
        return bool(np.isfinite(lonlat_from_crs(place.gcp_crs, xs, ys)[0]).any())
    height, width = place.shape
    sides = np.meshgrid([0, width / 2, width], [0, height / 2, height])
    lon, _ = place.lonlat(*(side.ravel() for side in sides))
    return bool(np.isfinite(lon).any())


def row_areas_m2(place: Place, row: int, column: int, height: int, width: int) -> Floats | None:
    """Give the mean area of a pixel, in m², for each row of a block; None without a place.

    The outline of a row is carried to longitude and latitude and its area taken on the WGS 84
    ellipsoid, so that degrees, Web Mercator and rotated grids come out right. On a map rows within
    `SMOOTH_M` of each other are interpolated; rows of a swath are taken some together. A row
    without pixels has no area: zero.
    """
    kind = place.kind
    if kind == "none":
        return None
    if not height or not width:
        return np.zeros(height)
    if kind == "map":
        return _map_rows(place, row, column, height, width)
    edges = np.append(np.arange(row, row + height, SWATH_ROWS), row + height).astype(np.float64)
    rows = np.diff(edges)
    found: Floats = np.repeat(_areas(place, edges, column, width) / rows, rows.astype(int))
    return found if np.isfinite(found).all() else None


def _map_rows(place: Place, row: int, column: int, height: int, width: int) -> Floats | None:
    """Give the mean area of a pixel of each row: of some exactly, of those between by a line."""
    seen = np.unique(np.append(np.arange(0, height, _smooth_rows(place)), height - 1))
    edges = row + np.stack([seen, seen + 1], axis=1).reshape(-1).astype(np.float64)
    areas = _areas(place, edges, column, width)[::2]
    found: Floats = np.interp(np.arange(height), seen, areas)
    return found if np.isfinite(found).all() else None


def _smooth_rows(place: Place) -> int:
    """Give how many rows of a map lie within `SMOOTH_M`."""
    crs, t = place.crs, place.transform
    assert crs is not None
    unit_m = DEGREE_M if crs.is_geographic else crs.linear_units_factor[1]
    height_m = float(np.hypot(t.b, t.e)) * unit_m
    return max(1, int(SMOOTH_M / height_m)) if height_m > 0 else 1


def _areas(place: Place, edges: Floats, column: int, width: int) -> Floats:
    """Give the mean area of a pixel, times the rows between neighbouring edges."""
    lon, lat = _outlines(place, edges, column, width)
    is_degrees = place.kind == "map" and place.crs is not None and place.crs.is_geographic
    is_straight = is_degrees or bool(np.ptp(lat, axis=1).max() < PARALLEL_DEG)
    cells = _cells_on_cylinder(lon, lat) if is_straight else _cells_on_sphere(lon, lat)
    found: Floats = cells.sum(axis=1) / width
    return found


def _outlines(place: Place, edges: Floats, column: int, width: int) -> tuple[Floats, Floats]:
    """Give longitude and latitude along the edges of rows, (edge, point)."""
    pieces = LEAST_PIECES
    while True:
        rows, columns = np.meshgrid(
            edges, np.linspace(column, column + width, pieces + 1), indexing="ij"
        )
        lon, lat = place.lonlat(columns, rows)
        steps = np.diff(unit_vectors(lon, lat), axis=1)
        length_m = SEMI_MAJOR_M * float(np.sqrt(np.nanmax((steps**2).sum(axis=-1), initial=0)))
        needed = min(int(np.ceil(pieces * length_m / PIECE_M)), MOST_PIECES, width)
        if needed <= pieces:
            return lon, lat
        pieces = needed


def _cells_on_cylinder(lon: Floats, lat: Floats) -> Floats:
    """Give the areas, m², between neighbouring points, on an equal-area cylinder.

    Exact where rows and columns are straight in degrees.
    """
    x, y = np.unwrap(np.unwrap(np.radians(lon), axis=1), axis=0), zone_m2(lat)
    # Small differences of large numbers would cost digits: count from one corner.
    x, y = x - x[0, 0], y - y[0, 0]
    upper, lower = slice(0, -1), slice(1, None)
    ring = [(upper, upper), (upper, lower), (lower, lower), (lower, upper)]
    area = sum(x[a] * y[b] - x[b] * y[a] for a, b in zip(ring, ring[1:] + ring[:1], strict=True))
    found: Floats = np.abs(area) / 2
    return found


def _cells_on_sphere(lon: Floats, lat: Floats) -> Floats:
    """Give the areas, m², between neighbouring points, on the sphere of the same area.

    Each cell is two triangles of great circles (Eriksson 1990, On the measure of solid angles).
    Unlike a cylinder the sphere has no seam and no pole.
    """
    whole_m2 = float(zone_m2(np.array(90.0)))
    sphere = unit_vectors(lon, np.degrees(np.arcsin(np.clip(zone_m2(lat) / whole_m2, -1, 1))))
    upper, lower = slice(0, -1), slice(1, None)
    a, b, c, d = (
        sphere[of] for of in ((upper, upper), (upper, lower), (lower, lower), (lower, upper))
    )
    found: Floats = np.abs(_triangles(a, b, c) + _triangles(a, c, d)) * whole_m2
    return found


def _triangles(a: Floats, b: Floats, c: Floats) -> Floats:
    """Give the signed solid angles of triangles of unit vectors, (…, 3)."""
    volume = (a * np.cross(b - a, c - a)).sum(axis=-1)
    found: Floats = 2 * np.arctan2(
        volume, 1 + (a * b).sum(axis=-1) + (b * c).sum(axis=-1) + (c * a).sum(axis=-1)
    )
    return found


def zone_m2(lat_deg: Floats) -> Floats:
    """Area between the equator and a latitude, per radian of longitude, on the ellipsoid.

    Integral of the product of the two radii of curvature (Snyder 1987, Map Projections: A Working
    Manual, eq. 3-12 times half the squared semi-major axis). Longitude and this value together are
    an equal-area map, in which polygon areas are plain. At the pole it is the squared radius of the
    sphere of the same area.
    """
    e = ECCENTRICITY
    s = np.sin(np.radians(lat_deg))
    result: Floats = SEMI_MINOR_M**2 / 2 * (s / (1 - (e * s) ** 2) + np.arctanh(e * s) / e)
    return result


def gsd_m(place: Place) -> float | None:
    """Give the ground sample distance at the centre, m: the side of a square of a pixel's area."""
    areas = row_areas_m2(place, place.height_px // 2, place.width_px // 2, 1, 1)
    return None if areas is None else float(np.sqrt(areas[0]))
