"""The pose of a camera from the tags of its image file: EXIF GPS, and the XMP of DJI drones."""

import math

from PIL.ExifTags import GPS, Base

from edgers.scene.camera_tags import (
    CameraTags,
    degrees_from_tag,
    number_from_tag,
    text_from_tag,
)
from edgers.scene.pose import Pose

DIAGONAL_35MM = math.hypot(36, 24)
"""Diagonal of the 35 mm frame, mm: equivalent focal lengths go by diagonals (CIPA DCG-001)."""

MM_BY_UNIT = {2: 25.4, 3: 10.0, 4: 1.0, 5: 0.001}
"""Millimetres by EXIF's unit of focal plane resolution: inch, cm, mm, µm (EXIF 2.32, A210)."""

SAME_PLACE_DEG = 1e-3
"""Most degrees by which two statements of one position may differ: 110 m."""

SAME_FOCAL_SHARE = 0.25
"""Most by which two statements of one focal length may differ: equivalent ones are whole numbers,
and some makers take them by the width."""

SAME_SHAPE_SHARE = 0.01
"""Most by which the shape of a picture may differ from the one its tags were written for, for it to
be that picture made smaller and not a part of it."""


def pose_from_tags(tags: CameraTags) -> Pose:
    """Give what the tags state of position, height, angles and focal length.

    EXIF's altitude is above the sea and no height above ground; RelativeAltitude of DJI drones is
    above the point of take-off, which is taken for the ground. What is stated twice must agree.
    """
    lat, lon, why = _position(tags)
    focal_px, focal_why = _focal_px(tags)
    yaw = _dji(tags, "GimbalYawDegree")
    if yaw is None and text_from_tag(tags.gps.get(GPS.GPSImgDirectionRef)) == "T":
        yaw = number_from_tag(tags.gps.get(GPS.GPSImgDirection))
    orientation = tags.number(Base.Orientation)
    if not why and orientation not in (None, 1.0):
        focal_why = f"the picture is stored turned (EXIF orientation {orientation:g})"
    return Pose(
        lat_deg=lat,
        lon_deg=lon,
        height_m=_dji(tags, "RelativeAltitude"),
        yaw_deg=yaw,
        pitch_deg=_dji(tags, "GimbalPitchDegree"),
        roll_deg=_dji(tags, "GimbalRollDegree"),
        focal_px=focal_px,
        height_from="take-off",
        why=why or focal_why,
    )


def focal_px_from_tags(tags: CameraTags) -> float | None:
    """Give the focal length in pixels; None where it is not stated, or stated in two ways."""
    return _focal_px(tags)[0]


def _dji(tags: CameraTags, name: str) -> float | None:
    return number_from_tag(tags.dji.get(name))


def _position(tags: CameraTags) -> tuple[float | None, float | None, str]:
    """Give latitude and longitude, degrees, and why they are not believed."""
    if text_from_tag(tags.gps.get(GPS.GPSStatus)) == "V":
        return None, None, "the GPS says that it had no fix"
    found = []
    lat = _signed(tags, GPS.GPSLatitude, GPS.GPSLatitudeRef, "NS")
    lon = _signed(tags, GPS.GPSLongitude, GPS.GPSLongitudeRef, "EW")
    if lat is not None and lon is not None:
        found.append((lat, lon))
    lat = _dji(tags, "GpsLatitude")
    # Some of these drones write the name with a letter missing.
    lon = next((x for n in ("GpsLongitude", "GpsLongtitude") if (x := _dji(tags, n))), None)
    if lat is not None and lon is not None:
        found.append((lat, lon))
    if not found:
        return None, None, "no position is stated"
    if max(abs(a - b) for a, b in zip(found[0], found[-1], strict=True)) > SAME_PLACE_DEG:
        return None, None, "EXIF and XMP state different positions"
    # XMP has more digits.
    return *found[-1], ""


def _signed(tags: CameraTags, value: int, reference: int, letters: str) -> float | None:
    """Give an angle with its hemisphere; without one it could be on either side."""
    degrees = degrees_from_tag(tags.gps.get(value))
    side = text_from_tag(tags.gps.get(reference)).upper()
    if degrees is None or side not in tuple(letters):
        return None
    return degrees if side == letters[0] else -degrees


def _focal_px(tags: CameraTags) -> tuple[float | None, str]:
    """Give the focal length in pixels, and why it is not believed."""
    if tags.number(Base.DigitalZoomRatio) not in (None, 0.0, 1.0):
        return None, "the picture was zoomed digitally"
    width, height = tags.size_px
    shrunk = _shrunk(tags)
    if shrunk is None:
        return None, "the picture is a part of the one its tags were written for"
    # The first two are in pixels of the picture as it was taken.
    taken_px = [_calibrated_px(tags), _sensor_px(tags)]
    stated = [one * shrunk for one in taken_px if one is not None]
    equivalent_px = _equivalent_px(tags, width, height)
    stated += [] if equivalent_px is None else [equivalent_px]
    # EXIF writes 0 for what is not known.
    found = [one for one in stated if one > 0]
    if not found:
        return None, ""
    if max(found) > (1 + SAME_FOCAL_SHARE) * min(found):
        return None, "its tags state different focal lengths"
    return found[0], ""


def _shrunk(tags: CameraTags) -> float | None:
    """Give the size of the picture over that of the one taken; None where it is a part of it."""
    width, height = tags.size_px
    taken = tags.number(Base.ExifImageWidth), tags.number(Base.ExifImageHeight)
    if taken[0] is None or taken[1] is None or min(taken[0], taken[1]) <= 0:
        return 1.0
    across, down = width / taken[0], height / taken[1]
    return across if abs(across - down) <= SAME_SHAPE_SHARE * across else None


def _calibrated_px(tags: CameraTags) -> float | None:
    """Give the focal length that a DJI drone was calibrated to, pixels."""
    return _dji(tags, "CalibratedFocalLength")


def _sensor_px(tags: CameraTags) -> float | None:
    """Give the focal length from millimetres and the size of the sensor's pixels."""
    focal_mm = tags.number(Base.FocalLength)
    resolution = tags.number(Base.FocalPlaneXResolution)
    unit_mm = MM_BY_UNIT.get(int(tags.number(Base.FocalPlaneResolutionUnit) or 2))
    if focal_mm is None or resolution is None or unit_mm is None:
        return None
    return focal_mm * resolution / unit_mm


def _equivalent_px(tags: CameraTags, width: int, height: int) -> float | None:
    """Give the focal length from that of a 35 mm camera with the same field of view."""
    equivalent_mm = tags.number(Base.FocalLengthIn35mmFilm)
    if equivalent_mm is None:
        return None
    return equivalent_mm / DIAGONAL_35MM * math.hypot(width, height)
