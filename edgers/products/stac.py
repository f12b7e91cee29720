"""A STAC Item that describes the products of one scene."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime, timezone
from pathlib import Path

from edgers.contract import ModelClass
from edgers.products.areas import ClassArea
from edgers.products.cog import ProductGrid
from edgers.scene.geometry import footprint_lonlat

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
    path: Path, *, grid: ProductGrid, classes: Sequence[ModelClass], areas: Sequence[ClassArea],
    assets: Mapping[str, str], time: tuple[str, str], provenance: Mapping[str, object],
) -> None:  # fmt: skip
    """Write the Item; `assets` maps `classes`, `probabilities` and `quicklook` to file names."""
    outline = footprint_lonlat(grid.crs, grid.transform, grid.height_px, grid.width_px)
    place = outline if outline and _stays_clear_of_the_date_line(outline) else []
    lon, lat = [p[0] for p in place], [p[1] for p in place]
    item = {
        "type": "Feature",
        "stac_version": STAC_VERSION,
        "stac_extensions": list(EXTENSIONS),
        "id": path.stem,
        "geometry": {"type": "Polygon", "coordinates": [place]} if place else None,
        **({"bbox": [min(lon), min(lat), max(lon), max(lat)]} if place else {}),
        "properties": {
            "datetime": time[0],
            "edgers:datetime_from": time[1],
            **_projection(grid),
            "edgers:classes": [asdict(area) for area in areas],
            **{f"edgers:{key}": value for key, value in provenance.items()},
        },
        "links": [],
        "assets": {role: _asset(role, name, classes) for role, name in assets.items()},
    }
    path.write_text(json.dumps(item, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def _stays_clear_of_the_date_line(outline: Sequence[tuple[float, float]]) -> bool:
    """Tell whether one polygon can show an outline; across the date line it would mislead."""
    longitudes = [point[0] for point in outline]
    return min(longitudes) >= -180 and max(longitudes) <= min(180, min(longitudes) + 180)


def _projection(grid: ProductGrid) -> dict[str, object]:
    """Fields of the projection extension."""
    t = grid.transform
    fields: dict[str, object] = {"proj:shape": [grid.height_px, grid.width_px]}
    if not t.is_identity:
        fields["proj:transform"] = [t.a, t.b, t.c, t.d, t.e, t.f]
    if grid.crs is None:
        return {**fields, "proj:code": None}
    authority = grid.crs.to_authority()
    if authority:
        return {**fields, "proj:code": ":".join(authority)}
    return {**fields, "proj:code": None, "proj:wkt2": grid.crs.to_wkt(version="WKT2_2019")}


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
