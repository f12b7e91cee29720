"""A scene read window by window: samples as they are stored, and which of them are missing."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from affine import Affine
from rasterio.control import GroundControlPoint
from rasterio.crs import CRS
from rasterio.enums import MaskFlags
from rasterio.errors import RasterioError
from rasterio.io import DatasetReader
from rasterio.windows import Window

from edgers.closing import Closing
from edgers.contract import ModelInput
from edgers.errors import BandError, SceneError
from edgers.scene.bands import SceneBand, bands_of, match_bands
from edgers.scene.geometry import check_crs, gsd_m
from edgers.scene.open import open_raster

Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class SceneWindow:
    """Samples of one window."""

    samples: npt.NDArray[np.generic]
    """Stored samples (band, height, width), bands in the model's order, type as in the file."""
    missing: Bools
    """True where a sample is no measurement, (band, height, width)."""
    nodata: Bools
    """True where a pixel counts as nodata by the contract's rule, (height, width)."""


class Raster(Closing):
    """One raster file that fits one model input; a context manager."""

    def __init__(self, path: Path, source: ModelInput, renamed: Mapping[str, str]) -> None:
        """Open `path` and match its bands.

        Raises SceneError or BandError where it cannot be read or does not fit `source`.
        """
        self.path = path
        self._source = source
        self._dataset = open_raster(path)
        try:
            self.bands = match_bands(source.bands, bands_of(self._dataset), renamed, path.name)
            self.is_scaled = _is_scaled(source, self.bands, path.name)
            check_crs(self._dataset, path.name)
            _check_gsd(source, self._dataset, path.name)
        except BaseException:
            self._dataset.close()
            raise
        self._masks = self._shared_masks()
        self._nodata = [
            _representable(self._dataset.nodatavals[band.index - 1], band.data_type)
            for band in self.bands
        ]

    def close(self) -> None:
        """Close the file."""
        self._dataset.close()

    @property
    def height_px(self) -> int:
        """Rows."""
        return int(self._dataset.height)

    @property
    def width_px(self) -> int:
        """Columns."""
        return int(self._dataset.width)

    @property
    def crs(self) -> CRS | None:
        """Coordinate reference system, or None."""
        return self._dataset.crs

    @property
    def transform(self) -> Affine:
        """Affine from pixel corners (column, row) to CRS coordinates."""
        return self._dataset.transform

    @property
    def gcps(self) -> tuple[list[GroundControlPoint], CRS | None]:
        """Ground control points and their CRS; an empty list where there are none."""
        points, crs = self._dataset.gcps
        return points, crs

    @property
    def tags(self) -> Mapping[str, str]:
        """Tags of the file."""
        tags: Mapping[str, str] = self._dataset.tags()
        return tags

    def read(self, row: int, column: int, height: int, width: int) -> SceneWindow:
        """Read one window, in pixels of the raster.

        Raises SceneError where the file is damaged there.
        """
        window = Window(column, row, width, height)
        try:
            samples = self._dataset.read([band.index for band in self.bands], window=window)
            missing = self._missing(samples, window)
        except (RasterioError, ValueError, MemoryError) as error:
            raise SceneError(
                f"scene {self.path} cannot be read at rows {row} to {row + height}, "
                f"columns {column} to {column + width}.",
                seen=str(error.__cause__ or error).rstrip(".") + ".",
                rule="Every block of the file must be whole.",
                fix="Copy or download the file again.",
            ) from error
        return SceneWindow(
            samples=samples, missing=missing, nodata=self._nodata_pixels(samples, missing)
        )

    def _shared_masks(self) -> tuple[int, ...]:
        """Find masks that hold for all bands: alpha bands, else one dataset mask.

        A number above zero is an alpha band; 0 stands for the dataset mask.
        """
        colours = [colour.name for colour in self._dataset.colorinterp]
        if "alpha" in colours:
            return tuple(i + 1 for i, colour in enumerate(colours) if colour == "alpha")
        flags = [self._dataset.mask_flag_enums[band.index - 1] for band in self.bands]
        shared = any(
            MaskFlags.per_dataset in each and MaskFlags.nodata not in each for each in flags
        )
        return (0,) if shared else ()

    def _missing(self, samples: npt.NDArray[np.generic], window: Window) -> Bools:
        """Tell which samples are no measurement, by value, NaN, mask and alpha."""
        missing = np.zeros(samples.shape, bool)
        if np.issubdtype(samples.dtype, np.floating):
            np.logical_not(np.isfinite(samples), out=missing)
        for plane, gone, value in zip(samples, missing, self._nodata, strict=True):
            if value is not None:
                gone |= plane == value
        for mask in self._masks:
            valid = (
                self._dataset.read(mask, window=window)
                if mask
                else self._dataset.read_masks(self.bands[0].index, window=window)
            )
            missing |= valid == 0
        return missing

    def _nodata_pixels(self, samples: npt.NDArray[np.generic], missing: Bools) -> Bools:
        """Tell which pixels count as nodata, by the contract's rule; NaN in a band always does."""
        rule = np.any if self._source.nodata.pixel == "any" else np.all
        nodata: Bools = rule(missing, axis=0)
        if np.issubdtype(samples.dtype, np.floating):
            nodata |= ~np.isfinite(samples).all(axis=0)
        return nodata


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


def _is_scaled(source: ModelInput, bands: tuple[SceneBand, ...], origin: str) -> bool:
    """Tell whether scale and offset tags must be applied.

    Raises BandError where a file has such tags and the contract does not say what it wants.
    """
    tagged = next((band for band in bands if (band.scale, band.offset) != (1.0, 0.0)), None)
    if tagged is None or source.values == "stored":
        return False
    if source.values == "physical":
        return True
    raise BandError(
        f"{origin} states physical values by scale and offset tags, and the contract does not say "
        "which values the model takes.",
        seen=f"Band {tagged.label} has scale {tagged.scale:g}, offset {tagged.offset:g}.",
        rule="A model is trained either on stored samples or on stored × scale + offset.",
        fix='Add "edgers:values": "stored" or "physical" to the contract input, and compile again.',
    )


def _check_gsd(source: ModelInput, dataset: DatasetReader, origin: str) -> None:
    """Refuse a scene whose ground sample distance the model was not made for."""
    found = gsd_m(dataset)
    if source.gsd_m is None or found is None:
        return
    low, high = (source.gsd_m * (1 + sign * source.gsd_tolerance) for sign in (-1, 1))
    if not low <= found <= high:
        raise SceneError(
            f"{origin} has another ground sample distance than the model was made for.",
            seen=f"Its pixels are {found:.3g} m wide.",
            rule=f"The contract takes {low:.3g} m to {high:.3g} m.",
            fix="Resample the scene, or state a wider 'edgers:gsd_tolerance' and compile again.",
        )
