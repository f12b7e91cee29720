"""A scene read window by window: samples as they are stored, and which of them are missing."""

import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import numpy.typing as npt
from rasterio.windows import Window

from edgers.closing import Closing
from edgers.contract import ModelInput
from edgers.errors import BandError, SceneError
from edgers.scene.bands import SceneBand, match_bands
from edgers.scene.block_cache import Used
from edgers.scene.date import acquisition_time
from edgers.scene.folder import found_files
from edgers.scene.nodata import nodata_pixels
from edgers.scene.open import MAX_SIDE_PX
from edgers.scene.place import Place
from edgers.scene.readers import FileRead, Reading
from edgers.scene.scene_asset import SceneAsset
from edgers.scene.stac_item import SceneFile

Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class SceneWindow:
    """Samples of one window of one model input."""

    samples: npt.NDArray[np.generic]
    """Stored samples (band, height, width), bands in the model's order, type as in the file; of a
    series of dates (time, band, height, width)."""
    missing: Bools
    """True where a sample is no measurement, in the shape of the samples."""
    nodata: Bools
    """True where a pixel counts as nodata by the contract's rule, (height, width)."""


class Raster(Closing):
    """What fills one model input at one date; a context manager.

    A file, several, a folder of files, or a STAC Item. Several files are read on the grid of the
    one whose GSD is nearest the model's, else the finest; or on the grid of another raster. Where
    the contract says so, a grid whose GSD is out of its tolerance is exchanged for one of the
    model's GSD over the same ground.
    """

    def __init__(
        self, path: Path | Sequence[SceneFile], source: ModelInput, renamed: Mapping[str, str],
        *, grid: "Raster | None" = None,
    ) -> None:  # fmt: skip
        """Open `path` and match its bands; on the grid of another raster where it is given.

        Raises SceneError or BandError where it cannot be read or does not fit `source`.
        """
        self._source = source
        files = found_files([path]) if isinstance(path, Path) else path
        name = path.name if isinstance(path, Path) else files[0].path.name
        with ExitStack() as opened:
            assets = sorted(_open_all(files, opened), key=lambda a: _fitness(a, source))
            bands = [band for asset in assets for band in asset.bands]
            self.bands = match_bands(source.bands, bands, renamed, name)
            used = {band.asset for band in self.bands}
            self._assets = {asset.position: asset for asset in assets if asset.position in used}
            self._first = next(iter(self._assets.values()))
            self.is_scaled = applies_tags(source, self.bands, name)
            self._choose_grid(name, grid)
            self._opened = opened.pop_all()
        self.data_type = np.result_type(*(band.data_type for band in self.bands))

    def _choose_grid(self, name: str, grid: "Raster | None") -> None:
        """Put all files onto one grid."""
        source, first = self._source, self._first
        if source.gsd_rule == "refuse":
            check_gsd(source, first.gsd_m, name)
        elif grid is None and (place := _place_at_gsd(source, first)) is not None:
            first.regrid(place, source.resampling)
        target = first if grid is None else grid._first
        for asset in self._assets.values():
            if asset is not target:
                asset.put_on(target, source.resampling)

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
        """Where the pixels that are read lie on Earth."""
        return self._first.place

    @property
    def own_place(self) -> Place:
        """Where the pixels of its first file lie; `place` but for a grid of another GSD."""
        return self._first.own_place

    @property
    def time(self) -> tuple[str, str]:
        """When it was taken, as RFC 3339 text, and where that was found."""
        return self._first.time or acquisition_time(self.files[0], self.tags)

    @property
    def tags(self) -> Mapping[str, str]:
        """Tags of the file."""
        tags: Mapping[str, str] = self._first.dataset.tags()
        return tags

    def read(self, row: int, column: int, height: int, width: int) -> SceneWindow:
        """Read one window, in pixels of the raster.

        Raises SceneError where the file is damaged there.
        """
        return self.reading(row, column, height, width).alone()

    def reading(self, row: int, column: int, height: int, width: int) -> Reading[SceneWindow]:
        """Make ready to read one window, in pixels of the raster, with a read for each file."""
        window = Window(column, row, width, height)
        samples = np.empty((len(self.bands), height, width), self.data_type)
        missing = np.empty(samples.shape, bool)

        def finish() -> SceneWindow:
            nodata = nodata_pixels(samples, missing, self._source)
            return SceneWindow(samples=samples, missing=missing, nodata=nodata)

        reads = [
            FileRead(
                path=asset.path, work=partial(self._read_file, asset, window, samples, missing)
            )
            for asset in self._assets.values()
        ]
        return Reading(reads=tuple(reads), finish=finish)

    def _read_file(
        self, asset: SceneAsset, window: Window, samples: npt.NDArray[np.generic], missing: Bools
    ) -> None:
        """Put the bands of one file into their places in `samples` and `missing`."""
        mine = [i for i, band in enumerate(self.bands) if band.asset == asset.position]
        bands = [self.bands[i] for i in mine]
        together = slice(mine[0], mine[-1] + 1)
        # Mostly its bands follow on one another, and then nothing needs to be copied.
        if mine == list(range(mine[0], mine[-1] + 1)):
            asset.read(bands, window, samples[together], missing[together])
            return
        found = np.empty((len(mine), *samples.shape[1:]), samples.dtype)
        gone = np.empty(found.shape, bool)
        asset.read(bands, window, found, gone)
        samples[mine], missing[mine] = found, gone


