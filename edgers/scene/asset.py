"""One raster file of a scene, read on the scene's grid."""

import math
import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import rasterio
from rasterio._err import CPLE_BaseError  # has no public name
from rasterio.enums import MaskFlags, Resampling
from rasterio.errors import RasterioError
from rasterio.io import DatasetReader
from rasterio.vrt import WarpedVRT
from rasterio.windows import Window

from edgers.closing import Closing
from edgers.errors import SceneError
from edgers.scene.bands import SceneBand, bands_of
from edgers.scene.geometry import SEMI_MAJOR_M, check_crs, gsd_m
from edgers.scene.lonlat import unit_vectors
from edgers.scene.open import open_raster
from edgers.scene.place import Place, counted_from_middle, place_of
from edgers.scene.swath_view import swath_view

Bools = npt.NDArray[np.bool_]

SAME_GRID_PX = 1e-3
"""Largest distance, in pixels, at which two grids of one size still count as one."""

SAME_SWATH_PX = 0.1
"""The same for grids in sensor geometry, on the ground: a fraction of what their points are off."""

AMPLITUDE_TYPE = "float32"
"""Type that complex samples are given in, as their amplitude."""

AMPLITUDES_AT_ONCE = 2**20
"""Complex samples held at a time: 16 MiB of the widest."""

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
            self.place = place_of(self._file)
            check_crs(self.place, path.name)
        except BaseException:
            self._file.close()
            raise
        self._dataset: DatasetReader | WarpedVRT = self._file
        self.gsd_m = gsd_m(self.place)
        file = "" if is_only else path.name
        bands = [
            replace(
                band, asset=position, file=file, gsd_m=self.gsd_m,
                data_type=AMPLITUDE_TYPE if is_complex(band.data_type) else band.data_type,
            )
            for band in self._stored_bands()
        ]  # fmt: skip
        if len(bands) == 1 and not bands[0].name and (match := NAME_IN_FILE.search(path.stem)):
            bands = [replace(bands[0], name=match.group(1).upper().removeprefix("SR_"))]
        self.bands = tuple(bands)
        self._learn_masks()

    def _stored_bands(self) -> tuple[SceneBand, ...]:
        """List the bands; raises SceneError where GDAL meets damage only now."""
        try:
            return bands_of(self._file)
        # Broken XMP, and words of GDAL's that are no text.
        except (CPLE_BaseError, UnicodeError) as error:
            self._file.close()
            raise SceneError(
                f"scene {self.path} is damaged.",
                seen=f"{str(error).rstrip('.')}.",
                fix="Copy or download the file again.",
            ) from error

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
        here, there = self.place, other.place
        if is_same_grid(here, there):
            return
        if there.kind != "map" or here.kind == "none":
            raise SceneError(
                f"{self.path.name} and {other.path.name} cannot be put onto one grid.",
                seen="They differ in size or place, and "
                + ("the second lies in sensor geometry." if here.kind == there.kind != "none"
                   else "at least one has no CRS."),
                rule="Files of one scene have one grid, or lead to the grid of one that has a CRS.",
            )  # fmt: skip
        if any(map(is_complex, self._file.dtypes)):
            raise SceneError(
                f"{self.path.name} cannot be put onto the grid of {other.path.name}.",
                seen="Its samples are complex.",
                rule="Complex samples lose their amplitude where they are resampled.",
                fix="Write its amplitude as a band first.",
            )
        self._dataset = self._view(there, resampling)
        self._learn_masks()

    def _view(self, there: Place, resampling: str) -> DatasetReader | WarpedVRT:
        """Give a view of the file on a map grid."""
        has_no_nodata = self._file.nodata is None
        if self.place.kind == "map":
            here = counted_from_middle(self.place)
            return WarpedVRT(
                self._file,
                src_crs=here.crs,
                src_transform=here.transform,
                crs=there.crs,
                transform=there.transform,
                width=there.width_px,
                height=there.height_px,
                resampling=Resampling[resampling],
                add_alpha=has_no_nodata,
                tolerance=TOLERANCE_PX,
            )
        scale = (self.gsd_m or 1.0) / (gsd_m(there) or 1.0)
        text = swath_view(
            self._file, self.place, there, resampling, scale=scale, tells_alpha=has_no_nodata
        )
        return rasterio.open(text, driver="VRT")

    def _learn_masks(self) -> None:
        """Keep what tells missing samples apart: asking for it walks through all bands."""
        values = self._dataset.nodatavals
        self._nodata = {
            band.index: representable(values[band.index - 1], band.data_type) for band in self.bands
        }
        self._masks = _shared_masks(self._dataset)

    def read(
        self, bands: Sequence[SceneBand], window: Window, samples: npt.NDArray[np.generic],
        missing: Bools,
    ) -> None:  # fmt: skip
        """Read bands of this file into `samples`, and say in `missing` which are missing.

        Both are (band, height, width), and the first of a type that holds the file's. Raises
        SceneError where the file is damaged there.
        """
        try:
            if is_complex(self._dataset.dtypes[0]):
                self._read_amplitudes(bands, window, samples, missing)
            else:
                self._dataset.read([band.index for band in bands], window=window, out=samples)
                self._find_missing(samples, bands, missing)
            for mask in self._masks:
                valid = (
                    self._dataset.read(mask, window=window)
                    if mask
                    else self._dataset.read_masks(bands[0].index, window=window)
                )
                missing |= valid == 0
        except (RasterioError, ValueError, MemoryError) as error:
            top, left = int(window.row_off), int(window.col_off)
            raise SceneError(
                f"scene {self.path} cannot be read at rows {top} to {top + int(window.height)}, "
                f"columns {left} to {left + int(window.width)}.",
                seen=str(error.__cause__ or error).rstrip(".") + ".",
                rule="Every block of the file must be whole.",
                fix="Copy or download the file again.",
            ) from error

    def _find_missing(
        self, samples: npt.NDArray[np.generic], bands: Sequence[SceneBand], missing: Bools
    ) -> None:
        """Tell which samples, (band, height, width), are no measurement, by value and NaN."""
        if np.issubdtype(samples.dtype, np.inexact):
            np.logical_not(np.isfinite(samples), out=missing)
        else:
            missing[...] = False
        for plane, gone, band in zip(samples, missing, bands, strict=True):
            if (value := self._nodata[band.index]) is not None:
                gone |= plane == value

    def _read_amplitudes(
        self, bands: Sequence[SceneBand], window: Window, samples: npt.NDArray[np.generic],
        missing: Bools,
    ) -> None:  # fmt: skip
        """Read complex samples as their amplitude; nodata v is v + 0i.

        Some rows at a time: a complex sample takes up to four times the bytes of its amplitude.
        """
        height, width = int(window.height), int(window.width)
        step = max(1, AMPLITUDES_AT_ONCE // max(1, width))
        for top in range(0, height, step):
            rows = slice(top, min(top + step, height))
            strip = Window(window.col_off, window.row_off + top, width, rows.stop - top)
            for i, band in enumerate(bands):
                one = self._dataset.read([band.index], window=strip)
                # A part near the limit of its type has no finite amplitude: it counts as missing.
                with np.errstate(over="ignore", invalid="ignore"):
                    samples[i, rows] = np.abs(one[0])
                gone = missing[i : i + 1, rows]
                self._find_missing(one, [band], gone)
                gone |= ~np.isfinite(samples[i : i + 1, rows])


def is_complex(data_type: str) -> bool:
    """Tell whether samples have two parts."""
    return data_type.startswith("complex")


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


def is_same_grid(one: Place, other: Place) -> bool:
    """Tell whether two files have the same pixels."""
    if one.shape != other.shape or one.kind != other.kind or one.crs != other.crs:
        return False
    height, width = one.shape
    corners = ((0, 0), (width, 0), (0, height))
    if one.kind in ("map", "none"):
        between = ~one.transform @ other.transform
        return all(math.dist(between @ corner, corner) < SAME_GRID_PX for corner in corners)
    columns, rows = np.array([*corners, (width, height)], float).T
    here, there = (unit_vectors(*place.lonlat(columns, rows)) for place in (one, other))
    away_m = np.linalg.norm(here - there, axis=-1) * SEMI_MAJOR_M
    return bool((away_m < SAME_SWATH_PX * (gsd_m(one) or 0)).all())


def representable(nodata: float | None, data_type: str) -> np.generic | None:
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
