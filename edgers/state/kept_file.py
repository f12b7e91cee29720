"""Writing what is kept of a scene: a tiled GeoTIFF whose bytes hang on its samples alone."""

import errno
import warnings
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt
import rasterio
from rasterio.errors import NotGeoreferencedWarning, RasterioError
from rasterio.windows import Window

from edgers.errors import OutputError, SceneError
from edgers.products.block_size import block_px
from edgers.products.disk_errors import disk_errors
from edgers.scene.bands import SceneBand
from edgers.scene.open import environment, open_raster
from edgers.scene.place import Place

Samples = npt.NDArray[np.generic]
Bools = npt.NDArray[np.bool_]

WINDOW_BYTES = 8 * 2**20
"""Samples held at a time; with masks, copies and GDAL's cache about six times as much."""


class Pixels(Protocol):
    """Where samples come from."""

    def read(self, window: Window) -> tuple[Samples, Bools, Bools]:
        """Give samples and which are missing, (band, height, width), and the pixels without data,
        (height, width).
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """What a kept file is like."""

    place: Place
    """Its grid: a map, or pixels that lie nowhere."""
    data_type: str
    """Type of its samples, in numpy's words."""
    names: tuple[str, ...]
    """Name of each band, as the contract has it."""
    bands: Sequence[SceneBand]
    """Units, scales, offsets and wavelengths of each band."""
    nodata: float | None
    """What missing samples are in all bands of what it is made of; None where that differs."""
    sources: int = 1
    """Files that are read for each window of it."""


def write_kept(
    path: Path, pixels: Pixels, form: Form, tags: Callable[[float], Mapping[str, str]]
) -> None:
    """Write a file; `tags` gives its tags from the share of its pixels that have data.

    Missing samples get the value that stands for them already, else NaN, or of whole numbers one
    that no sample has. Only where 8 bits leave none, zero is taken, and samples of 0 become 1.
    Raises OutputError where the disk is full or fails, and what `pixels` raises.
    """
    nodata = _nodata(pixels, form)
    checksums, clear_px = [], 0
    with disk_errors(path.name), environment(), warnings.catch_warnings():
        warnings.simplefilter("ignore", NotGeoreferencedWarning)
        with rasterio.open(path, "w", **_profile(form, nodata)) as file:
            _describe(file, form)
            for window in windows_of(form):
                samples, missing, empty = pixels.read(window)
                block = _stored(samples, missing, nodata, form)
                clear_px += empty.size - int(np.count_nonzero(empty))
                checksums.append(zlib.crc32(block.tobytes()))
                file.write(block, window=window)
            file.update_tags(**tags(clear_px / (form.place.height_px * form.place.width_px)))
        _read_back(path, form, checksums)


def windows_of(form: Form) -> Iterator[Window]:
    """Go through a grid in whole blocks, as wide as `WINDOW_BYTES` allows."""
    height, width = form.place.shape
    side = block_px(len(form.names), form.data_type)
    row_bytes = side * side * len(form.names) * np.dtype(form.data_type).itemsize
    across = side * max(1, WINDOW_BYTES // (row_bytes * form.sources))
    for row in range(0, height, side):
        for column in range(0, width, across):
            yield Window(column, row, min(across, width - column), min(side, height - row))


def _profile(form: Form, nodata: float | None) -> dict[str, object]:
    place = form.place
    where = {"crs": place.crs, "transform": place.transform} if place.kind == "map" else {}
    side = block_px(len(form.names), form.data_type)
    is_float = np.issubdtype(np.dtype(form.data_type), np.floating)
    return {
        "driver": "GTiff", "height": place.height_px, "width": place.width_px,
        "count": len(form.names), "dtype": form.data_type, "nodata": nodata, "tiled": True,
        "blockxsize": side, "blockysize": side, "interleave": "band", "compress": "deflate",
        "predictor": 3 if is_float else 2, "bigtiff": "IF_SAFER", "num_threads": 1,
        # Without this GDAL takes three or four 8-bit bands for a picture, the last for its alpha.
        "photometric": "MINISBLACK", "alpha": "NO", **where,
    }  # fmt: skip


def _describe(file: rasterio.io.DatasetWriter, form: Form) -> None:
    """Write down what the bands are."""
    file.descriptions = form.names
    file.scales = [band.scale for band in form.bands]
    file.offsets = [band.offset for band in form.bands]
    for number, band in enumerate(form.bands, 1):
        if band.unit:
            file.set_band_unit(number, band.unit)
        if band.wavelength_um is not None:
            file.update_tags(
                number, wavelength=f"{band.wavelength_um:.6g}", wavelength_units="micrometers"
            )


def _nodata(pixels: Pixels, form: Form) -> float | None:
    """Choose what missing samples become; None where none is missing.

    Whole numbers without a value for it are gone through once for one that is free.
    """
    kind = np.dtype(form.data_type)
    if form.nodata is not None:
        return form.nodata
    if np.issubdtype(kind, np.floating):
        return float("nan")
    limits = np.iinfo(kind)
    span = min(2**16, limits.max - limits.min + 1)
    taken, has_gaps = np.zeros(span, bool), False
    for window in windows_of(form):
        samples, missing, _ = pixels.read(window)
        has_gaps |= bool(missing.any())
        there = samples[~missing].astype(np.int64)
        taken[there[(there >= 0) & (there < span)]] = True
    free = np.flatnonzero(~taken[: min(span, limits.max + 1)])
    return (float(free[0]) if free.size else 0.0) if has_gaps else None


def _stored(samples: Samples, missing: Bools, nodata: float | None, form: Form) -> Samples:
    """Give samples as they are stored."""
    block = samples.astype(form.data_type)
    if nodata is None:
        return block
    if not np.isnan(nodata):
        # None but where no value was free: what is nodata by its value is missing already.
        block[(block == nodata) & ~missing] = nodata + 1
    # NaN says more than nodata: no band of such a pixel counts.
    block[missing & np.isfinite(samples)] = nodata
    return block


def _read_back(path: Path, form: Form, checksums: Sequence[int]) -> None:
    """Raise OSError where a file does not hold what was written: GDAL may fail without a word."""
    try:
        with open_raster(path) as file:
            is_whole = all(
                zlib.crc32(file.read(window=window).tobytes()) == wanted
                for window, wanted in zip(windows_of(form), checksums, strict=True)
            )
    except (SceneError, RasterioError):
        is_whole = False
    if not is_whole:
        raise OSError(errno.EIO, "it does not hold what was written; the disk may be full")


def check_place(place: Place, name: str) -> None:
    """Raise OutputError where a grid cannot be kept."""
    if place.kind not in ("map", "none"):
        raise OutputError(
            f"{name} cannot be kept.",
            seen=f"Its pixels are placed by {place.kind}.",
            rule="Scenes are kept on map grids, on which others of the same place can be put.",
            fix="Put it onto a map first, for example with: gdalwarp -t_srs EPSG:CODE",
        )
