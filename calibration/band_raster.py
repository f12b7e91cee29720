"""Rasters of numbers, read window by window: a product, or the truth on its grid."""

from collections.abc import Collection, Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
from rasterio.errors import RasterioError
from rasterio.io import DatasetReader
from rasterio.windows import Window

from edgers.calibration.on_grid import open_on_grid
from edgers.closing import Closing
from edgers.errors import SceneError
from edgers.scene.open import open_raster
from edgers.scene.place import Place, place_of

MOST_SAMPLES = 4_000_000
"""Numbers of a window: 32 MB."""

LARGEST = float(np.finfo(np.float32).max)
"""Products are in single precision: nothing larger can be held against them."""

Reals = npt.NDArray[np.float64]


class BandRaster(Closing):
    """A raster of numbers; a context manager."""

    def __init__(self, dataset: DatasetReader, path: Path) -> None:
        """Take over a raster that is open."""
        self._dataset, self._path = dataset, path

    def close(self) -> None:
        """Close the file."""
        self._dataset.close()

    @property
    def place(self) -> Place:
        """Where the pixels lie."""
        return place_of(self._dataset)

    @property
    def bands(self) -> int:
        """Bands."""
        return int(self._dataset.count)

    @property
    def names(self) -> tuple[str, ...]:
        """What the bands are called."""
        stated = self._dataset.descriptions
        return tuple(name or f"band {i}" for i, name in enumerate(stated, 1))

    @property
    def units(self) -> tuple[str, ...]:
        """Units of the bands."""
        return tuple(unit or "" for unit in self._dataset.units)

    def windows(self) -> Iterator[Window]:
        """Give windows that cover it, one after the other, each of little memory."""
        for _, block in self._dataset.block_windows(1):
            step = max(1, MOST_SAMPLES // (self.bands * block.width))
            for row in range(0, block.height, step):
                height = min(step, block.height - row)
                yield Window(block.col_off, block.row_off + row, block.width, height)

    def read(self, window: Window) -> Reals:
        """Read numbers, (band, height, width), scaled as the file says; NaN where there are none.

        Raises SceneError where the file is damaged.
        """
        try:
            found: Reals = self._dataset.read(window=window).astype(np.float64)
            found[self._dataset.read_masks(window=window) == 0] = np.nan
        except RasterioError as error:
            raise SceneError(f"{self._path} is damaged.", seen=f"{error}.") from error
        scales, offsets = (
            np.array(one)[:, np.newaxis, np.newaxis]
            for one in (self._dataset.scales, self._dataset.offsets)
        )
        found *= scales
        found += offsets
        # What stands for nodata and is not marked as such is often the least number there is.
        with np.errstate(invalid="ignore"):
            found[np.abs(found) > LARGEST] = np.nan
        return found

    def check(self) -> None:
        """Read all of it; raises SceneError where there is no number in it."""
        if not any(np.isfinite(self.read(window)).any() for window in self.windows()):
            raise SceneError(
                f"label raster {self._path} has no truth in it.", seen="All its pixels are nodata."
            )


def band_raster(path: Path) -> BandRaster:
    """Open a product."""
    return BandRaster(open_raster(path), path)


def band_label(path: Path, place: Place, counts: Collection[int], bands: str) -> BandRaster:
    """Open a truth that lies on the grid `place` and has so many bands; none: any number.

    `bands` say what they are. Raises SceneError where it does not.
    """
    dataset = open_on_grid(path, place)
    if counts and dataset.count not in counts:
        dataset.close()
        raise SceneError(
            f"label raster {path} has {dataset.count} bands.",
            rule=f"It has one for each of: {bands}.",
        )
    return BandRaster(dataset, path)
