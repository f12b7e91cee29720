"""The class map of a frame: a small tiled GeoTIFF, which appears when it is whole."""

import os
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import rasterio
from rasterio.errors import NotGeoreferencedWarning

from edgers.contract.model import ModelClass
from edgers.products.disk_errors import disk_errors
from edgers.products.work_folder import force_to_disk
from edgers.scene.place import Place

BLOCK_PX = 256
"""Block side."""

UNFINISHED = ".part"
"""Ending of a file that is still being written."""


def write_frame_map(
    path: Path, classes: npt.NDArray[np.generic], place: Place, meaning: tuple[ModelClass, ...],
    *, nodata: int, tags: Mapping[str, str],
) -> None:  # fmt: skip
    """Write class values, (height, width), with their colours and names.

    Where `place` has ground control points the file has them, and else its transform and CRS.
    Raises OutputError where the disk is full or fails; nothing is then left.
    """
    draft = path.with_name(f".{path.name}{UNFINISHED}")
    height, width = classes.shape
    profile: dict[str, Any] = {
        "driver": "GTiff", "count": 1, "height": height, "width": width,
        "dtype": classes.dtype.name, "nodata": nodata, "compress": "DEFLATE",
        **_fields_of_place(place),
    }  # fmt: skip
    if min(height, width) > BLOCK_PX:
        profile |= {"tiled": True, "blockxsize": BLOCK_PX, "blockysize": BLOCK_PX}
    try:
        with disk_errors(path.name), warnings.catch_warnings():
            warnings.simplefilter("ignore", NotGeoreferencedWarning)
            with rasterio.open(draft, "w", **profile) as dataset:
                dataset.write(classes, 1)
                dataset.set_band_description(1, "class")
                dataset.write_colormap(
                    1, {one.value: (*bytes.fromhex(one.colour), 255) for one in meaning}
                )
                dataset.update_tags(**tags)
                dataset.update_tags(1, **{f"CLASS_{one.value}": one.name for one in meaning})
            force_to_disk(draft)
            os.replace(draft, path)
    finally:
        draft.unlink(missing_ok=True)


def remove_unfinished(folder: Path) -> None:
    """Remove what a killed run left of class maps in the making."""
    for path in folder.glob(f".*.tif{UNFINISHED}"):
        path.unlink(missing_ok=True)


def _fields_of_place(place: Place) -> dict[str, Any]:
    """Say where the pixels lie, in rasterio's words."""
    if place.gcps:
        return {"gcps": list(place.gcps), "crs": place.gcp_crs}
    if place.rpcs is not None:
        return {"rpcs": place.rpcs}
    if place.crs is not None:
        return {"crs": place.crs, "transform": place.transform}
    return {}
