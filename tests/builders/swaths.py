"""Scenes in sensor geometry whose true place is known by formula."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from affine import Affine
from rasterio.control import GroundControlPoint
from rasterio.crs import CRS
from rasterio.rpc import RPC
from rasterio.warp import transform as warp_points

from edgers.scene.place import Place

Floats = npt.NDArray[np.float64]

LONLAT = CRS.from_epsg(4326)


@dataclass(frozen=True, kw_only=True)
class Swath:
    """A bent, slanted strip on an equal-area plane: each pixel has the same area."""

    lon: float = 25.0
    lat: float = 45.0
    pixel_m: float = 100.0
    height_px: int = 700
    width_px: int = 500
    bow: float = 1e-4
    """Pixels by which a row is moved sideways, for each pixel from the middle row, squared."""
    points: tuple[int, int] = (15, 11)
    """Rows and columns of ground control points."""

    @property
    def plane(self) -> CRS:
        return CRS.from_dict(proj="laea", lon_0=self.lon, lat_0=self.lat, datum="WGS84")

    def lonlat(self, columns: Floats, rows: Floats) -> tuple[Floats, Floats]:
        """Give the true longitude and latitude of pixel corners."""
        x = columns - self.width_px / 2
        y = self.height_px / 2 - rows
        slanted = Affine.rotation(12) @ Affine.scale(self.pixel_m)
        xs, ys = slanted @ (x + self.bow * y**2, y)
        lon, lat = map(np.array, warp_points(self.plane, LONLAT, xs.ravel(), ys.ravel()))
        return lon.reshape(columns.shape), lat.reshape(columns.shape)

    def place(self, crs: CRS = LONLAT) -> Place:
        """Give the place by its ground control points, in `crs`."""
        rows, columns = np.meshgrid(
            np.linspace(0, self.height_px, self.points[0]),
            np.linspace(0, self.width_px, self.points[1]),
            indexing="ij",
        )
        lon, lat = self.lonlat(columns.ravel(), rows.ravel())
        xs, ys = warp_points(LONLAT, crs, lon, lat)
        points = tuple(
            GroundControlPoint(*map(float, point), 0.0, id=str(number))
            for number, point in enumerate(
                zip(rows.ravel(), columns.ravel(), xs, ys, strict=True), 1
            )
        )
        return Place(
            height_px=self.height_px, width_px=self.width_px, crs=None,
            transform=Affine.identity(), gcps=points, gcp_crs=crs,
        )  # fmt: skip


def coefficients(**values: float) -> list[float]:
    """Give the 20 coefficients of a polynomial; `c7` is number 7 (RPC00B order, from 0)."""
    return [values.get(f"c{number}", 0.0) for number in range(20)]


def sensor_model(lon: float = 10.0, lat: float = 45.0) -> RPC:
    """Give rational polynomials of a scene of 1000 × 1200 px of about 12 m, 500 m above the sea.

    Higher ground is seen moved by 12 lines and 15 samples.
    """
    return RPC(
        height_off=500.0, height_scale=1000.0, lat_off=lat, lat_scale=0.06, long_off=lon,
        long_scale=0.08, line_off=599.5, line_scale=600.0, samp_off=499.5, samp_scale=500.0,
        line_num_coeff=coefficients(c0=0.001, c1=0.12, c2=-1, c3=0.02, c4=0.003, c7=0.001, c8=2e-3),
        line_den_coeff=coefficients(c0=1, c1=5e-4, c2=3e-4),
        samp_num_coeff=coefficients(c0=-2e-3, c1=1, c2=0.1, c3=-0.03, c4=0.002, c7=1.5e-3, c8=1e-3),
        samp_den_coeff=coefficients(c0=1, c1=2e-4, c2=-4e-4),
    )  # fmt: skip


def model_place(rpcs: RPC) -> Place:
    """Give the place of a scene with such a model."""
    return Place(
        height_px=1200, width_px=1000, crs=None, transform=Affine.identity(), rpcs=rpcs
    )  # fmt: skip


def pixels_by_model(rpcs: RPC, lon: Floats, lat: Floats, height_m: float) -> tuple[Floats, Floats]:
    """Give columns and rows of pixel corners where a sensor sees the ground (RPC00B, STDI-0002)."""
    along = (lon - rpcs.long_off) / rpcs.long_scale
    across = (lat - rpcs.lat_off) / rpcs.lat_scale
    up = (height_m - rpcs.height_off) / rpcs.height_scale
    one, zero = np.ones_like(along), np.zeros_like(along)
    terms = [one, along, across, up * one, along * across, along * up, across * up, along**2]
    terms = np.stack([*terms, across**2, *[zero] * 11])  # the rest is not used by these models

    def ratio(above: list[float], below: list[float]) -> Floats:
        found: Floats = np.tensordot(above, terms, 1) / np.tensordot(below, terms, 1)
        return found

    line = ratio(rpcs.line_num_coeff, rpcs.line_den_coeff) * rpcs.line_scale + rpcs.line_off
    sample = ratio(rpcs.samp_num_coeff, rpcs.samp_den_coeff) * rpcs.samp_scale + rpcs.samp_off
    return sample + 0.5, line + 0.5


def metres_between(lon: Floats, lat: Floats, other_lon: Floats, other_lat: Floats) -> Floats:
    """Give the distance of near points on a sphere of the Earth's size; no seam, no pole."""
    one, other = _unit_vectors(lon, lat), _unit_vectors(other_lon, other_lat)
    found: Floats = np.linalg.norm(one - other, axis=-1) * 6.371e6
    return found


def _unit_vectors(lon: Floats, lat: Floats) -> Floats:
    a, b = np.radians(lon), np.radians(lat)
    return np.stack([np.cos(b) * np.cos(a), np.cos(b) * np.sin(a), np.sin(b)], axis=-1)
