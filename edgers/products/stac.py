"""A STAC Item that describes the products of one scene."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime, timezone
from pathlib import Path

from edgers.contract import ModelClass
from edgers.products.areas import ClassArea
from edgers.scene.outline import outline
from edgers.scene.place import Place

STAC_VERSION = "1.1.0"
FILE_DATE = "file date"
"""Said of a time that is only the scene file's own."""
EXTENSIONS = (
    "https://stac-extensions.github.io/projection/v2.0.0/schema.json",
    "https://stac-extensions.github.io/classification/v2.0.0/schema.json",
)
TIME_TAGS = ("ACQUISITIONDATETIME", "DATATAKE_1_DATATAKE_SENSING_START", "TIFFTAG_DATETIME")
"""Tags that may hold the acquisition time, in order of trust."""
TIME_FORMATS = ("%Y-%m-%dT%H:%M:%S.%fZ", "%Y-%m-%dT%H:%M:%SZ", "%Y:%m:%d %H:%M:%S")


def acquisition_time(path: Path, tags: Mapping[str, str]) -> tuple[str, str]:
    """Give the time of a scene as RFC 3339 text, and where it was found.

    Tags are asked first, then a compact date in the file name (as Sentinel and Landsat products
    have); the file's own date is the last resort and said to be so.
    """
    for tag in TIME_TAGS:
        for form in TIME_FORMATS:
            try:
                found = datetime.strptime(tags.get(tag, ""), form)
            except ValueError:
                continue
            return _rfc3339(found), f"tag {tag}"
    if match := re.search(r"(?<!\d)((?:19|20)\d{6}T\d{6})(?!\d)", path.name):
        try:
            return _rfc3339(datetime.strptime(match.group(1), "%Y%m%dT%H%M%S")), "file name"
        except ValueError:
            pass
    return _rfc3339(datetime.fromtimestamp(int(path.stat().st_mtime), timezone.utc)), FILE_DATE


def _rfc3339(time: datetime) -> str:
    return time.replace(tzinfo=None).isoformat(timespec="seconds") + "Z"


def write_item(
    path: Path, *, place: Place, classes: Sequence[ModelClass], areas: Sequence[ClassArea],
    assets: Mapping[str, str], time: tuple[str, str], provenance: Mapping[str, object],
) -> None:  # fmt: skip
    """Write the Item; `assets` maps `classes`, `probabilities` and `quicklook` to file names."""
    footprint = outline(place)
    item = {
        "type": "Feature",
        "stac_version": STAC_VERSION,
        "stac_extensions": list(EXTENSIONS),
        "id": path.stem,
        "geometry": footprint.geometry() if footprint else None,
        **({"bbox": footprint.bbox()} if footprint else {}),
        "properties": {
            "datetime": time[0],
            "edgers:datetime_from": time[1],
            **_projection(place),
            "edgers:classes": [asdict(area) for area in areas],
            **{f"edgers:{key}": value for key, value in provenance.items()},
        },
        "links": [],
        "assets": {role: _asset(role, name, classes) for role, name in assets.items()},
    }
    path.write_text(json.dumps(item, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def _projection(place: Place) -> dict[str, object]:
    """Fields of the projection extension."""
    t = place.transform
    fields: dict[str, object] = {"proj:shape": [place.height_px, place.width_px]}
    if not t.is_identity:
        fields["proj:transform"] = [t.a, t.b, t.c, t.d, t.e, t.f]
    if place.crs is None:
        return {**fields, "proj:code": None}
    authority = place.crs.to_authority()
    if authority:
        return {**fields, "proj:code": ":".join(authority)}
    return {**fields, "proj:code": None, "proj:wkt2": place.crs.to_wkt(version="WKT2_2019")}


def _asset(role: str, name: str, classes: Sequence[ModelClass]) -> dict[str, object]:
    """Describe one file."""
    if role == "quicklook":
        return {"href": f"./{name}", "type": "image/png", "roles": ["thumbnail"]}
    asset: dict[str, object] = {
        "href": f"./{name}",
        "type": "image/tiff; application=geotiff; profile=cloud-optimized",
        "roles": ["data"],
    }
    if role == "classes":
        asset["classification:classes"] = [
            {
                "value": c.value,
                "name": _class_name(c.name),
                "description": c.name,
                "color_hint": c.colour,
            }
            for c in classes
        ]
    return asset


def _class_name(name: str) -> str:
    """Write a class name in the characters the classification extension allows."""
    return re.sub(r"[^0-9A-Za-z_\-]+", "_", name)
