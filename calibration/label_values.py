"""The values a label raster holds, window by window; what they mean does not matter here."""

from pathlib import Path

import numpy as np
import numpy.typing as npt
from rasterio.errors import RasterioError
from rasterio.windows import Window

from edgers.closing import Closing
from edgers.errors import BadInputError, SceneError
from edgers.scene.open import open_raster
from edgers.scene.scene import Scene

MOST_CLASSES = 256
"""Most values a label raster may hold: more are a measurement, not classes."""


class LabelValues(Closing):
    """The values of one label raster; a context manager."""

    def __init__(self, path: Path, scene: Scene) -> None:
        """Open `path`; raises BadInputError where it is no raster of the size of `scene`."""
        self._path = path
        self._seen: set[int] = set()
        try:
            self._dataset = open_raster(path)
        except SceneError as error:
            raise BadInputError(
                f"labels {path} cannot be read.", seen=error.seen or error.what
            ) from error
        found, wanted = self._dataset.shape, (scene.height_px, scene.width_px)
        if found != wanted:
            self.close()
            raise BadInputError(
                f"labels {path} do not lie on the grid of scene {scene.name}.",
                seen=f"They have {found[1]} × {found[0]} px, the scene {wanted[1]} × {wanted[0]}.",
                rule="A label raster has a value for each pixel of its scene.",
                fix="Resample it, by nearest neighbour.",
            )

    def close(self) -> None:
        """Close the file."""
        self._dataset.close()

    def values(self, row: int, column: int, height: int, width: int) -> frozenset[int]:
        """Give the values in a window; those below zero and nodata are no class.

        Raises BadInputError where the file is damaged there, or holds too many values.
        """
        try:
            read = self._dataset.read(1, window=Window(column, row, width, height), masked=True)
        except RasterioError as error:
            raise BadInputError(f"labels {self._path} cannot be read.", seen=f"{error}.") from error
        values: npt.NDArray[np.generic] = np.unique(read.compressed())
        found = frozenset(int(v) for v in values if np.isfinite(v) and v >= 0)
        self._seen |= found
        if len(self._seen) > MOST_CLASSES:
            raise BadInputError(
                f"labels {self._path} hold no classes.",
                seen=f"There are more than {MOST_CLASSES} values.",
                rule="A label raster holds one small number a class.",
            )
        return found
