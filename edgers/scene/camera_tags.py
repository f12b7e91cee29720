"""What a camera wrote into its image file: EXIF and XMP tags, read without decoding a pixel."""

import math
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import SupportsFloat

from PIL.ExifTags import GPS, IFD, Base
from PIL.Image import Exif
from PIL.JpegImagePlugin import JpegImageFile
from PIL.PngImagePlugin import PngImageFile
from PIL.TiffImagePlugin import TiffImageFile

from edgers.scene.camera_xmp import dji_from_xmp
from edgers.scene.frame_time import FrameTime, is_plausible, utc_from_text

Picture = JpegImageFile | PngImageFile | TiffImageFile

READERS: Mapping[bytes, Callable[..., Picture]] = {
    b"\xff\xd8\xff": JpegImageFile,
    b"\x89PNG": PngImageFile,
    b"II*\0": TiffImageFile,
    b"MM\0*": TiffImageFile,
}
"""Pillow's readers by the first bytes. They are called by themselves: `Image.open` would also weigh
the size of the picture, which is never decoded here."""

ZONE_STEP_MIN = 15
"""Time zones lie a multiple of this from UTC (IANA time zone database, since 1986)."""

ZONE_SLACK = timedelta(minutes=5)
"""How far a camera's clock may be off the satellites' for its zone to be told by them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CameraTags:
    """Tags of one image file; empty where it has none or they cannot be read."""

    exif: Mapping[int, object]
    """EXIF tags by number, those of the first directory among them."""
    gps: Mapping[int, object]
    """GPS tags by number."""
    dji: Mapping[str, str]
    """Tags of DJI drones by name, in XMP."""
    size_px: tuple[int, int]
    """Width and height of the picture; zeros where it could not be read."""

    def number(self, tag: int) -> float | None:
        """Give an EXIF tag as a number; None where it is none."""
        return number_from_tag(self.exif.get(tag))


NOTHING = CameraTags(exif={}, gps={}, dji={}, size_px=(0, 0))


def read_camera_tags(path: Path) -> CameraTags:
    """Read the tags of an image file; nothing of it leads to an error."""
    try:
        with path.open("rb") as file, warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Pillow warns of tags it cannot read
            first = file.read(4)
            file.seek(0)
            reader = next((one for magic, one in READERS.items() if first.startswith(magic)), None)
            if reader is None:
                return NOTHING
            picture = reader(file, str(path))
            exif = _exif(picture)
            details = exif.get_ifd(IFD.Exif)
            return CameraTags(
                exif={**dict(exif), **details},
                gps=exif.get_ifd(IFD.GPSInfo),
                dji=_dji(picture),
                size_px=picture.size,
            )
    # Hostile tags make Pillow raise nearly anything; a frame without tags is still a frame.
    except Exception:
        return NOTHING


def _exif(picture: Picture) -> Exif:
    """Give the EXIF tags; asking a PNG for tags that stand after its pixels would decode these."""
    if isinstance(picture, TiffImageFile):
        return picture.getexif()
    exif = Exif()
    exif.load(picture.info.get("exif", b""))
    return exif


def _dji(picture: Picture) -> dict[str, str]:
    """Give the XMP tags of a DJI drone."""
    data = picture.info.get("xmp", b"")
    if isinstance(data, str):
        data = data.encode()
    if isinstance(data, tuple):
        data = data[0]
    return dji_from_xmp(data) if isinstance(data, bytes) else {}


def number_from_tag(value: object) -> float | None:
    """Give a tag as a finite number; None where it is none. A fraction over zero is none."""
    if not isinstance(value, (str, SupportsFloat)):
        return None
    try:
        number = float(value)
    except (TypeError, ValueError, ZeroDivisionError, OverflowError):
        return None
    return number if math.isfinite(number) else None


def text_from_tag(value: object) -> str:
    """Give a tag as text; empty where it is none."""
    if isinstance(value, bytes):
        value = value.decode("ascii", "replace")
    return value.strip("\0 ") if isinstance(value, str) else ""


def degrees_from_tag(value: object) -> float | None:
    """Give degrees, minutes and seconds as degrees; None where they are none."""
    if not isinstance(value, tuple) or len(value) != 3:
        return None
    parts = [number_from_tag(part) for part in value]
    degrees, minutes, seconds = parts
    if degrees is None or minutes is None or seconds is None:
        return None
    if not (0 <= degrees <= 180 and 0 <= minutes < 60 and 0 <= seconds < 60):
        return None
    return degrees + minutes / 60 + seconds / 3600


def time_from_tags(tags: CameraTags) -> FrameTime | None:
    """Give the time at which the picture was taken.

    EXIF states the time of the camera's clock (DateTimeOriginal, SubSecTimeOriginal), and newer
    cameras its offset (OffsetTimeOriginal). Without one the GPS time, which is UTC and good to a
    second, tells the offset where both agree to a time zone; else the clock is taken as UTC.
    """
    clock = _clock(tags)
    offset = text_from_tag(tags.exif.get(Base.OffsetTimeOriginal))
    if clock is not None and offset:
        utc = utc_from_text(clock.isoformat("T", "microseconds") + offset)
        if utc is not None and is_plausible(utc):
            return FrameTime(utc=utc, origin="EXIF")
    gps = _gps_time(tags)
    if gps is None:
        if clock is None or not is_plausible(clock.replace(tzinfo=timezone.utc)):
            return None
        utc = clock.replace(tzinfo=timezone.utc)
        return FrameTime(utc=utc, origin="EXIF, zone not stated, taken as UTC")
    if clock is not None:
        away = clock.replace(tzinfo=timezone.utc) - gps
        step = timedelta(minutes=ZONE_STEP_MIN)
        zone = round(away / step) * step
        if abs(zone) <= timedelta(hours=14) and abs(away - zone) <= ZONE_SLACK:
            return FrameTime(
                utc=clock.replace(tzinfo=timezone.utc) - zone, origin="EXIF, zone from GPS"
            )
    return FrameTime(utc=gps, origin="GPS")


def _clock(tags: CameraTags) -> datetime | None:
    """Give the camera's clock, without a zone."""
    text = text_from_tag(tags.exif.get(Base.DateTimeOriginal))
    try:
        clock = datetime.strptime(text, "%Y:%m:%d %H:%M:%S")
    except ValueError:
        return None
    fraction = text_from_tag(tags.exif.get(Base.SubsecTimeOriginal))
    if fraction.isascii() and fraction.isdigit():
        clock = clock.replace(microsecond=int(f"{fraction[:6]:0<6}"))
    return clock


def _gps_time(tags: CameraTags) -> datetime | None:
    """Give the time of the satellites."""
    text, parts = text_from_tag(tags.gps.get(GPS.GPSDateStamp)), tags.gps.get(GPS.GPSTimeStamp)
    if not isinstance(parts, tuple) or len(parts) != 3:
        return None
    hour, minute, second = (number_from_tag(part) for part in parts)
    if hour is None or minute is None or second is None:
        return None
    try:
        day = datetime.strptime(text, "%Y:%m:%d").replace(tzinfo=timezone.utc)
        utc = day + timedelta(hours=hour, minutes=minute, seconds=second)
    except (ValueError, OverflowError):
        return None
    in_day = timedelta(0) <= utc - day < timedelta(days=1)
    return utc if in_day and is_plausible(utc) else None
