"""STAC Items beside their files, valid by pystac where nothing hostile is asked for."""

import json
from pathlib import Path
from typing import Any

import numpy as np
from builders.scenes import noise, write_scene

COMMON = {"B02": "blue", "B03": "green", "B04": "red"}
WAVELENGTHS_UM = {"B02": 0.49, "B03": 0.56, "B04": 0.665}
GEOTIFF = "image/tiff; application=geotiff"


def data_asset(name: str, **fields: Any) -> dict[str, Any]:
    """Give an asset of one Sentinel-2 band, by the fields of STAC 1.1."""
    band = {
        "name": name,
        "eo:common_name": COMMON[name],
        "eo:center_wavelength": WAVELENGTHS_UM[name],
    }
    return {
        "href": f"./{name.lower()}.tif", "type": GEOTIFF, "roles": ["data"], "bands": [band],
        **fields,
    }  # fmt: skip


def item_document(assets: dict[str, Any], **properties: Any) -> dict[str, Any]:
    """Give an Item with these assets."""
    return {
        "type": "Feature",
        "stac_version": "1.1.0",
        "stac_extensions": [],
        "id": "scene",
        "geometry": None,
        "properties": {"datetime": "2020-01-31T10:50:19.024Z", **properties},
        "links": [],
        "assets": assets,
    }


def write_item(folder: Path, assets: dict[str, Any], name: str = "item", **properties: Any) -> Path:
    """Write an Item into a folder."""
    path = folder / f"{name}.json"
    path.write_text(json.dumps(item_document(assets, **properties)))
    return path


def write_bands(folder: Path, side: int = 20, **fields: Any) -> None:
    """Write the files of `data_asset` for three bands; their names say nothing of bands."""
    folder.mkdir(parents=True, exist_ok=True)
    for seed, name in enumerate(COMMON):
        samples = noise(1, side, side, seed=seed).astype(np.uint16)
        write_scene(folder / f"{name.lower()}.tif", samples, **fields)
