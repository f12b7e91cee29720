"""Longitude and latitude of points in any coordinate reference system."""

import numpy as np
import numpy.typing as npt
from rasterio._err import CPLE_BaseError  # raised by the warp functions; has no public name
from rasterio.crs import CRS
from rasterio.warp import transform as warp_points

Floats = npt.NDArray[np.float64]

LONLAT = CRS.from_epsg(4326)

POLE_SLACK_DEG = 2.5
"""How far beyond a pole a grid of degrees may reach: half a pixel of the coarsest climate grids,
5°, whose nodes lie on the poles."""


def lonlat_from_crs(crs: CRS, xs: Floats, ys: Floats) -> tuple[Floats, Floats]:
    """Give WGS 84 longitude and latitude, degrees, of points in `crs` (NaN where there is none).

    `xs` and `ys` have one shape, any, which the answers have too. Longitudes may go beyond ±180.
    Raises RasterioError where `crs` does not lead to longitude and latitude.
    """
    lon, lat = points_between(crs, LONLAT, xs, ys)
    gone = np.abs(lat) > 90 + POLE_SLACK_DEG
    lon[gone] = lat[gone] = np.nan
    return lon, np.clip(lat, -90, 90)


def points_between(crs: CRS, other: CRS, xs: Floats, ys: Floats) -> tuple[Floats, Floats]:
    """Carry points from `crs` to `other`; NaN where a point has no place there."""
    try:
        points = np.array(warp_points(crs, other, xs.ravel(), ys.ravel()))
    except CPLE_BaseError:
        # One point off the Earth fails the whole call: ask for each by itself.
        found = [_one_point(crs, other, x, y) for x, y in zip(xs.flat, ys.flat, strict=True)]
        points = np.array(found).T
    points[:, ~np.isfinite(points).all(axis=0)] = np.nan
    first, second = points.reshape(2, *xs.shape)
    return first, second


def _one_point(crs: CRS, other: CRS, x: float, y: float) -> tuple[float, float]:
    """Carry one point, NaN where it is off the Earth."""
    try:
        (first,), (second,) = warp_points(crs, other, [x], [y])
    except CPLE_BaseError:
        return np.nan, np.nan
    return first, second


def unit_vectors(lon: Floats, lat: Floats) -> Floats:
    """Give points of the unit sphere, (…, 3), at longitudes and latitudes in degrees."""
    lam, phi = np.radians(lon), np.radians(lat)
    parts = np.cos(phi) * np.cos(lam), np.cos(phi) * np.sin(lam), np.sin(phi)
    return np.stack(parts, axis=-1)