def _open_all(files: Sequence[SceneFile], opened: ExitStack) -> Iterator[SceneAsset]:
    """Open files one after the other, to be closed with `opened`."""
    for position, file in enumerate(files):
        yield opened.enter_context(SceneAsset(file, position, is_only=len(files) == 1))


def _fitness(asset: SceneAsset, source: ModelInput) -> tuple[float, int]:
    """Rank a file: how far its GSD is from the model's, then the more pixels the better.

    A file without a place comes last: beside others it is a picture, or lacks its CRS.
    """
    height, width = asset.dataset.shape
    if not asset.gsd_m:
        return math.inf, -height * width
    away = abs(math.log(asset.gsd_m / source.gsd_m)) if source.gsd_m else asset.gsd_m
    return round(away, 3), -height * width


def applies_tags(source: ModelInput, bands: tuple[SceneBand, ...], origin: str) -> bool:
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


def check_gsd(source: ModelInput, found: float | None, origin: str) -> None:
    """Refuse a scene whose ground sample distance the model was not made for."""
    if source.gsd_m is None or found is None or _is_accepted(source, found):
        return
    low, high = _accepted_gsd_m(source)
    raise SceneError(
        f"{origin} has another ground sample distance than the model was made for.",
        seen=f"Its pixels are {found:.3g} m wide.",
        rule=f"The contract takes {low:.3g} m to {high:.3g} m.",
        fix='Resample the scene, or state "edgers:gsd_rule": "resample" or a wider '
        "'edgers:gsd_tolerance', and compile again.",
    )


def _accepted_gsd_m(source: ModelInput) -> tuple[float, float]:
    """Give the smallest and largest ground sample distance that a model takes, in metres."""
    wanted, tolerance = source.gsd_m or 0.0, source.gsd_tolerance
    return wanted * (1 - tolerance), wanted * (1 + tolerance)


def _is_accepted(source: ModelInput, gsd_m: float) -> bool:
    low, high = _accepted_gsd_m(source)
    return low <= gsd_m <= high


def _place_at_gsd(source: ModelInput, asset: SceneAsset) -> Place | None:
    """Give the grid of the model's GSD over the ground of a file; None where its own will do.

    Raises SceneError where that would have an impossible size.
    """
    if source.gsd_m is None or not asset.gsd_m or _is_accepted(source, asset.gsd_m):
        return None
    place, factor = asset.own_place, asset.gsd_m / source.gsd_m
    height, width = (max(1, round(side * factor)) for side in place.shape)
    if max(height, width) > MAX_SIDE_PX:
        raise SceneError(
            f"{asset.path.name} cannot be read at the model's ground sample distance.",
            seen=f"Its pixels are {asset.gsd_m:.3g} m wide, so it would have {width} × {height}.",
            rule=f"A side has at most {MAX_SIDE_PX} px.",
        )
    return place.subgrid(0, 0, place.width_px / width, place.height_px / height, height, width)
