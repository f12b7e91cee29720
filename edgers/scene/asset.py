"""One raster file of a scene, read on the scene's grid."""

import math
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
from rasterio.enums import MaskFlags, Resampling
from rasterio.errors import RasterioError
from rasterio.io import DatasetReader
from rasterio.vrt import WarpedVRT
from rasterio.windows import Window

from edgers.closing import Closing
from edgers.errors import SceneError
from edgers.scene.bands import SceneBand, bands_of
from edgers.scene.geometry import check_crs, gsd_m
from edgers.scene.open import open_raster

Bools = npt.NDArray[np.bool_]

SAME_GRID_PX = 1e-3
"""Largest distance, in pixels, at which two grids of one size still count as one."""

TOLERANCE_PX = 1e-6
"""Largest error of a resampling position, in pixels. GDAL's default of 0.125 takes the wrong pixel
now and then where grids curve against one another; it accepts no zero."""

NAME_IN_FILE = re.compile(r"(?:^|[_\-. ])((?:SR_)?B\d{1,2}A?|VV|VH|HH|HV)(?:_\d+m)?$", re.I)
"""Band at the end of a file name, as Sentinel and Landsat products have it: `…_B8A_20m`, `…_VV`."""


class Asset(Closing):
    """One file; a context manager."""

    def __init__(self, path: Path, position: int, *, is_only: bool = True) -> None:
        """Open the file as number `position` of its scene, which may have others.

        Raises SceneError where it cannot be read, or its CRS has no place on Earth.
        """
        self.path = path
        self.position = position
        self._file: DatasetReader = open_raster(path)
        try:
            check_crs(self._file, path.name)
        except BaseException:
            self._file.close()
            raise
        self._dataset: DatasetReader | WarpedVRT = self._file
        self.gsd_m = gsd_m(self._file)
        file = "" if is_only else path.name
        bands = [
            replace(band, asset=position, file=file, gsd_m=self.gsd_m)
            for band in bands_of(self._file)
        ]
        if len(bands) == 1 and not bands[0].name and (match := NAME_IN_FILE.search(path.stem)):
            bands = [replace(bands[0], name=match.group(1).upper().removeprefix("SR_"))]
        self.bands = tuple(bands)
        self._learn_masks()

    @property
    def dataset(self) -> DatasetReader | WarpedVRT:
        """The file, or its view on another grid."""
        return self._dataset

    def close(self) -> None:
        """Close the file."""
        self._dataset.close()
        self._file.close()

    def put_on(self, other: "Asset", resampling: str) -> None:
        """Read from now on in the pixels of `other`, resampled by GDAL.

        Raises SceneError where the two have no common place.
        """
        here, there = self._file, other._file
        if _is_same_grid(here, there):
            return
        if here.crs is None or there.crs is None:
            raise SceneError(
                f"{self.path.name} and {other.path.name} cannot be put onto one grid.",
                seen="They differ in size or place, and at least one has no CRS.",
                rule="Files of one scene have one grid, or each a CRS.",
            )
        self._dataset = WarpedVRT(
            here,
            crs=there.crs,
            transform=there.transform,
            width=there.width,
            height=there.height,
            resampling=Resampling[resampling],
            add_alpha=here.nodata is None,
            tolerance=TOLERANCE_PX,
        )
        self._learn_masks()

    def _learn_masks(self) -> None:
        """Keep what tells missing samples apart: asking for it walks through all bands."""
        values = self._dataset.nodatavals
        self._nodata = {
            band.index: _representable(values[band.index - 1], band.data_type)
            for band in self.bands
        }
        self._masks = _shared_masks(self._dataset)

    def read(self, bands: list[SceneBand], window: Window) -> tuple[npt.NDArray[np.generic], Bools]:
        """Read bands of this file, (band, height, width), and tell which samples are missing.

        Raises SceneError where the file is damaged there.
        """
        try:
            samples = self._dataset.read([band.index for band in bands], window=window)
            return samples, self._missing(samples, bands, window)
        except (RasterioError, ValueError, MemoryError) as error:
            top, left = int(window.row_off), int(window.col_off)
            raise SceneError(
                f"scene {self.path} cannot be read at rows {top} to {top + int(window.height)}, "
                f"columns {left} to {left + int(window.width)}.",
                seen=str(error.__cause__ or error).rstrip(".") + ".",
                rule="Every block of the file must be whole.",
                fix="Copy or download the file again.",
            ) from error

    def _missing(
        self, samples: npt.NDArray[np.generic], bands: list[SceneBand], window: Window
    ) -> Bools:
        """Tell which samples are no measurement, by value, NaN, mask and alpha."""
        missing = np.zeros(samples.shape, bool)
        if np.issubdtype(samples.dtype, np.floating):
            np.logical_not(np.isfinite(samples), out=missing)
        for plane, gone, band in zip(samples, missing, bands, strict=True):
            if (value := self._nodata[band.index]) is not None:
                gone |= plane == value
        for mask in self._masks:
            valid = (
                self._dataset.read(mask, window=window)
                if mask
                else self._dataset.read_masks(bands[0].index, window=window)
            )
            missing |= valid == 0
        return missing


def _shared_masks(dataset: DatasetReader | WarpedVRT) -> tuple[int, ...]:
    """Find masks that hold for all bands: alpha bands, else one dataset mask.

    A number above zero is an alpha band; 0 stands for the dataset mask.
    """
    colours = [colour.name for colour in dataset.colorinterp]
    if "alpha" in colours:
        return tuple(i + 1 for i, colour in enumerate(colours) if colour == "alpha")
    flags = dataset.mask_flag_enums
    is_shared = any(MaskFlags.per_dataset in one and MaskFlags.nodata not in one for one in flags)
    return (0,) if is_shared else ()


def _is_same_grid(one: DatasetReader, other: DatasetReader) -> bool:
    """Tell whether two files have the same pixels."""
    if one.shape != other.shape or one.crs != other.crs:
        return False
    between = ~one.transform @ other.transform
    corners = ((0, 0), (one.width, 0), (0, one.height))
    return all(math.dist(between @ corner, corner) < SAME_GRID_PX for corner in corners)


def _representable(nodata: float | None, data_type: str) -> np.generic | None:
    """Give a nodata value in the type of the samples; None where no sample can have it.

    NaN is left out too: it is found by not being finite.
    """
    if nodata is None or np.isnan(nodata):
        return None
    kind = np.dtype(data_type)
    if np.issubdtype(kind, np.integer):
        limits = np.iinfo(kind)
        if nodata != int(nodata) or not limits.min <= nodata <= limits.max:
            return None
    value: np.generic = kind.type(nodata)
    return value
