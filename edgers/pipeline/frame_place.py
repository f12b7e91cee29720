"""Where the products of a frame lie, and how much ground is under what they show."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import rasterio
from rasterio.windows import Window

from edgers.contract import ModelInput
from edgers.errors import SceneError
from edgers.pipeline.frame_work import product_place
from edgers.scene.footprint import View
from edgers.scene.frame import FrameScene
from edgers.scene.geometry import gsd_m, row_areas_m2
from edgers.scene.open import environment
from edgers.scene.outline import outline
from edgers.scene.place import Place
from edgers.scene.pose import Fix, Pose, fix_from_pose
from edgers.tiling.grid import Grid

ROWS_AT_ONCE = 128
"""Rows whose pixel areas are held at a time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FramePlace:
    """How a frame is placed."""

    fix: Fix
    """How far it is placed, and the camera's position."""
    place: Place
    """Where its pixels lie; nowhere, where it is not placed."""
    gsd_m: float | None
    """Ground sample distance in the middle, m; None where it is not known."""

    @property
    def footprint(self) -> dict[str, object] | None:
        """The outline on the ground as a GeoJSON geometry; None where it is not known."""
        found = outline(self.place)
        return None if found is None else found.geometry()

    def areas_m2(
        self, product: Path, layers: Sequence[tuple[int, int]], grid: Grid
    ) -> tuple[float, ...] | None:
        """Give the ground under the pixels of a product that have a value in a band, m².

        `layers` are bands, from 1, and values. None where it is not known.
        """
        if self.gsd_m is None:
            return None
        total = np.zeros(len(layers))
        with environment(), rasterio.open(product) as dataset:
            for row, areas in self._pixel_areas(grid):
                window = Window(0, row, dataset.width, len(areas))
                for i, (band, value) in enumerate(layers):
                    total[i] += (areas * (dataset.read(band, window=window) == value)).sum()
        return tuple(total.tolist()) if np.isfinite(total).all() else None

    def _pixel_areas(self, grid: Grid) -> Iterator[tuple[int, npt.NDArray[np.float64]]]:
        """Give the first row and the pixel areas, (row, column or 1), of one block after another.

        In a frame that is seen aslant they differ from column to column.
        """
        place = product_place(self.place, grid)
        height, width = grid.output_shape
        for row in range(0, height, ROWS_AT_ONCE):
            rows = min(ROWS_AT_ONCE, height - row)
            if self.fix.view is not None:
                yield row, _areas_in_view(self.fix.view, grid, row, rows)
                continue
            areas = row_areas_m2(place, row, 0, rows, width)
            if areas is None:
                return
            yield row, areas[:, np.newaxis]


def _areas_in_view(view: View, grid: Grid, row: int, count: int) -> npt.NDArray[np.float64]:
    """Give the areas of product pixels, (row, column), m²."""
    rows, columns = (
        float(axis.origin_px) + np.arange(begin + 0.5, begin + size) * float(axis.stride)
        for axis, begin, size in ((grid.rows, row, count), (grid.columns, 0, grid.output_shape[1]))
    )
    pixel = float(grid.rows.stride) * float(grid.columns.stride)
    return pixel * view.pixel_areas_m2(columns[np.newaxis], rows[:, np.newaxis])


def place_frame(scene: FrameScene, pose: Pose, source: ModelInput, name: str) -> FramePlace:
    """Place a frame: by its file's own georeference, else by its pose as far as that is believed.

    Raises SceneError where its ground sample distance is known and not the model's.
    """
    place = scene.place
    if place.kind != "none":
        # `Raster` has seen to the ground sample distance of a file that states it.
        return FramePlace(fix=Fix(geo="file"), place=place, gsd_m=gsd_m(place))
    fix = fix_from_pose(pose, scene.height_px, scene.width_px)
    if fix.view is None:
        return FramePlace(fix=fix, place=place, gsd_m=None)
    _check_gsd(source, fix.view.gsd_m, name)
    return FramePlace(fix=fix, place=fix.view.place, gsd_m=fix.view.gsd_m)


def _check_gsd(source: ModelInput, found: float, name: str) -> None:
    """Refuse a frame taken from too high or too low; frames are not resampled."""
    if source.gsd_m is None:
        return
    low, high = (source.gsd_m * (1 + sign * source.gsd_tolerance) for sign in (-1, 1))
    if not low <= found <= high:
        raise SceneError(
            f"frame {name} has another ground sample distance than the model was made for.",
            seen=f"By its pose its pixels are {found:.3g} m wide.",
            rule=f"The contract takes {low:.3g} m to {high:.3g} m.",
        )
