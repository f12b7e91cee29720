"""Frames for tests: images with the tags of cameras, videos, and captures made by hand."""

from collections.abc import Iterable, Mapping
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image
from PIL.ExifTags import IFD
from PIL.TiffImagePlugin import IFDRational, ImageFileDirectory_v2

XMP = """<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description rdf:about="DJI Meta Data"
 xmlns:drone-dji="http://www.dji.com/drone-dji/1.0/" {tags}/>
</rdf:RDF></x:xmpmeta><?xpacket end="w"?>"""

NADIR = {
    "GpsLatitude": "+47.00000000", "GpsLongitude": "+8.00000000", "RelativeAltitude": "+100.00",
    "GimbalPitchDegree": "-90.00", "GimbalYawDegree": "+0.00", "GimbalRollDegree": "+0.00",
    "CalibratedFocalLength": "100.0",
}  # fmt: skip
"""XMP tags of a drone 100 m above the ground that looks straight down, north up: 1 m a pixel."""

SIDECAR = {
    "lat": 47.0, "lon": 8.0, "height_above_ground_m": 100.0, "yaw_deg": 0.0, "pitch_deg": -90.0,
    "roll_deg": 0.0, "focal_px": 100.0,
}  # fmt: skip
"""The same as a file beside an image."""


def colours(height: int, width: int, seed: int = 0) -> npt.NDArray[np.uint8]:
    """Give smooth-edged blocks of random colours, (height, width, 3), red first."""
    random = np.random.default_rng(seed)
    cells = random.integers(20, 235, (-(-height // 8), -(-width // 8), 3)).astype(np.uint8)
    return cells.repeat(8, axis=0).repeat(8, axis=1)[:height, :width]


def dms(degrees: float) -> tuple[Fraction, Fraction, Fraction]:
    """Write an angle as EXIF does."""
    whole = int(abs(degrees) * 3600 * 10_000 + 0.5)
    minutes, seconds = divmod(whole, 600_000)
    return tuple(map(_rational, (minutes // 60, minutes % 60, Fraction(seconds, 10_000))))  # type: ignore[return-value]


def _rational(value: Any) -> Any:
    found = Fraction(value)
    return IFDRational(found.numerator, found.denominator)


def write_image(
    path: Path, pixels: npt.NDArray[np.uint8] | None = None, *,
    exif: Mapping[int, Any] | None = None, gps: Mapping[int, Any] | None = None,
    dji: Mapping[str, str] | None = None, xmp: bytes | None = None,
) -> Path:  # fmt: skip
    """Write an image, (height, width, 3), with EXIF and XMP tags, in the format of its name."""
    image = Image.fromarray(colours(48, 64) if pixels is None else pixels)
    tags = Image.Exif()
    for number, value in (exif or {}).items():
        (tags if number == 274 else tags.get_ifd(IFD.Exif))[number] = value
    tags.get_ifd(IFD.GPSInfo).update(gps or {})
    more: dict[str, Any] = {"exif": tags} if exif or gps else {}
    if path.suffix == ".tif":
        directory = ImageFileDirectory_v2()
        directory[IFD.GPSInfo] = dict(gps or {})
        more = {"tiffinfo": directory}
    if dji is not None:
        text = " ".join(f'drone-dji:{name}="{value}"' for name, value in dji.items())
        xmp = XMP.format(tags=text).encode()
    if path.suffix.lower() in (".jpg", ".jpeg"):
        more |= {"quality": 95, **({"xmp": xmp} if xmp else {})}
    image.save(path, **more)
    return path


def write_video(path: Path, frames: Iterable[npt.NDArray[np.uint8]], fps: float = 10.0) -> Path:
    """Write frames, (height, width, 3), red first, as Motion JPEG; skips without OpenCV."""
    cv2 = pytest.importorskip("cv2")
    frames = list(frames)
    height, width = frames[0].shape[:2]
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*"MJPG"), fps, (width, height))
    assert writer.isOpened()
    for frame in frames:
        writer.write(np.ascontiguousarray(frame[..., ::-1]))
    writer.release()
    return path


class FakeCapture:
    """A capture that gives what it is given; `None` among the frames is a failure."""

    def __init__(
        self, frames: Iterable[Any], *, fps: float = 10.0, stamps_s: Iterable[float] | None = None,
        count: float = 0.0,
    ) -> None:  # fmt: skip
        self.fps, self.count = fps, count
        self._frames = iter(frames)
        self._stamps = None if stamps_s is None else iter(stamps_s)
        self._stamp = 0.0
        self.is_closed = False
        self._number = -1

    def read(self) -> Any:
        found = next(self._frames, None)
        self._number += 1
        self._stamp = self._number / 10 if self._stamps is None else next(self._stamps, 0.0)
        return found() if callable(found) else found

    def position_s(self) -> float:
        return self._stamp

    def close(self) -> None:
        self.is_closed = True
