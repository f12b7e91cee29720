"""Which files make up a scene."""

import itertools
import os
import re
from pathlib import Path

from edgers.errors import SceneError
from edgers.scene.open import has_known_format

MAX_FILES = 500
"""Most rasters looked at in a folder; a Sentinel-2 SAFE has about 60."""

MAX_ENTRIES = 20_000
"""Most files and folders looked at; a Sentinel-2 SAFE has about 200."""

PICTURE = re.compile(r"_(TCI|PVI)(_\d+m)?$")
"""Pictures for people in a Sentinel-2 product: their red is an 8-bit colour, not a band."""


def scene_name(path: Path) -> str:
    """Give the name of a scene, after which its products are called."""
    whole = Path(os.path.abspath(path))
    return whole.name.removesuffix(".SAFE") if path.is_dir() else whole.stem


def scene_files(path: Path) -> list[Path]:
    """Give a file as it is, or the rasters in a folder and the folders in it, by name.

    Raises SceneError where a folder holds none, or too many.
    """
    if not path.is_dir():
        return [path]
    inside = list(itertools.islice(path.rglob("*"), MAX_ENTRIES + 1))
    found = [
        one
        for one in inside
        if one.is_file() and has_known_format(one) and not PICTURE.search(one.stem)
    ]
    if not 0 < len(found) <= MAX_FILES or len(inside) > MAX_ENTRIES:
        raise SceneError(
            f"folder {path} is not a scene.",
            seen=f"It holds {len(found)} rasters in {len(inside)} entries.",
            rule=f"A scene has 1 to {MAX_FILES} GeoTIFF, JPEG 2000, PNG or JPEG files, "
            f"in at most {MAX_ENTRIES} entries.",
        )
    return sorted(found)
