"""Where the rows of a strip lie: what GDAL makes of the map fields of its header."""

import tempfile
import warnings
from collections.abc import Mapping
from pathlib import Path

import rasterio
from affine import Affine
from rasterio.errors import NotGeoreferencedWarning, RasterioError

from edgers.scene.open import environment
from edgers.scene.place import Place, place_of
from edgers.tiling.row_stream import ENDLESS_PX

ROWS = 16
"""Rows that are written: GDAL takes less than two bytes for no file."""


def strip_place(width_px: int, map_fields: Mapping[str, str]) -> Place:
    """Give the place of a strip whose length is not known; nowhere where its header says nothing.

    A few bytes, and a header with the same fields, are written for GDAL to read: it knows all
    projections of ENVI.
    """
    nowhere = Place(
        height_px=ENDLESS_PX, width_px=width_px, crs=None, transform=Affine.identity()
    )  # fmt: skip
    if not map_fields:
        return nowhere
    fields = {
        "samples": "1", "lines": str(ROWS), "bands": "1", "header offset": "0", "data type": "1",
        "interleave": "bil", "byte order": "0",
        **{key: f"{{{value}}}" for key, value in map_fields.items()},
    }  # fmt: skip
    with tempfile.TemporaryDirectory() as folder, environment(), warnings.catch_warnings():
        warnings.simplefilter("ignore", NotGeoreferencedWarning)
        path = Path(folder) / "strip.img"
        path.write_bytes(bytes(ROWS))
        text = "ENVI\n" + "".join(f"{key} = {value}\n" for key, value in fields.items())
        path.with_suffix(".hdr").write_text(text, encoding="utf-8")
        try:
            with rasterio.open(path, driver="ENVI") as dataset:
                found = place_of(dataset)
        except RasterioError:
            return nowhere
    if found.crs is None:
        return nowhere
    return Place(
        height_px=ENDLESS_PX, width_px=width_px, crs=found.crs, transform=found.transform
    )  # fmt: skip
