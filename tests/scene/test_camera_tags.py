from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest
from builders.frames import NADIR, dms, write_image
from PIL.ExifTags import GPS, Base
from PIL.TiffImagePlugin import IFDRational

from edgers.scene.camera_pose import focal_px_from_tags, pose_from_tags
from edgers.scene.camera_tags import read_camera_tags, time_from_tags
from edgers.scene.camera_xmp import dji_from_xmp
from edgers.scene.pose import Pose, fix_from_pose

POSITION = {
    GPS.GPSLatitudeRef: "N", GPS.GPSLatitude: dms(47.0), GPS.GPSLongitudeRef: "E",
    GPS.GPSLongitude: dms(8.0),
}  # fmt: skip


def pose(folder: Path, **tags: Any) -> Pose:
    return pose_from_tags(read_camera_tags(write_image(folder / "a.jpg", **tags)))


def taken(folder: Path, exif: dict[int, Any], gps: dict[int, Any] | None = None) -> Any:
    found = time_from_tags(read_camera_tags(write_image(folder / "a.jpg", exif=exif, gps=gps)))
    return None if found is None else (found.utc, found.origin)


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=timezone.utc)  # type: ignore[misc, arg-type]


def test_a_drone_that_looks_down_is_placed(tmp_path: Path) -> None:
    found = pose(tmp_path, dji=NADIR, gps=POSITION)
    fix = fix_from_pose(found, 48, 64)
    assert fix.geo == "pose"
    assert (fix.lat_deg, fix.lon_deg) == (47.0, 8.0)
    assert fix.view is not None
    assert (fix.view.height_m, fix.view.focal_px) == (100.0, 100.0)
    assert found.height_from == "take-off"


@pytest.mark.parametrize(("ref", "sign"), [("N", 1), ("S", -1)])
def test_hemispheres_are_taken(tmp_path: Path, ref: str, sign: int) -> None:
    gps = {**POSITION, GPS.GPSLatitudeRef: ref, GPS.GPSLongitudeRef: "EW"[sign < 0]}
    found = pose(tmp_path, gps=gps)
    assert (found.lat_deg, found.lon_deg) == (sign * 47.0, sign * 8.0)


def test_minutes_and_seconds_are_taken(tmp_path: Path) -> None:
    gps = {**POSITION, GPS.GPSLatitude: dms(47.123456)}
    assert pose(tmp_path, gps=gps).lat_deg == pytest.approx(47.123456, abs=1e-7)


@pytest.mark.parametrize(
    "gps",
    [
        {**POSITION, GPS.GPSLatitudeRef: ""},
        {**POSITION, GPS.GPSLatitudeRef: "X"},
        {**POSITION, GPS.GPSStatus: "V"},
        {**POSITION, GPS.GPSLatitude: (IFDRational(47), IFDRational(75), IFDRational(0))},
        {**POSITION, GPS.GPSLatitude: (IFDRational(1, 0), IFDRational(0), IFDRational(0))},
        {**POSITION, GPS.GPSLatitude: (IFDRational(200), IFDRational(0), IFDRational(0))},
        {name: value for name, value in POSITION.items() if name != GPS.GPSLongitudeRef},
    ],
)
def test_a_position_that_is_not_clear_is_none(tmp_path: Path, gps: dict[int, Any]) -> None:
    found = pose(tmp_path, gps=gps)
    assert found.lat_deg is None
    assert found.why


def test_altitude_above_the_sea_is_no_height_above_ground(tmp_path: Path) -> None:
    found = pose(tmp_path, gps={**POSITION, GPS.GPSAltitude: IFDRational(540)})
    assert found.height_m is None
    assert fix_from_pose(found, 48, 64).geo == "position"


def test_two_positions_that_differ_are_none(tmp_path: Path) -> None:
    assert pose(tmp_path, dji={**NADIR, "GpsLatitude": "47.01"}, gps=POSITION).lat_deg is None
    near = pose(tmp_path, dji={**NADIR, "GpsLatitude": "47.00001"}, gps=POSITION)
    assert near.lat_deg == 47.00001


def test_longitude_with_a_letter_missing_is_taken(tmp_path: Path) -> None:
    tags = {name.replace("GpsLongitude", "GpsLongtitude"): text for name, text in NADIR.items()}
    assert pose(tmp_path, dji=tags).lon_deg == 8.0


def test_a_magnetic_bearing_is_no_yaw(tmp_path: Path) -> None:
    gps = {**POSITION, GPS.GPSImgDirection: IFDRational(30), GPS.GPSImgDirectionRef: "M"}
    assert pose(tmp_path, gps=gps).yaw_deg is None
    assert pose(tmp_path, gps={**gps, GPS.GPSImgDirectionRef: "T"}).yaw_deg == 30


def test_a_picture_stored_turned_has_no_footprint(tmp_path: Path) -> None:
    found = pose(tmp_path, dji=NADIR, exif={Base.Orientation: 6})
    assert fix_from_pose(found, 48, 64).geo == "position"
    upright = pose(tmp_path, dji=NADIR, exif={Base.Orientation: 1})
    assert fix_from_pose(upright, 48, 64).geo == "pose"


