"""Which files make up a scene."""

import itertools
import os
import re
from collections.abc import Sequence
from pathlib import Path

from edgers.errors import SceneError
from edgers.scene.open import has_known_format
from edgers.scene.stac_item import SceneFile, items_in, read_item

MAX_FILES = 500
"""Most rasters looked at in a folder; a Sentinel-2 SAFE has about 60."""

MAX_ENTRIES = 20_000
"""Most files and folders looked at; a Sentinel-2 SAFE has about 200."""

PICTURE = re.compile(r"(_(TCI|PVI)(_\d+m)?|-ql|_thumb_(small|large)|_browse)$", re.I)
"""Pictures for people in Sentinel and Landsat products: their red is a colour, not a band."""

QUALITY = re.compile(r"^MSK_")
"""Quality masks of Sentinel-2, named after the band they are about, such as `MSK_DETFOO_B04`."""

ASIDE = frozenset({"QI_DATA", "AUX_DATA", "HTML", "preview", "rep_info", "support"})
"""Folders of a SAFE that hold no measurement: masks, forecasts, pictures, schemas."""


def scene_name(path: Path) -> str:
    """Give the name of a scene, after which its products are called."""
    whole = Path(os.path.abspath(path))
    return whole.name.removesuffix(".SAFE") if path.is_dir() else whole.stem


def scene_files(path: Path) -> list[Path]:
    """Give a file as it is, the files of a STAC Item, or the rasters in and below a folder.

    Raises SceneError where a folder or an Item holds none, or too many.
    """
    return [file.path for file in found_files([path])]


def found_files(paths: Sequence[Path]) -> list[SceneFile]:
    """Give the files of one scene that `paths` name together, each once, with what is said of them.

    A path is a raster, a STAC Item (.json), or a folder: of the Item in it, else of the rasters in
    it and in the folders below, by name. Raises SceneError as `scene_files` does.
    """
    files = [file for path in paths for file in _files(path)]
    return list({file.path: file for file in files}.values())


def item_paths(path: Path) -> list[Path]:
    """Give the STAC Items that a folder holds; none of what is no folder."""
    return items_in(path, MAX_FILES) if path.is_dir() else []


def _files(path: Path) -> list[SceneFile]:
    if path.suffix.lower() == ".json":
        return read_item(path)
    if not path.is_dir():
        return [SceneFile(path=path)]
    items = item_paths(path)
    if len(items) > 1:
        raise SceneError(
            f"folder {path} holds {len(items)} STAC Items.",
            seen=f"They are: {', '.join(item.name for item in items[:10])}.",
            rule="A scene is one Item.",
            fix="Name the Item itself as the scene.",
        )
    if items:
        return read_item(items[0])
    return [SceneFile(path=one) for one in _rasters(path)]


def _rasters(folder: Path) -> list[Path]:
    """Give the rasters in and below a folder, by name."""
    inside = list(itertools.islice(folder.rglob("*"), MAX_ENTRIES + 1))
    found = [one for one in inside if one.is_file() and is_measurement(one, folder)]
    if not 0 < len(found) <= MAX_FILES or len(inside) > MAX_ENTRIES:
        raise SceneError(
            f"folder {folder} is not a scene.",
            seen=f"It holds {len(found)} rasters in {len(inside)} entries.",
            rule=f"A scene has 1 to {MAX_FILES} GeoTIFF, JPEG 2000, PNG or JPEG files, "
            f"in at most {MAX_ENTRIES} entries.",
        )
    return sorted(found)


def is_measurement(path: Path, folder: Path) -> bool:
    """Tell whether a file below a folder is a raster of measurements, by its name and format."""
    if PICTURE.search(path.stem) or QUALITY.search(path.stem):
        return False
    if ASIDE & set(path.relative_to(folder).parts[:-1]):
        return False
    return has_known_format(path)
