"""Where a camera was and how it looked, as stated; and whether that is enough to place its frame.

Angles are those of a gimbal, as DJI writes them: yaw is the bearing of the picture's top edge,
clockwise from true north, where the camera looks straight down; pitch is −90 straight down and 0 to
the horizon; roll turns the picture about its line of sight. In full the camera's axes (line of
sight, right, down) are turned by roll about the first, pitch about the second and yaw about the
third, in north, east and down.

What is stated wrongly must not lead to a place: a value that cannot be true takes the footprint
away, and a position that cannot be true takes all.
"""

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np

from edgers.scene.footprint import View

Geo = Literal["file", "pose", "position", "none"]
"""How a frame is placed: by its file's own georeference, by a full pose, by the camera's position
alone, or not at all."""

MAX_OFF_NADIR_DEG = 15.0
"""Most that the line of sight may lean from the vertical. Beyond, an error of one degree in pitch
moves the far edge of a 70° frame by more than a tenth of the height."""

MAX_CORNER_DEG = 70.0
"""Most that the ray of a corner may lean from the vertical; beyond, flat ground is no model."""

MIN_FOV_DEG, MAX_FOV_DEG = 2.0, 150.0
"""Horizontal fields of view accepted: from long lenses to wide ones; a focal length in the wrong
unit (millimetres for pixels) gives some 170°, one in micrometres less than 1°."""

MAX_HEIGHT_M = 50_000.0
"""Greatest height above ground for which the ground counts as flat: from here the Earth falls away
by 0.2 % of the height at the edge of a frame of 70°. Balloons fly below it, satellites do not."""

NULL_ISLAND_DEG = 1e-3
"""Distance from 0° 0° within which a position counts as one that was never set: 110 m."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pose:
    """What is stated of a camera; None where nothing is. Nothing here has been checked."""

    lat_deg: float | None = None
    """WGS 84 latitude, degrees."""
    lon_deg: float | None = None
    """WGS 84 longitude, degrees."""
    height_m: float | None = None
    """Height above the ground, m."""
    yaw_deg: float | None = None
    """Bearing of the picture's top, clockwise from true north, degrees."""
    pitch_deg: float | None = None
    """Elevation of the line of sight: −90 straight down, degrees."""
    roll_deg: float | None = None
    """Turn about the line of sight, clockwise as the camera sees it, degrees."""
    focal_px: float | None = None
    """Focal length in pixels of the frame."""
    hfov_deg: float | None = None
    """Horizontal field of view, degrees; counts where there is no `focal_px`."""
    height_from: str = "stated"
    """What the height is above: the ground as `stated`, or the `take-off` point, taken for it."""
    why: str = ""
    """Why something is missing or not believed, in words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fix:
    """How far the pose of a frame places it."""

    geo: Geo
    """How it is placed."""
    lat_deg: float | None = None
    """Latitude of the camera, degrees, where it is believed."""
    lon_deg: float | None = None
    """Longitude of the camera, degrees, where it is believed."""
    view: View | None = None
    """The geometry of the frame, where the pose is known."""
    why: str = ""
    """Why it is not placed better, in words."""


def fix_from_pose(pose: Pose, height_px: int, width_px: int) -> Fix:
    """Place a frame as far as its pose can be believed."""
    if why := _position_fault(pose):
        return Fix(geo="none", why=why)
    assert pose.lat_deg is not None
    assert pose.lon_deg is not None
    focal_px = _focal_px(pose, width_px)
    why = pose.why or _attitude_fault(pose) or _focal_fault(focal_px, width_px)
    if not why:
        assert focal_px is not None
        view = View(
            height_px=height_px,
            width_px=width_px,
            focal_px=focal_px,
            height_m=_given(pose.height_m),
            lat_deg=pose.lat_deg,
            lon_deg=pose.lon_deg,
            yaw_deg=_given(pose.yaw_deg),
            pitch_deg=_given(pose.pitch_deg),
            roll_deg=_given(pose.roll_deg),
        )
        widest_deg = float(np.degrees(view.off_nadir(*view.corners)).max())
        if widest_deg <= MAX_CORNER_DEG:
            return Fix(geo="pose", lat_deg=pose.lat_deg, lon_deg=pose.lon_deg, view=view)
        why = f"a corner looks {widest_deg:.0f}° off the vertical, more than {MAX_CORNER_DEG:g}°"
    return Fix(geo="position", lat_deg=pose.lat_deg, lon_deg=pose.lon_deg, why=why)


def _given(value: float | None) -> float:
    assert value is not None
    return value


def _position_fault(pose: Pose) -> str:
    """Say why the position is not known, or not believed."""
    lat, lon = pose.lat_deg, pose.lon_deg
    if lat is None or lon is None:
        return pose.why or "no position is stated"
    if not (abs(lat) <= 90 and abs(lon) <= 180):  # as NaN is not, either
        return f"latitude {lat:g}, longitude {lon:g} is not on Earth"
    if max(abs(lat), abs(lon)) < NULL_ISLAND_DEG:
        return "position 0, 0 is one that was never set"
    return ""


def _attitude_fault(pose: Pose) -> str:
    """Say why height or angles are not known, or not believed."""
    height = pose.height_m
    if height is None:
        return "no height above ground is stated"
    if not 0 < height <= MAX_HEIGHT_M:
        return f"a height of {height:g} m above ground is not between 0 and {MAX_HEIGHT_M:g}"
    for name, angle in (
        ("yaw", pose.yaw_deg), ("pitch", pose.pitch_deg), ("roll", pose.roll_deg),
    ):  # fmt: skip
        if angle is None:
            return f"no {name} is stated"
        if not abs(angle) <= 360:
            return f"a {name} of {angle:g}° is none"
    off_deg = math.degrees(math.acos(max(-1.0, min(1.0, -math.sin(math.radians(_pitch(pose)))))))
    if off_deg > MAX_OFF_NADIR_DEG:
        return f"it looks {off_deg:.0f}° off the vertical, more than {MAX_OFF_NADIR_DEG:g}°"
    return ""


def _pitch(pose: Pose) -> float:
    return _given(pose.pitch_deg)


def _focal_px(pose: Pose, width_px: int) -> float | None:
    """Give the focal length in pixels, as stated or from the field of view."""
    if pose.focal_px is not None:
        return pose.focal_px
    fov = pose.hfov_deg
    if fov is None:
        return None
    if not 0 < fov < 180:
        return math.nan
    return width_px / 2 / math.tan(math.radians(fov) / 2)


def _focal_fault(focal_px: float | None, width_px: int) -> str:
    """Say why the focal length is not known, or not believed."""
    if focal_px is None:
        return "no focal length is stated"
    if not (math.isfinite(focal_px) and focal_px > 0):
        return "the focal length, or field of view, is none"
    fov_deg = math.degrees(2 * math.atan(width_px / 2 / focal_px))
    if not MIN_FOV_DEG <= fov_deg <= MAX_FOV_DEG:
        return (
            f"a focal length of {focal_px:g} px gives a field of view of {fov_deg:.3g}°, "
            f"which is not between {MIN_FOV_DEG:g}° and {MAX_FOV_DEG:g}°"
        )
    return ""
