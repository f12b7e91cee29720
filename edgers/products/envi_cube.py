"""Cubes as other spectral software reads them: ENVI, bands interleaved by row, and a header.

The names in the header are those that `edgers.scene.envi` reads.
"""

import re
import warnings
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import rasterio
from rasterio.enums import WktVersion
from rasterio.errors import NotGeoreferencedWarning
from rasterio.windows import Window

from edgers.contract import OutputValue
from edgers.products.disk_errors import disk_errors
from edgers.products.draft import Draft
from edgers.products.vrt import Meaning, nanometres, write_vrt
from edgers.products.warp import warp_raster
from edgers.scene.place import Place

ENVI_TYPES = {"uint8": 1, "int16": 2, "float32": 4, "uint16": 12}
"""ENVI's number by sample type."""

STRIP_BYTES = 8 * 2**20
"""Most samples held at a time, but for one row."""

RESERVED = r"[{}=,;\x00-\x1f]+"
"""Characters that have a meaning in an ENVI header, or in a list there."""


def write_envi(
    path: Path, header: Path, draft: Draft, place: Place, meaning: Meaning, *, onto: Place,
    description: str,
) -> None:  # fmt: skip
    """Write the cube at `path`, and its header, of a draft that lies at `place`, on grid `onto`.

    Samples are (row, band, column), the low byte first. The bytes depend on the draft and the
    arguments alone. Raises OutputError where the disk is full or fails.
    """
    source, warped = path.with_suffix(".vrt"), path.with_suffix(".warped.tif")
    with disk_errors(path.name), warnings.catch_warnings():
        warnings.simplefilter("ignore", NotGeoreferencedWarning)
        write_vrt(source, draft, place, meaning)
        if onto is not place:
            warp_raster(source, warped, place, onto, continuous=True)
        _copy_rows(warped if onto is not place else source, path)
        source.unlink()
        warped.unlink(missing_ok=True)
        text = header_text(draft.shape.data_type, onto, meaning, description=description)
        header.write_text(text, encoding="utf-8")


def _copy_rows(source: Path, path: Path) -> None:
    with rasterio.open(source) as dataset, path.open("wb") as file:
        stored = np.dtype(dataset.dtypes[0]).newbyteorder("<")
        row_bytes = dataset.count * dataset.width * stored.itemsize
        step = max(1, STRIP_BYTES // row_bytes)
        for row in range(0, dataset.height, step):
            height = min(step, dataset.height - row)
            samples = dataset.read(window=Window(0, row, dataset.width, height))
            file.write(np.ascontiguousarray(samples.transpose(1, 0, 2), stored).data)


def header_text(data_type: str, place: Place, meaning: Meaning, *, description: str) -> str:
    """Give the header of a cube of that sample type at `place`."""
    fields: dict[str, object] = {
        "description": _braced([description]),
        "samples": place.width_px,
        "lines": place.height_px,
        "bands": len(meaning.bands),
        "header offset": 0,
        "file type": "ENVI Standard",
        "data type": ENVI_TYPES[data_type],
        "interleave": "bil",
        "byte order": 0,
        **_place_fields(place),
        **meaning_fields(meaning),
    }
    return "ENVI\n" + "".join(f"{key} = {value}\n" for key, value in fields.items())


def meaning_fields(meaning: Meaning) -> dict[str, object]:
    """Say in a header what samples are."""
    count = len(meaning.bands)
    fields: dict[str, object] = {
        "band names": _braced(meaning.bands),
        **_spectral_fields(meaning.spectral),
        "data ignore value": "nan" if np.isnan(meaning.nodata) else f"{meaning.nodata:g}",
    }
    if (meaning.scale, meaning.offset) != (1.0, 0.0):
        fields["data gain values"] = _braced([repr(meaning.scale)] * count)
        fields["data offset values"] = _braced([repr(meaning.offset)] * count)
    units = set(meaning.units)
    if len(units) == 1 and (unit := units.pop()):
        fields["data units"] = _plain(unit)
    return fields


def _spectral_fields(bands: Sequence[OutputValue]) -> dict[str, object]:
    """Give wavelengths and widths where each band has one."""
    fields: dict[str, object] = {}
    for key, numbers in (
        ("wavelength", [one.center_wavelength_um for one in bands]),
        ("fwhm", [one.fwhm_um for one in bands]),
    ):
        known = [number for number in numbers if number is not None]
        if bands and len(known) == len(bands):
            fields[key] = _braced([nanometres(number) for number in known])
    return {"wavelength units": "Nanometers", **fields} if fields else {}


def _place_fields(place: Place) -> dict[str, object]:
    """Say where the pixels lie, as GDAL's ENVI driver does (frmts/raw/envidataset.cpp)."""
    if place.crs is None or place.transform.is_identity:
        return {}
    t, crs = place.transform, place.crs
    size_x, size_y = float(np.hypot(t.a, t.d)), float(np.hypot(t.b, t.e))
    corner = [repr(number) for number in (1.0, 1.0, t.c, t.f, size_x, size_y)]
    zone = _utm_zone(crs.to_epsg())
    if crs.is_geographic:
        words = ["Geographic Lat/Lon", *corner, "WGS-84", "units=Degrees"]
    elif zone is not None:
        words = ["UTM", *corner, str(zone[0]), zone[1], "WGS-84", "units=Meters"]
    else:
        words = ["Arbitrary", *corner, "units=Meters"]
    if t.b or t.d:
        words.append(f"rotation={-float(np.degrees(np.arctan2(t.d, t.a)))!r}")
    wkt = crs.to_wkt(version=WktVersion.WKT1_ESRI)
    return {"map info": f"{{{', '.join(words)}}}", "coordinate system string": f"{{{wkt}}}"}


def _utm_zone(epsg: int | None) -> tuple[int, str] | None:
    """Give number and hemisphere of a WGS 84 UTM zone, None for other CRSs."""
    for first, side in ((32_600, "North"), (32_700, "South")):
        if epsg is not None and first < epsg <= first + 60:
            return epsg - first, side
    return None


def _braced(items: Sequence[str]) -> str:
    return f"{{{', '.join(_plain(item) for item in items)}}}"


def _plain(text: str) -> str:
    return re.sub(RESERVED, " ", text).strip() or "-"
