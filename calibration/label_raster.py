"""A label raster, read window by window in the words of the judging."""

from pathlib import Path

import numpy as np
import numpy.typing as npt
from rasterio.enums import MaskFlags
from rasterio.errors import RasterioError
from rasterio.windows import Window

from edgers.calibration.labels import LabelScheme
from edgers.calibration.metrics.segmentation import NOTHING
from edgers.calibration.on_grid import open_on_grid
from edgers.closing import Closing
from edgers.errors import SceneError
from edgers.scene.place import Place

CHECKED_PX = 1024
"""Side of the windows that are checked: files of one block as large as the image exist."""


class LabelRaster(Closing):
    """The truth of one scene; a context manager."""

    def __init__(self, path: Path, scheme: LabelScheme, place: Place) -> None:
        """Open a raster that lies on the grid `place`, that of the scene's class map.

        Raises SceneError where it cannot be read, has several bands or lies on another grid.
        """
        self._path, self._scheme = path, scheme
        self._dataset = open_on_grid(path, place)
        try:
            if self._dataset.count != 1:
                raise SceneError(
                    f"label raster {path} has {self._dataset.count} bands.",
                    rule="It has one: a whole number a pixel.",
                )
            flags = self._dataset.mask_flag_enums[0]
            self._has_mask = MaskFlags.per_dataset in flags
        except BaseException:
            self._dataset.close()
            raise

    def close(self) -> None:
        """Close the file."""
        self._dataset.close()

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return int(self._dataset.height), int(self._dataset.width)

    def check(self) -> None:
        """Read all of it; raises SceneError as `read` does, and where there is no truth in it."""
        height, width = self.shape
        has_truth = [
            bool((self.read(row, column, *size) != NOTHING).any())
            for row in range(0, height, CHECKED_PX)
            for column in range(0, width, CHECKED_PX)
            for size in [(min(CHECKED_PX, height - row), min(CHECKED_PX, width - column))]
        ]
        if not any(has_truth):
            raise SceneError(
                f"label raster {self._path} has no truth in it.",
                seen="All its pixels are nodata or ignored.",
            )

    def read(self, row: int, column: int, height: int, width: int) -> npt.NDArray[np.int16]:
        """Read the positions of groups of one window; `NOTHING` where there is no truth.

        Raises SceneError where the file is damaged, or has a value that means nothing.
        """
        window = Window(column, row, width, height)
        try:
            values = self._dataset.read(1, window=window)
            masked = self._dataset.read_masks(1, window=window) == 0 if self._has_mask else False
        except RasterioError as error:
            raise SceneError(f"{self._path} is damaged.", seen=f"{error}.") from error
        scheme, nodata = self._scheme, self._dataset.nodata
        found = np.full(values.shape, NOTHING, np.int16)
        is_known = ~np.isfinite(values) | masked
        for value, position in scheme.positions.items():
            if nodata is not None and value == nodata and value not in scheme.named:
                continue
            here = (values == value) & ~is_known
            found[here] = position
            is_known |= here
        if nodata is not None:
            is_known |= values == nodata
        if not is_known.all():
            raise self._stranger(values[~is_known])
        return found

    def _stranger(self, values: npt.NDArray[np.generic]) -> SceneError:
        value = values.flat[0]
        text = f"{float(value):g}"
        listed = (
            f"{known}={self._scheme.names[position] if position != NOTHING else 'ignore'}"
            for known, position in sorted(self._scheme.positions.items())
        )
        return SceneError(
            f"label raster {self._path} has a value that means nothing: {text}.",
            rule=f"Known are {', '.join(listed)}, and the raster's nodata.",
            fix=f"Say what it means with --label {text}=CLASS, or --label {text}=ignore.",
        )
