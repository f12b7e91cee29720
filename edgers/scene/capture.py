"""Pictures out of OpenCV: from video files whose format is known, and from cameras by RTSP.

OpenCV hands what it opens to FFmpeg, which also takes playlists that name other files, numbered
rows of pictures, addresses and devices. A file must begin as one of a few containers, and FFmpeg is
told to take it for one of these, whatever its name, and to open nothing but files for it.
"""

import os
import re
import threading
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlsplit

from edgers.closing import Closing
from edgers.errors import EngineError, SceneError
from edgers.files import check_file
from edgers.scene.frame import Pixels

CONTAINERS = (
    re.compile(rb"....ftyp", re.S),
    re.compile(rb"....(moov|mdat|wide|free|skip)", re.S),
    re.compile(rb"RIFF....AVI ", re.S),
    re.compile(rb"\x1a\x45\xdf\xa3"),
    re.compile(rb"\x00\x00\x01\xba"),
    re.compile(rb"G.{187}G", re.S),
)
"""Beginnings of MP4 and QuickTime, AVI, Matroska and WebM, MPEG program and transport streams."""

FIRST_BYTES = 256

FILE_OPTIONS = "protocol_whitelist;file|format_whitelist;mov,mp4,avi,matroska,webm,mpeg,mpegts"
"""FFmpeg's names of what it may open, and of the containers above."""

CAMERA_OPTIONS = "rtsp_transport;tcp|protocol_whitelist;rtsp,rtsps,rtp,rtcp,tcp,tls,udp,srtp,crypto"
"""FFmpeg's names of what it may open for a camera, whose pictures come over TCP."""

ENVIRONMENT = "OPENCV_FFMPEG_CAPTURE_OPTIONS"
"""Variable in which OpenCV looks for options of FFmpeg when it opens something."""

_OPENING = threading.Lock()
"""Guards that variable: it is one for the process."""


class Capture(Protocol):
    """Pictures one after the other."""

    fps: float
    """Pictures a second as the container states them: any number, and NaN."""
    count: float
    """Pictures as the container states them: any number, and NaN."""

    def read(self) -> Pixels | None:
        """Wait for the next picture, (height, width, 3), blue first; None where there is none."""

    def position_s(self) -> float:
        """Give the time of the picture last read, from the beginning: any number, and NaN."""

    def close(self) -> None:
        """Give the video back."""


class OpenCvCapture(Closing):
    """A video that OpenCV has opened; a context manager."""

    def __init__(self, cv2: Any, address: str, options: str, settings: list[int]) -> None:
        """Open `address` with options of FFmpeg and settings of OpenCV.

        Raises SceneError where there is no video.
        """
        self._cv2 = cv2
        with _OPENING:
            before = os.environ.get(ENVIRONMENT)
            os.environ[ENVIRONMENT] = options
            try:
                self._video = cv2.VideoCapture(address, cv2.CAP_FFMPEG, settings)
            except cv2.error as error:
                raise SceneError("OpenCV cannot open it.", seen=f"{error}.") from error
            finally:
                if before is None:
                    del os.environ[ENVIRONMENT]
                else:
                    os.environ[ENVIRONMENT] = before
        if not self._video.isOpened():
            raise SceneError("OpenCV cannot open it.")
        self.fps = float(self._video.get(cv2.CAP_PROP_FPS))
        self.count = float(self._video.get(cv2.CAP_PROP_FRAME_COUNT))

    def read(self) -> Pixels | None:
        """Wait for the next picture; None where there is none."""
        try:
            is_there, pixels = self._video.read()
        except self._cv2.error:
            return None
        return pixels if is_there else None

    def position_s(self) -> float:
        """Give the time of the picture last read."""
        return float(self._video.get(self._cv2.CAP_PROP_POS_MSEC)) / 1000

    def close(self) -> None:
        """Give the video back."""
        self._video.release()


def open_video_file(path: Path) -> OpenCvCapture:
    """Open a video file.

    Raises SceneError where it is no regular file, of no known container or damaged; EngineError
    where OpenCV is not installed.
    """
    if check_file(path, "video", SceneError) == 0:
        raise SceneError(f"video {path} is empty.", seen="It has 0 bytes.")
    try:
        with path.open("rb") as file:
            first = file.read(FIRST_BYTES)
    except OSError as error:
        raise SceneError(f"video {path} cannot be read.", seen=f"{error.strerror}.") from error
    rule = "Accepted: MP4, MOV, AVI, Matroska, WebM, MPEG program and transport streams."
    if not any(form.match(first) for form in CONTAINERS):
        raise SceneError(
            f"{path} is no video that can be read.",
            seen=f"Its first bytes are {first[:12]!r}.",
            rule=rule,
        )
    try:
        # An absolute path cannot be taken for an address or a numbered row of pictures.
        return OpenCvCapture(_opencv(), str(path.absolute()), FILE_OPTIONS, [])
    except SceneError as error:
        raise SceneError(
            f"video {path} cannot be read.", seen="OpenCV finds no pictures in it.", rule=rule
        ) from error


def open_camera(address: str, timeout_s: float) -> OpenCvCapture:
    """Open a camera at an rtsp:// or rtsps:// address, over TCP.

    Opening, and waiting for a picture, end after `timeout_s`. Raises SceneError where there is no
    camera, EngineError where OpenCV is not installed.
    """
    cv2 = _opencv()
    timeout_ms = int(timeout_s * 1000)
    settings = [
        cv2.CAP_PROP_OPEN_TIMEOUT_MSEC, timeout_ms, cv2.CAP_PROP_READ_TIMEOUT_MSEC, timeout_ms,
    ]  # fmt: skip
    try:
        return OpenCvCapture(cv2, address, CAMERA_OPTIONS, settings)
    except SceneError as error:
        raise SceneError(
            f"camera {public_address(address)} cannot be opened.",
            rule=f"It must answer by RTSP over TCP within {timeout_s:g} s.",
            fix="Check the address, the password and the network.",
        ) from error


def is_camera(source: str) -> bool:
    """Tell whether a source is the address of a camera."""
    return source.lower().startswith(("rtsp://", "rtsps://"))


def public_address(address: str) -> str:
    """Give an address without what must not be shown: user, password, and query."""
    try:
        parts = urlsplit(address)
        host = parts.hostname or ""
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        return "rtsp://"
    return f"{parts.scheme}://{host}{port}{parts.path}"


def _opencv() -> Any:
    """Import OpenCV, which is large and not needed for images."""
    try:
        import cv2
    except ImportError as error:
        raise EngineError(
            "video needs OpenCV, which is not installed here.",
            seen=f"{error}.",
            fix="Install it with: pip install 'edgers[video]'",
        ) from error
    return cv2
