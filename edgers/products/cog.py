"""Cloud-optimized GeoTIFFs, written block by block as results arrive.

Blocks go to a plain tiled GeoTIFF in the staging folder; at the end GDAL makes the COG of it, with
overviews. Neither step holds more than GDAL's block cache in memory.
"""

import contextlib
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import rasterio
import rasterio.shutil
from affine import Affine
from rasterio.control import GroundControlPoint
from rasterio.crs import CRS
from rasterio.enums import ColorInterp
from rasterio.errors import NotGeoreferencedWarning, RasterioError
from rasterio.windows import Window

from edgers.contract import ModelClass
from edgers.errors import OutputError

BLOCK_PX = 256
"""Block side of products; overviews are made down to one block."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProductGrid:
    """Size and place of a product."""

    height_px: int
    """Rows."""
    width_px: int
    """Columns."""
    crs: CRS | None
    """Coordinate reference system, or None."""
    transform: Affine
    """Affine from pixel corners (column, row) to CRS coordinates."""
    gcps: tuple[list[GroundControlPoint], CRS | None]
    """Ground control points and their CRS, for scenes in sensor geometry."""


class CogWriter:
    """One raster product in the making."""

    def __init__(
        self,
        path: Path,
        grid: ProductGrid,
        *,
        count: int,
        data_type: str,
        nodata: float,
        continuous: bool,
    ) -> None:
        """Begin a product of `count` bands; `continuous` values are averaged in overviews."""
        self._path = path
        self._draft = path.with_suffix(".draft.tif")
        self._continuous = continuous
        with _DiskErrors(path), warnings.catch_warnings():
            warnings.simplefilter("ignore", NotGeoreferencedWarning)
            self._dataset = rasterio.open(
                self._draft, "w", driver="GTiff", count=count, dtype=data_type, nodata=nodata,
                height=grid.height_px, width=grid.width_px, crs=grid.crs, tiled=True,
                blockxsize=BLOCK_PX, blockysize=BLOCK_PX, bigtiff="IF_SAFER", interleave="pixel",
                **({} if grid.transform.is_identity else {"transform": grid.transform}),
            )  # fmt: skip
            if grid.gcps[0]:
                self._dataset.gcps = grid.gcps

    def write(self, block: npt.NDArray[np.generic], row: int, column: int) -> None:
        """Write a block, (band, height, width), with its first pixel at `row`, `column`."""
        window = Window(column, row, block.shape[2], block.shape[1])
        with _DiskErrors(self._path):
            self._dataset.write(block, window=window)

    def describe(
        self, names: list[str], tags: Mapping[str, str], classes: tuple[ModelClass, ...] = ()
    ) -> None:
        """Name the bands, tag the file and, for a class map, give it its colours."""
        self._dataset.descriptions = names
        self._dataset.update_tags(**tags)
        if classes:
            colours = {c.value: (*bytes.fromhex(c.colour), 255) for c in classes}
            self._dataset.write_colormap(1, colours)
            self._dataset.update_tags(1, **{f"CLASS_{c.value}": c.name for c in classes})
        elif len(names) > 1:
            self._dataset.colorinterp = [ColorInterp.undefined] * len(names)

    def finish(self) -> None:
        """Make the COG; raises OutputError where the disk is full or fails."""
        with _DiskErrors(self._path), warnings.catch_warnings():
            warnings.simplefilter("ignore", NotGeoreferencedWarning)
            self._dataset.close()
            rasterio.shutil.copy(
                self._draft, self._path, driver="COG", compress="DEFLATE", blocksize=BLOCK_PX,
                predictor="YES" if self._continuous else "NO", bigtiff="IF_SAFER",
                overview_resampling="AVERAGE" if self._continuous else "MODE",
            )  # fmt: skip
            self._draft.unlink()

    def close(self) -> None:
        """Let go of the draft, whole or not; safe to call twice."""
        with contextlib.suppress(RasterioError):
            self._dataset.close()


class _DiskErrors:
    """Tell GDAL's and the disk's failures apart from ours."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, (RasterioError, OSError)):
            raise OutputError(
                f"product {self._path.name} cannot be written.",
                seen=f"{error}.",
                fix="Check the space left on the output disk.",
            ) from error
