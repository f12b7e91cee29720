"""A scene read window by window: samples as they are stored, and which of them are missing."""

import math
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from rasterio.windows import Window

from edgers.closing import Closing
from edgers.contract import ModelInput
from edgers.errors import BandError, SceneError
from edgers.scene.asset import Asset
from edgers.scene.bands import SceneBand, match_bands
from edgers.scene.block_cache import Used
from edgers.scene.folder import scene_files
from edgers.scene.place import Place, place_of

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
    """One scene that fits one model input: a file, or a folder of files; a context manager.

    Several files are read on the grid of the one whose GSD is nearest the model's, else the finest.
    """

    def __init__(self, path: Path, source: ModelInput, renamed: Mapping[str, str]) -> None:
        """Open `path` and match its bands.

        Raises SceneError or BandError where it cannot be read or does not fit `source`.
        """
        self._source = source
        with ExitStack() as opened:
            assets = sorted(_open_all(scene_files(path), opened), key=lambda a: _fitness(a, source))
            bands = [band for asset in assets for band in asset.bands]
            self.bands = match_bands(source.bands, bands, renamed, path.name)
            used = {band.asset for band in self.bands}
            self._assets = {asset.position: asset for asset in assets if asset.position in used}
            self._first = next(iter(self._assets.values()))
            self.is_scaled = _is_scaled(source, self.bands, path.name)
            _check_gsd(source, self._first.gsd_m, path.name)
            for asset in self._assets.values():
                asset.put_on(self._first, source.resampling)
            self._opened = opened.pop_all()
        self.data_type = np.result_type(*(band.data_type for band in self.bands))

    def close(self) -> None:
        """Close the files."""
        self._opened.close()

    @property
    def files(self) -> list[Path]:
        """Files the scene is read from, by name."""
        return sorted(asset.path for asset in self._assets.values())

    @property
    def used(self) -> list[Used]:
        """Each file, or its view on the scene's grid, with the numbers of the bands read of it."""
        return [
            (asset.dataset, [band.index for band in self.bands if band.asset == position])
            for position, asset in self._assets.items()
        ]

    @property
    def height_px(self) -> int:
        """Rows."""
        return int(self._first.dataset.height)

    @property
    def width_px(self) -> int:
        """Columns."""
        return int(self._first.dataset.width)

    @property
    def place(self) -> Place:
        """Where its pixels lie on Earth."""
        return place_of(self._first.dataset)

    @property
    def tags(self) -> Mapping[str, str]:
        """Tags of the file."""
        tags: Mapping[str, str] = self._first.dataset.tags()
        return tags

    def read(self, row: int, column: int, height: int, width: int) -> SceneWindow:
        """Read one window, in pixels of the raster.

        Raises SceneError where the file is damaged there.
        """
        window = Window(column, row, width, height)
        samples = np.empty((len(self.bands), height, width), self.data_type)
        missing = np.empty(samples.shape, bool)
        for position, asset in self._assets.items():
            mine = [i for i, band in enumerate(self.bands) if band.asset == position]
            samples[mine], missing[mine] = asset.read([self.bands[i] for i in mine], window)
        nodata = self._nodata_pixels(samples, missing)
        return SceneWindow(samples=samples, missing=missing, nodata=nodata)

    def _nodata_pixels(self, samples: npt.NDArray[np.generic], missing: Bools) -> Bools:
        """Tell which pixels count as nodata, by the contract's rule; NaN in a band always does."""
        rule = np.any if self._source.nodata.pixel == "any" else np.all
        nodata: Bools = rule(missing, axis=0)
        if np.issubdtype(samples.dtype, np.floating):
            nodata |= ~np.isfinite(samples).all(axis=0)
        return nodata


def _open_all(paths: list[Path], opened: ExitStack) -> Iterator[Asset]:
    """Open files one after the other, to be closed with `opened`."""
    for position, path in enumerate(paths):
        yield opened.enter_context(Asset(path, position, is_only=len(paths) == 1))


def _fitness(asset: Asset, source: ModelInput) -> tuple[float, int]:
    """Rank a file: how far its GSD is from the model's, then the more pixels the better."""
    height, width = asset.dataset.shape
    if not asset.gsd_m:
        return 0.0, -height * width
    away = abs(math.log(asset.gsd_m / source.gsd_m)) if source.gsd_m else asset.gsd_m
    return round(away, 3), -height * width


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


def _check_gsd(source: ModelInput, found: float | None, origin: str) -> None:
    """Refuse a scene whose ground sample distance the model was not made for."""
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
