"""Opening rasters that nobody vouches for.

GDAL opens far more than image files: addresses on the network, other files named inside a file,
pipes. A scene comes from a regular local file, through one of a few drivers, with the network off.
"""

import math
import os
import warnings
from pathlib import Path

os.environ.setdefault("CPL_VSIL_CURL_ALLOWED_EXTENSIONS", ".none")
os.environ.setdefault("GDAL_DISABLE_READDIR_ON_OPEN", "FALSE")

import rasterio
from rasterio.errors import NotGeoreferencedWarning, RasterioError
from rasterio.io import DatasetReader

from edgers.errors import SceneError
from edgers.files import check_file
from edgers.scene.png_whole import check_png

DRIVERS = {
    b"II*\0": "GTiff",
    b"MM\0*": "GTiff",
    b"II+\0": "GTiff",
    b"MM\0+": "GTiff",
    b"\0\0\0\x0cjP  ": "JP2OpenJPEG",
    b"\xff\x4f\xff\x51": "JP2OpenJPEG",
    b"\x89PNG\r\n\x1a\n": "PNG",
    b"\xff\xd8\xff": "JPEG",
}
"""Driver by the first bytes of a file: TIFF and BigTIFF, JPEG 2000 file and code stream, PNG, JPEG.

None of these drivers follows a reference to another file or address, and no other is tried."""

OPEN_OPTIONS = {"GTiff": {"NUM_THREADS": "1"}}
"""Options by driver. Several threads that decode one TIFF gave wrong samples now and then (GDAL
3.10.3); JPEG 2000 is decoded by as many as there are processors, which is GDAL's default."""

COMPANIONS = (".msk", ".MSK", ".ovr", ".OVR", ".aux.xml", ".AUX.XML")
"""Endings of files that GDAL looks for beside a scene."""

MAX_COMPANION_BYTES = 1_000_000
"""Most bytes of such a file looked through; notes of statistics and names have a few kilobytes."""

MAX_SIDE_PX = 1_000_000
"""Longest side accepted; the longest real scenes are strips of some 100 000 lines."""

MAX_PIXELS = 200_000_000_000
"""Most pixels accepted. A header of 300 bytes can claim any number; a national mosaic of
320 000 × 320 000 px has half of this."""


def open_raster(path: Path) -> DatasetReader:
    """Open a raster for windowed reading.

    Raises SceneError where `path` is not a regular file, is in no accepted format, is damaged, or
    states an absurd size.
    """
    text = str(path)
    if "://" in text or text.startswith("/vsi"):
        raise SceneError(
            f"scene {text} is not a local file.",
            rule="Scenes are read from files, never from addresses.",
            fix="Copy it here first.",
        )
    if check_file(path, "scene", SceneError) == 0:
        raise SceneError(f"scene {text} is empty.", seen="It has 0 bytes.")
    _check_companions(path)
    check_png(path)
    dataset = _open(path)
    if strangers := [name for name in dataset.files if not Path(name).name.startswith(path.stem)]:
        dataset.close()
        raise _stranger(path, Path(strangers[0]).name)
    sides = dataset.width, dataset.height
    if max(sides) > MAX_SIDE_PX or math.prod(sides) > MAX_PIXELS or dataset.count == 0:
        dataset.close()
        raise SceneError(
            f"scene {text} states an impossible size.",
            seen=f"{dataset.width} × {dataset.height} px, {dataset.count} bands.",
            rule=f"A side has at most {MAX_SIDE_PX} px, a scene {MAX_PIXELS:.0e} px.",
        )
    return dataset


def has_known_format(path: Path) -> bool:
    """Tell by its first bytes whether a file may be a raster that is no companion of another."""
    try:
        first = _first_bytes(path)
    except OSError:
        return False
    return not path.name.endswith(COMPANIONS) and any(first.startswith(magic) for magic in DRIVERS)


def _first_bytes(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(12)


def _check_companions(path: Path) -> None:
    """Refuse mask and overview files beside a scene that could lead GDAL to other files.

    GDAL opens them by itself and with every driver it has, VRT included.
    """
    for ending in COMPANIONS:
        companion = path.with_name(path.name + ending)
        if not companion.is_file():
            continue
        with companion.open("rb") as file:
            first = file.read(MAX_COMPANION_BYTES)
        is_raster = any(first.startswith(magic) for magic in DRIVERS)
        is_short = len(first) < MAX_COMPANION_BYTES
        is_notes = ending.lower() == ".aux.xml" and is_short and b"OVERVIEW_FILE" not in first
        if not (is_raster or is_notes):
            raise _stranger(path, companion.name)


def _stranger(path: Path, name: str) -> SceneError:
    return SceneError(
        f"scene {path} has a file beside it that may lead elsewhere.",
        seen=f"It is {name}.",
        rule="A mask or overview file must be a raster of its own.",
        fix="Remove it, or put it into the scene.",
    )


def _open(path: Path) -> DatasetReader:
    try:
        first = _first_bytes(path)
        driver = next((name for magic, name in DRIVERS.items() if first.startswith(magic)), None)
        if driver is None:
            raise RasterioError(f"Its first bytes are {first!r}")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", NotGeoreferencedWarning)
            # An absolute path cannot be taken for a driver prefix such as `GTIFF_DIR:`.
            return rasterio.open(
                path.absolute(), driver=driver, sharing=False, **OPEN_OPTIONS.get(driver, {})
            )
    except (RasterioError, UnicodeError, OSError) as error:
        raise SceneError(
            f"scene {path} is not a raster that can be read.",
            seen=f"{error}.",
            rule="Accepted: GeoTIFF, COG, JPEG 2000, PNG, JPEG.",
        ) from error


def environment() -> rasterio.Env:
    """Give the GDAL settings under which scenes are read."""
    return rasterio.Env(CPL_VSIL_CURL_ALLOWED_EXTENSIONS=".none")
