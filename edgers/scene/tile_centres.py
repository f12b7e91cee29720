"""The middles of a raster's tiles as a table of points."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from edgers.errors import SceneError
from edgers.scene.bands import SceneBand
from edgers.scene.open import open_raster
from edgers.scene.place import place_of
from edgers.scene.table import TablePiece, column_bands
from edgers.tiling.axis_tiles import AxisPlan

PlanTiles = Callable[[int, int], tuple[AxisPlan, AxisPlan]]
"""Cuts rows and columns, of a height and width in pixels, into tiles."""
Floats = npt.NDArray[np.float64]

HEADINGS = ("tile", "row_px", "column_px", "height_px", "width_px", "lon", "lat")


class TileCentres:
    """One raster, cut into tiles; of its samples nothing is read."""

    nodata: float | None = None
    """A point is there or not."""

    def __init__(self, path: Path, tiles: PlanTiles) -> None:
        """Open the raster and cut it; raises SceneError where it lies nowhere on Earth."""
        with open_raster(path) as dataset:
            self._place = place_of(dataset)
        if self._place.kind == "none":
            raise SceneError(
                f"scene {path.name} has no place on Earth.",
                rule="The model takes longitude and latitude.",
                fix="Give a scene with a CRS, or a table of points.",
            )
        self.files = (path,)
        self._down, self._across = tiles(self._place.height_px, self._place.width_px)
        self.headings = HEADINGS
        self.bands: tuple[SceneBand, ...] = column_bands(HEADINGS)
        self.rows = len(self._down.tiles) * len(self._across.tiles)

    def pieces(
        self, numbers: Sequence[int], texts: Sequence[int], rows: int
    ) -> Iterator[TablePiece]:
        """Give some columns, `rows` rows at a time."""
        for start in range(0, self.rows, rows):
            at = np.arange(start, min(start + rows, self.rows))
            down, across = np.divmod(at, len(self._across.tiles))
            row, height = _spans(self._down, down)
            column, width = _spans(self._across, across)
            lon, lat = self._place.lonlat(column + width / 2, row + height / 2)
            lon = (lon + 180) % 360 - 180
            names = [f"{i}_{j}" for i, j in zip(down, across, strict=True)]
            whole = [[str(int(one)) for one in side] for side in (row, column, height, width)]
            degrees = [["" if np.isnan(one) else repr(float(one)) for one in side]
                       for side in (lon, lat)]  # fmt: skip
            cells = [names, *whole, *degrees]
            known = np.stack([np.full(len(at), np.nan), row, column, height, width, lon, lat])
            yield TablePiece(
                start=start, numbers=known[list(numbers)].T, texts=[cells[i] for i in texts]
            )


def _spans(axis: AxisPlan, at: npt.NDArray[np.intp]) -> tuple[Floats, Floats]:
    """Give start and length of tiles, as far as the scene goes."""
    starts = np.array([float(one.window_start) for one in axis.tiles])[at]
    stops = np.array([float(min(one.window_stop, axis.size_px)) for one in axis.tiles])[at]
    return starts, stops - starts
