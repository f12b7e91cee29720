"""Pixels in sensor geometry: placed by ground control points, or by rational polynomials (RPC).

Between ground control points lies a thin-plate spline, which goes through each of them. At the
points of a Sentinel-1 product others measured one affine 2 km off, polynomials of order 3 1.7 m,
and the spline 0.3 m (cogeotiff/rio-tiler#977).
"""

import warnings
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from rasterio.control import GroundControlPoint
from rasterio.crs import CRS
from rasterio.errors import TransformWarning
from rasterio.rpc import RPC
from rasterio.transform import RPCTransformer

from edgers.scene.lonlat import LONLAT, Floats, lonlat_from_crs, points_between, unit_vectors
from edgers.scene.spline import Spline, spline_through

MIN_POINTS = 3
"""Fewest ground control points that place a scene: they make an affine."""

NODES = 31
"""Rows and columns of a lattice over the scene; of more points than it has nodes, the spline goes
through the nearest to each. It costs the cube of their number; radar products have 200 to 400."""

FLATTEST = 1e-6
"""Smallest width of a cloud of points, as a share of its length, that is not a line."""

RPC_ERROR_PX = 1e-6
"""Largest error of the iteration from pixels to the ground. GDAL's default of 0.1 is too coarse to
tell the size of a pixel."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TiePlane:
    """Ground control points on a plane that touches the Earth in their middle.

    Neither the date line nor a pole lies between points there, as it may in their own CRS.
    """

    crs: CRS
    """The plane, in metres."""
    points: tuple[GroundControlPoint, ...]
    """Points the spline goes through."""
    spline: Spline
    """Leads from pixel corners, (column, row), to the plane."""


@lru_cache(maxsize=8)
def tie_plane(points: tuple[GroundControlPoint, ...], crs: CRS) -> TiePlane | None:
    """Put ground control points onto a plane; None where they do not place a scene.

    They do not where fewer than three have a place, or all lie on one line. Raises RasterioError
    where `crs` does not lead to longitude and latitude.
    """
    rows, columns, xs, ys = np.array([(p.row, p.col, p.x, p.y) for p in points], float).T
    lon, lat = lonlat_from_crs(crs, xs, ys)
    pixels = np.stack([columns, rows], axis=1)
    kept = _spread(pixels, np.isfinite(pixels).all(axis=1) & np.isfinite(lon))
    if len(kept) < MIN_POINTS:
        return None
    plane = _plane_about(lon[kept], lat[kept])
    xs, ys = points_between(LONLAT, plane, lon[kept], lat[kept])
    if _is_line(pixels[kept]) or _is_line(np.stack([xs, ys], axis=1)):
        return None
    tied = tuple(
        GroundControlPoint(points[i].row, points[i].col, x, y, 0.0, id=str(number))
        for number, (i, x, y) in enumerate(zip(kept, xs.tolist(), ys.tolist(), strict=True), 1)
    )
    spline = spline_through(pixels[kept], np.stack([xs, ys], axis=1))
    return TiePlane(crs=plane, points=tied, spline=spline)


def _spread(pixels: Floats, has_place: np.ndarray) -> list[int]:
    """Choose points with a place, (point, (column, row)), no two at one pixel and not too many."""
    found = np.flatnonzero(has_place)
    if not found.size:
        return []
    _, first = np.unique(pixels[found], axis=0, return_index=True)
    found = found[np.sort(first)]
    if len(found) > NODES**2:
        low, size = pixels[found].min(axis=0), np.ptp(pixels[found], axis=0)
        at = (pixels[found] - low) * (NODES - 1) / np.where(size > 0, size, 1)
        nearest = np.argsort(np.abs(at - np.round(at)).sum(axis=1), kind="stable")
        _, first = np.unique(np.round(at)[nearest], axis=0, return_index=True)
        found = found[np.sort(nearest[first])]
    return [int(i) for i in found]


def _plane_about(lon: Floats, lat: Floats) -> CRS:
    """Give the stereographic plane that touches the Earth in the middle of points."""
    x, y, z = unit_vectors(lon, lat).mean(axis=0)
    middle = np.degrees([np.arctan2(y, x), np.arctan2(z, np.hypot(x, y))])
    return CRS.from_dict(
        proj="stere", lon_0=float(middle[0]), lat_0=float(middle[1]), datum="WGS84", units="m"
    )


def _is_line(points: Floats) -> bool:
    """Tell whether points, (point, 2), lie on one line, or on one spot."""
    if not np.isfinite(points).all():
        return True
    length, width = np.linalg.svd(points - points.mean(axis=0), compute_uv=False)
    return bool(width <= FLATTEST * length)


def lonlat_from_plane(plane: TiePlane, columns: Floats, rows: Floats) -> tuple[Floats, Floats]:
    """Give WGS 84 longitude and latitude, degrees, of pixel corners."""
    xs, ys = plane.spline(np.stack([columns.ravel(), rows.ravel()], axis=1)).T
    return lonlat_from_crs(plane.crs, xs.reshape(rows.shape), ys.reshape(rows.shape))


def lonlat_from_rpcs(rpcs: RPC, columns: Floats, rows: Floats) -> tuple[Floats, Floats]:
    """Give WGS 84 longitude and latitude, degrees, of pixel corners; NaN where there is none.

    The ground is taken to be at the height the coefficients are centred on.
    """
    options = {"RPC_HEIGHT": rpcs.height_off, "RPC_PIXEL_ERROR_THRESHOLD": RPC_ERROR_PX}
    with RPCTransformer(rpcs, **options) as transformer, warnings.catch_warnings():
        warnings.simplefilter("ignore", TransformWarning)  # said where there is no ground
        xs, ys = transformer.xy(rows.ravel(), columns.ravel(), offset="ul")
    lon, lat = (np.reshape(np.array(side, float), rows.shape) for side in (xs, ys))
    gone = ~(np.isfinite(lon) & (np.abs(lat) <= 90))
    return np.where(gone, np.nan, lon), np.where(gone, np.nan, lat)