def focal(folder: Path, exif: dict[int, Any], dji: dict[str, str] | None = None) -> float | None:
    return focal_px_from_tags(read_camera_tags(write_image(folder / "a.jpg", exif=exif, dji=dji)))


def test_focal_length_from_the_35_mm_equivalent(tmp_path: Path) -> None:
    # 64 × 48 px are 80 across; the 35 mm frame is 43.27 mm across.
    found = focal(tmp_path, {Base.FocalLengthIn35mmFilm: 24})
    assert found == pytest.approx(24 / 43.2666 * 80, rel=1e-5)


@pytest.mark.parametrize(("unit", "resolution"), [(2, 254), (3, 100), (4, 10)])
def test_focal_length_from_the_sensor(tmp_path: Path, unit: int, resolution: int) -> None:
    exif = {
        Base.FocalLength: IFDRational(88, 10), Base.FocalPlaneXResolution: IFDRational(resolution),
        Base.FocalPlaneResolutionUnit: unit,
    }  # fmt: skip
    assert focal(tmp_path, exif) == pytest.approx(88.0)


def test_a_picture_made_smaller_has_a_shorter_focal_length(tmp_path: Path) -> None:
    exif = {Base.ExifImageWidth: 128, Base.ExifImageHeight: 96}
    assert focal(tmp_path, exif, {"CalibratedFocalLength": "200"}) == pytest.approx(100)


@pytest.mark.parametrize(
    "exif",
    [
        {Base.ExifImageWidth: 128, Base.ExifImageHeight: 48},
        {Base.DigitalZoomRatio: IFDRational(2)},
        {Base.FocalLengthIn35mmFilm: 24},
    ],
)
def test_a_focal_length_that_is_not_clear_is_none(tmp_path: Path, exif: dict[int, Any]) -> None:
    """A part of a picture, one zoomed, and one that states 44 px as well as 100."""
    assert focal(tmp_path, exif, {"CalibratedFocalLength": "100"}) is None


def test_a_focal_length_of_zero_is_not_stated(tmp_path: Path) -> None:
    assert focal(tmp_path, {Base.FocalLengthIn35mmFilm: 0}) is None


def test_tags_of_tiff_and_png_are_read(tmp_path: Path) -> None:
    for name in ("a.tif", "a.png"):
        path = write_image(tmp_path / name, exif={Base.Orientation: 1}, gps=POSITION)
        assert pose_from_tags(read_camera_tags(path)).lat_deg == 47.0, name


def test_xmp_elements_are_read_as_attributes_are() -> None:
    text = (
        '<r xmlns:d="http://www.dji.com/drone-dji/1.0/" xmlns:o="http://other/">'
        "<d:RelativeAltitude> +30.5 </d:RelativeAltitude><o:GimbalYawDegree>9</o:GimbalYawDegree>"
        '<x d:GimbalPitchDegree="-90"/></r>\n  \0\0'
    )
    found = dji_from_xmp(text.encode())
    assert found == {"RelativeAltitude": "+30.5", "GimbalPitchDegree": "-90"}


CLOCK = {Base.DateTimeOriginal: "2024:05:04 12:00:01"}
SATELLITES = {
    GPS.GPSDateStamp: "2024:05:04",
    GPS.GPSTimeStamp: (IFDRational(10), IFDRational(0), IFDRational(3)),
}


def test_the_time_with_its_offset(tmp_path: Path) -> None:
    exif = {**CLOCK, Base.SubsecTimeOriginal: "25", Base.OffsetTimeOriginal: "+02:00"}
    assert taken(tmp_path, exif) == (utc(2024, 5, 4, 10, 0, 1, 250_000), "EXIF")


def test_satellites_tell_the_offset(tmp_path: Path) -> None:
    exif = {**CLOCK, Base.SubsecTimeOriginal: "250"}
    found = taken(tmp_path, exif, SATELLITES)
    assert found == (utc(2024, 5, 4, 10, 0, 1, 250_000), "EXIF, zone from GPS")


def test_satellites_alone_and_against_a_clock_that_is_wrong(tmp_path: Path) -> None:
    wanted = utc(2024, 5, 4, 10, 0, 3), "GPS"
    assert taken(tmp_path, {}, SATELLITES) == wanted
    assert taken(tmp_path, {Base.DateTimeOriginal: "2019:01:01 00:00:00"}, SATELLITES) == wanted
    assert taken(tmp_path, {Base.DateTimeOriginal: "2024:05:04 12:07:00"}, SATELLITES) == wanted


def test_a_clock_without_a_zone_is_said_to_be_one(tmp_path: Path) -> None:
    found = taken(tmp_path, CLOCK)
    assert found == (utc(2024, 5, 4, 12, 0, 1), "EXIF, zone not stated, taken as UTC")


@pytest.mark.parametrize("text", ["0000:00:00 00:00:00", "1970:01:01 00:00:00", "", "soon",
                                  "2199:01:01 00:00:00", "2024:02:30 00:00:00"])  # fmt: skip
def test_a_time_that_cannot_be_is_none(tmp_path: Path, text: str) -> None:
    assert taken(tmp_path, {Base.DateTimeOriginal: text}) is None
