"""One frame of a stream, and its pixels as a scene that is read window by window."""

import hashlib
from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt
from affine import Affine

from edgers.closing import Closing
from edgers.contract import ModelInput
from edgers.errors import SceneError
from edgers.scene.bands import SceneBand, match_bands
from edgers.scene.frame_time import FrameTime
from edgers.scene.place import Place
from edgers.scene.pose import Pose
from edgers.scene.raster import Raster, SceneWindow

Pixels = npt.NDArray[np.uint8]

COLOURS = ("red", "green", "blue")
"""Bands of a video frame, in order."""

READ_BYTES = 2**20
"""Bytes of a file that are hashed at once."""

MAX_PIXELS = 400_000_000
"""Most pixels of a frame, whose class map is held in memory; the largest cameras have 150 million.
Larger pictures are scenes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FrameKey:
    """What tells a frame from all others, also in a later run."""

    source: str
    """Name of the file, or of the stream."""
    size_bytes: int | None
    """Size of the file; None for a stream."""
    mtime_ns: int | None
    """When the file was last written; None for a stream."""
    video_frame: int | None = None
    """Position in a video file, from 0."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """One frame as its source gives it."""

    number: int
    """Position in the stream, from 0; frames that are left out count."""
    key: FrameKey
    """What it is."""
    time: FrameTime
    """When it was taken."""
    received_s: float
    """When it was received, by `time.monotonic`."""
    pose: Pose
    """What is known of its camera."""
    path: Path | None = None
    """Image file, which is read when its turn comes; None for video."""
    pixels: Pixels | None = None
    """Pixels of a video frame, (height, width, 3), blue first as OpenCV has them."""
    is_backlog: bool = False
    """Whether it was there before the stream began, and is not dropped whatever comes."""

    def sha256(self) -> str:
        """Give the SHA-256 of its file, or of the pixels of a video frame.

        Raises SceneError where the file cannot be read.
        """
        digest = hashlib.sha256()
        if self.path is None:
            digest.update(b"" if self.pixels is None else np.ascontiguousarray(self.pixels).data)
            return digest.hexdigest()
        try:
            with self.path.open("rb") as file:
                while data := file.read(READ_BYTES):
                    digest.update(data)
        except OSError as error:
            raise SceneError(
                f"frame {self.key.source} cannot be read.", seen=f"{error.strerror}."
            ) from error
        return digest.hexdigest()

    def open(
        self, source: ModelInput, renamed: Mapping[str, str]
    ) -> "AbstractContextManager[FrameScene]":
        """Give its pixels as a scene; raises SceneError or BandError as `Raster` does."""
        if self.path is not None:
            return Raster(self.path, source, renamed)
        return PixelScene(self.pixels, source, renamed, self.key.source)


class FrameScene(Protocol):
    """What is asked of a frame's pixels; `Raster` has it."""

    @property
    def bands(self) -> tuple[SceneBand, ...]:
        """Bands in the model's order."""

    @property
    def is_scaled(self) -> bool:
        """Whether scale and offset tags must be applied."""

    @property
    def height_px(self) -> int:
        """Rows."""

    @property
    def width_px(self) -> int:
        """Columns."""

    @property
    def place(self) -> Place:
        """Where its pixels lie on Earth."""

    def read(self, row: int, column: int, height: int, width: int) -> SceneWindow:
        """Read one window."""


class PixelScene(Closing):
    """A frame of 8-bit colours in memory; a context manager."""

    is_scaled = False

    def __init__(
        self,
        pixels: Pixels | None,
        source: ModelInput,
        renamed: Mapping[str, str],
        name: str,
    ) -> None:
        """Match the bands of `pixels`, (height, width, 3), blue first.

        Raises SceneError where they are no such picture, BandError where the model needs others.
        """
        if pixels is None or pixels.ndim != 3 or pixels.shape[2] != 3 or not pixels.size:
            raise _fault(name, f"Its pixels are {'none' if pixels is None else pixels.shape}.")
        if pixels.dtype != np.uint8:
            raise _fault(name, f"Its samples are {pixels.dtype}.")
        self._pixels = pixels
        colours = [
            SceneBand(
                index=number, name="", common_name=colour, wavelength_um=None, data_type="uint8",
                unit="", scale=1.0, offset=0.0,
            )
            for number, colour in enumerate(COLOURS, 1)
        ]  # fmt: skip
        self.bands = match_bands(source.bands, colours, renamed, name)
        self._planes = [3 - band.index for band in self.bands]
        self.height_px, self.width_px = (int(size) for size in pixels.shape[:2])

    @property
    def place(self) -> Place:
        """A grid without a place."""
        return Place(
            height_px=self.height_px,
            width_px=self.width_px,
            crs=None,
            transform=Affine.identity(),
        )

    def read(self, row: int, column: int, height: int, width: int) -> SceneWindow:
        """Read one window; no sample of a video is missing."""
        window = self._pixels[row : row + height, column : column + width, self._planes]
        samples = np.ascontiguousarray(window.transpose(2, 0, 1))
        return SceneWindow(
            samples=samples,
            missing=np.zeros(samples.shape, bool),
            nodata=np.zeros(samples.shape[1:], bool),
        )

    def close(self) -> None:
        """Let go of the pixels."""
        self._pixels = self._pixels[:0]


def check_size(scene: FrameScene, name: str) -> None:
    """Raise SceneError where a picture is too large for a frame."""
    if scene.height_px * scene.width_px > MAX_PIXELS:
        raise SceneError(
            f"frame {name} is too large.",
            seen=f"It has {scene.width_px} × {scene.height_px} px.",
            rule=f"A frame has at most {MAX_PIXELS:.0e} px.",
            fix="Run it as a scene, with 'edgers run'.",
        )


def _fault(name: str, seen: str) -> SceneError:
    return SceneError(
        f"a frame of {name} cannot be used.",
        seen=seen,
        rule="A frame has rows, columns and three bands of 8 bits.",
    )
