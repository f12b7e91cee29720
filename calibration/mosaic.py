"""A scene as a small picture, put together from the windows that were looked at."""

import itertools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from edgers.calibration.candidates import TileWindow
from edgers.contract import ModelInput
from edgers.pipeline.tile_work import preview_bands
from edgers.products.quicklook import EMPTY, stretch_of, stretched
from edgers.scene.scene import Scene

Bytes = npt.NDArray[np.uint8]
Stretch = tuple[float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class ScenePicture:
    """A small picture of a scene."""

    image: Bytes
    """Colours, (height, width, 3); nodata in grey."""
    scale: float
    """Pixels of the picture to one of the scene."""
    bands: tuple[int, ...]
    """Positions of the bands that are shown."""
    stretches: tuple[Stretch, ...]
    """Samples that are black and white, for red, green and blue."""

    def window(self, scene: Scene, at: TileWindow) -> Bytes:
        """Give a window in its own pixels, (height, width, 3), in the colours of the picture."""
        seen = scene.read(at.row, at.column, at.height, at.width)
        samples = seen.main.samples[list(self.bands)]
        return _coloured(samples, seen.nodata, self.stretches)


def scene_picture(
    scene: Scene, source: ModelInput, windows: Sequence[TileWindow], longest_px: int,
    tell: Callable[[], None],
) -> ScenePicture:  # fmt: skip
    """Draw a scene of windows that are in order of rows; `tell` is called after each.

    Where windows were left out between them, each is drawn as large as its share of the scene. A
    small scene is enlarged, by a whole number.
    """
    longest = max(scene.height_px, scene.width_px)
    scale = float(longest_px // longest) if longest <= longest_px else longest_px / longest
    height, width = (max(1, math.floor(s * scale)) for s in (scene.height_px, scene.width_px))
    bands = preview_bands(source, scene.first.bands)
    samples = np.zeros((len(bands), height, width), np.float32)
    nodata = np.ones((height, width), np.bool_)
    rows = _cells([at.row for at in windows], scene.height_px)
    columns = _cells([at.column for at in windows], scene.width_px)
    for at in windows:
        seen = scene.read(at.row, at.column, at.height, at.width)
        down, from_rows = _lines(rows[at.row], at.height, scale, height)
        across, from_columns = _lines(columns[at.column], at.width, scale, width)
        shown = seen.main.samples[list(bands)][:, from_rows][:, :, from_columns]
        samples[:, down, across] = shown
        nodata[down, across] = seen.nodata[from_rows][:, from_columns]
        tell()
    stretches = tuple(_stretch(samples[min(i, len(bands) - 1)], nodata) for i in range(3))
    image = _coloured(samples, nodata, stretches)
    return ScenePicture(image=image, scale=scale, bands=bands, stretches=stretches)


def _cells(starts: Sequence[int], size_px: int) -> dict[int, tuple[int, int]]:
    """Give the part of an axis that each window stands for, by where the window begins."""
    begins = sorted(set(starts))
    # One window alone stands for all.
    ends = [*begins, size_px] if len(begins) > 1 else [0, size_px]
    return dict(zip(begins, itertools.pairwise(ends), strict=True))


def _lines(
    cell: tuple[int, int], window_px: int, scale: float, size_px: int
) -> tuple[slice, npt.NDArray[np.intp]]:
    """Give where a window is drawn along an axis, and which of its lines are shown there."""
    begin = min(size_px, math.ceil(cell[0] * scale))
    end = max(begin, min(size_px, math.ceil(cell[1] * scale)))
    places = (np.arange(begin, end) + 0.5) / scale - cell[0]
    # A window with neighbours beside it is cut off at them; one with gaps is stretched over them.
    stretch = min(1.0, window_px / max(1, cell[1] - cell[0]))
    lines = np.clip((places * stretch).astype(np.intp), 0, window_px - 1)
    return slice(begin, end), lines


def _stretch(band: npt.NDArray[np.float32], nodata: npt.NDArray[np.bool_]) -> Stretch:
    seen = band[np.isfinite(band) & ~nodata]
    return stretch_of(seen) if seen.size else (0.0, 1.0)


def _coloured(
    samples: npt.NDArray[np.generic], nodata: npt.NDArray[np.bool_], stretches: Sequence[Stretch]
) -> Bytes:
    """Give bands as colours, (height, width, 3); one band alone in grey."""
    shown = [samples[min(i, len(samples) - 1)] for i in range(3)]
    layers = [stretched(band, ends) for band, ends in zip(shown, stretches, strict=True)]
    image = np.stack(layers, axis=-1)
    image[nodata] = EMPTY
    return image
