"""Where a raster lies on Earth and how large its pixels are, on the ellipsoid."""

import itertools
from typing import Protocol

import numpy as np
import numpy.typing as npt
from affine import Affine
from rasterio._err import CPLE_BaseError  # raised by the warp functions; has no public name
from rasterio.crs import CRS
from rasterio.errors import RasterioError
from rasterio.warp import transform as warp_points

from edgers.errors import SceneError

Floats = npt.NDArray[np.float64]

SEMI_MAJOR_M = 6_378_137.0
"""Semi-major axis of the WGS 84 ellipsoid (NGA.STND.0036)."""
FLATTENING = 1 / 298.257223563
"""Flattening of the WGS 84 ellipsoid (NGA.STND.0036)."""
SEMI_MINOR_M = SEMI_MAJOR_M * (1 - FLATTENING)
ECCENTRICITY = float(np.sqrt(FLATTENING * (2 - FLATTENING)))


LONLAT = CRS.from_epsg(4326)

ROW_POINTS = 5
"""Points along a row of pixels: four pieces, none of 180° even in a row around the Earth."""


class Placed(Protocol):
    """What has a size and a place: a dataset or a product."""

    @property
    def crs(self) -> CRS | None:
        """Coordinate reference system, or None."""

    @property
    def transform(self) -> Affine:
        """Affine from pixel corners (column, row) to CRS coordinates."""

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""


def check_crs(dataset: Placed, origin: str) -> None:
    """Raise SceneError where a raster states a CRS that has no place on Earth."""
    if dataset.crs is None:
        return
    height, width = dataset.shape
    columns, rows = (
        side.ravel() for side in np.meshgrid([0, width / 2, width], [0, height / 2, height])
    )
    try:
        lon, _ = lonlat_from_pixels(dataset.crs, dataset.transform, columns, rows)
        seen = "" if np.isfinite(lon).any() else "None of its corners nor its middle is on Earth"
    except RasterioError as error:
        seen = f"PROJ says: {error}"
    if seen:
        raise SceneError(
            f"{origin} has a CRS that cannot be placed on Earth.",
            seen=f"It is {dataset.crs.to_string()[:80]}. {seen}.",
            rule="A CRS must lead to longitude and latitude.",
            fix="Assign the right one, for example with: rio edit-info --crs EPSG:CODE FILE",
        )


def lonlat_from_pixels(
    crs: CRS, transform: Affine, columns: Floats, rows: Floats
) -> tuple[Floats, Floats]:
    """Give WGS 84 longitude and latitude, degrees, of pixel corners (NaN where there is none)."""
    xs = transform.a * columns + transform.b * rows + transform.c
    ys = transform.d * columns + transform.e * rows + transform.f
    try:
        points = np.array(warp_points(crs, LONLAT, xs.ravel(), ys.ravel()))
    except CPLE_BaseError:
        # One point off the Earth fails the whole call: ask for each by itself.
        points = np.array([_one_point(crs, x, y) for x, y in zip(xs.flat, ys.flat, strict=True)]).T
    points[:, ~np.isfinite(points).all(axis=0)] = np.nan
    lon, lat = points.reshape(2, *columns.shape)
    return lon, lat


def _one_point(crs: CRS, x: float, y: float) -> tuple[float, float]:
    """Give longitude and latitude of one point, NaN where it is off the Earth."""
    try:
        (lon,), (lat,) = warp_points(crs, LONLAT, [x], [y])
    except CPLE_BaseError:
        return np.nan, np.nan
    return lon, lat


def row_areas_m2(
    crs: CRS | None, transform: Affine, row: int, column: int, height: int, width: int
) -> Floats | None:
    """Give the mean area of a pixel, in m², for each row of a block; None without a CRS.

    The outline of each row is carried to longitude and latitude and its area taken on the WGS 84
    ellipsoid, so that degrees, Web Mercator and rotated grids come out right.
    """
    if crs is None:
        return None
    rows, columns = np.meshgrid(
        np.arange(row, row + height + 1, dtype=np.float64),
        np.linspace(column, column + width, ROW_POINTS),
        indexing="ij",
    )
    lon, lat = lonlat_from_pixels(crs, transform, columns, rows)
    x, y = np.unwrap(np.unwrap(np.radians(lon), axis=1), axis=0), _zone_m2(lat)
    # Small differences of large numbers would cost digits: count from one corner.
    x, y = x - x[0, 0], y - y[0, 0]
    upper, lower = slice(0, -1), slice(1, None)
    ring = [(upper, upper), (upper, lower), (lower, lower), (lower, upper)]
    area = sum(x[a] * y[b] - x[b] * y[a] for a, b in zip(ring, ring[1:] + ring[:1], strict=True))
    found: Floats = np.abs(area).sum(axis=1) / 2 / width
    return found if np.isfinite(found).all() else None


def _zone_m2(lat_deg: Floats) -> Floats:
    """Area between the equator and a latitude, per radian of longitude, on the ellipsoid.

    Integral of the product of the two radii of curvature (Snyder 1987, Map Projections: A Working
    Manual, eq. 3-12 times half the squared semi-major axis). Longitude and this value together are
    an equal-area map, in which polygon areas are plain.
    """
    e = ECCENTRICITY
    s = np.sin(np.radians(lat_deg))
    result: Floats = SEMI_MINOR_M**2 / 2 * (s / (1 - (e * s) ** 2) + np.arctanh(e * s) / e)
    return result


def gsd_m(dataset: Placed) -> float | None:
    """Give the ground sample distance at the centre, m: the side of a square of a pixel's area."""
    height, width = dataset.shape
    areas = row_areas_m2(dataset.crs, dataset.transform, height // 2, width // 2, 1, 1)
    return None if areas is None else float(np.sqrt(areas[0]))


def footprint_lonlat(
    crs: CRS | None, transform: Affine, height: int, width: int
) -> list[tuple[float, float]]:
    """Give the closed outline in longitude and latitude, 9 points a side; empty without a CRS.

    Points run counter-clockwise, as GeoJSON asks (RFC 7946).
    """
    if crs is None:
        return []
    t = np.linspace(0, 1, 9)[:-1]
    zero, one = np.zeros_like(t), np.ones_like(t)
    columns = np.concatenate([zero, t, one, 1 - t]) * width
    rows = np.concatenate([t, one, 1 - t, zero]) * height
    lon, lat = lonlat_from_pixels(crs, transform, columns, rows)
    if not (np.isfinite(lon).all() and np.isfinite(lat).all()):
        return []
    points = [(round(float(x), 7), round(float(y), 7)) for x, y in zip(lon, lat, strict=True)]
    ring = [*points, points[0]]
    turns = sum(a[0] * b[1] - b[0] * a[1] for a, b in itertools.pairwise(ring))
    return ring if turns > 0 else ring[::-1]
