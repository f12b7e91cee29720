"""What a pinhole camera sees of flat ground below it."""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from affine import Affine
from rasterio.control import GroundControlPoint
from rasterio.crs import CRS

from edgers.scene.lonlat import LONLAT, Floats, lonlat_from_crs
from edgers.scene.place import Place

STRAIGHT_DEG = 0.05
"""Lean from the vertical below which four corners place a frame as well as more points: at it an
affine through the corners is off by less than a pixel in a frame of 4 000 px."""

NODES = 4
"""Points along each side of the lattice that places a frame which is not straight."""


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """A pinhole camera above flat ground; its lens is taken to be without distortion, and its axis
    to go through the middle of the frame.

    Columns and rows are of pixel corners: 0 is the frame's edge, 0.5 the middle of a pixel.
    """

    height_px: int
    """Rows of the frame."""
    width_px: int
    """Columns of the frame."""
    focal_px: float
    """Focal length, pixels."""
    height_m: float
    """Height of the camera above the ground, m."""
    lat_deg: float
    """WGS 84 latitude of the camera, degrees."""
    lon_deg: float
    """WGS 84 longitude of the camera, degrees."""
    yaw_deg: float
    """Bearing of the frame's top where the camera looks straight down, degrees."""
    pitch_deg: float
    """Elevation of the line of sight, −90 straight down, degrees."""
    roll_deg: float
    """Turn about the line of sight, degrees."""

    @property
    def corners(self) -> tuple[Floats, Floats]:
        """Columns and rows of the corners: top left, top right, bottom right, bottom left."""
        columns = np.array([0.0, self.width_px, self.width_px, 0.0])
        rows = np.array([0.0, 0.0, self.height_px, self.height_px])
        return columns, rows

    def off_nadir(self, columns: Floats, rows: Floats) -> Floats:
        """Give the angle of rays from the vertical, radians; above π/2 they miss the ground."""
        north, east, down = self._rays(columns, rows)
        found: Floats = np.arctan2(np.hypot(north, east), down)
        return found

    def lonlat(self, columns: Floats, rows: Floats) -> tuple[Floats, Floats]:
        """Give WGS 84 longitude, within ±180, and latitude, degrees, of points of the frame.

        The ground is the plane that touches the ellipsoid below the camera.
        """
        north, east, down = self._rays(columns, rows)
        # Distances from the point below are true in this projection, on the ellipsoid.
        plane = CRS.from_dict(
            proj="aeqd", lat_0=self.lat_deg, lon_0=self.lon_deg, datum="WGS84", units="m"
        )
        scale = self.height_m / down
        lon, lat = lonlat_from_crs(plane, east * scale, north * scale)
        return (lon + 180) % 360 - 180, lat

    def pixel_areas_m2(self, columns: Floats, rows: Floats) -> Floats:
        """Give the area on the ground of a pixel about points of the frame, m²."""
        _, _, down = self._rays(columns, rows)
        areas: Floats = (self.height_m / self.focal_px) ** 2 / down**3
        return areas

    @property
    def gsd_m(self) -> float:
        """Ground sample distance in the middle, m: the side of a square of a pixel's area."""
        middle = np.array(self.width_px / 2), np.array(self.height_px / 2)
        return float(np.sqrt(self.pixel_areas_m2(*middle)))

    @property
    def place(self) -> Place:
        """The place of the frame, by ground control points: its corners, and where the camera leans
        a lattice of points, for then an affine is not enough.
        """
        lean_deg = math.degrees(float(self.off_nadir(*self._middle)))
        columns, rows = self.corners
        if lean_deg > STRAIGHT_DEG:
            sides = np.linspace(0, self.width_px, NODES), np.linspace(0, self.height_px, NODES)
            more_columns, more_rows = (side.ravel() for side in np.meshgrid(*sides))
            is_corner = np.isin(more_columns, columns) & np.isin(more_rows, rows)
            columns = np.concatenate([columns, more_columns[~is_corner]])
            rows = np.concatenate([rows, more_rows[~is_corner]])
        lon, lat = self.lonlat(columns, rows)
        points = zip(rows.tolist(), columns.tolist(), lon.tolist(), lat.tolist(), strict=True)
        return Place(
            height_px=self.height_px,
            width_px=self.width_px,
            crs=None,
            transform=Affine.identity(),
            gcps=tuple(
                GroundControlPoint(row, column, x, y, 0.0, id=str(number))
                for number, (row, column, x, y) in enumerate(points, 1)
            ),
            gcp_crs=LONLAT,
        )

    @property
    def _middle(self) -> tuple[Floats, Floats]:
        return np.array(self.width_px / 2), np.array(self.height_px / 2)

    def _rays(self, columns: Floats, rows: Floats) -> tuple[Floats, Floats, Floats]:
        """Give rays in north, east and down, one long along the line of sight."""
        right = (columns - self.width_px / 2) / self.focal_px
        below = (rows - self.height_px / 2) / self.focal_px
        turn = _rotation(self.yaw_deg, self.pitch_deg, self.roll_deg)
        north, east, down = (axis[0] + axis[1] * right + axis[2] * below for axis in turn)
        return north, east, down


def _rotation(yaw_deg: float, pitch_deg: float, roll_deg: float) -> npt.NDArray[np.float64]:
    """Give the matrix from the camera's axes (line of sight, right, down) to north, east, down."""
    (sy, cy), (sp, cp), (sr, cr) = (
        (math.sin(math.radians(angle)), math.cos(math.radians(angle)))
        for angle in (yaw_deg, pitch_deg, roll_deg)
    )
    yaw = np.array([[cy, -sy, 0], [sy, cy, 0], [0, 0, 1]])
    pitch = np.array([[cp, 0, sp], [0, 1, 0], [-sp, 0, cp]])
    roll = np.array([[1, 0, 0], [0, cr, -sr], [0, sr, cr]])
    found: npt.NDArray[np.float64] = yaw @ pitch @ roll
    return found
