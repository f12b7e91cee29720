"""A STAC Item that describes the products of one scene."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

from edgers.contract import ModelClass
from edgers.products.areas import ClassArea
from edgers.scene.date import FILE_DATE, acquisition_time
from edgers.scene.outline import outline
from edgers.scene.place import Place

__all__ = ["FILE_DATE", "acquisition_time", "write_item"]

STAC_VERSION = "1.1.0"
EXTENSIONS = (
    "https://stac-extensions.github.io/projection/v2.0.0/schema.json",
    "https://stac-extensions.github.io/classification/v2.0.0/schema.json",
)


def write_item(
    path: Path, *, place: Place, on_map: Place | None, classes: Sequence[ModelClass],
    areas: Sequence[ClassArea], assets: Mapping[str, str], time: tuple[str, str],
    provenance: Mapping[str, object], span: tuple[str, str] | None = None,
) -> None:  # fmt: skip
    """Write the Item; `assets` maps the roles of products to file names.

    Products lie at `place`, those whose role ends in `_map` at `on_map`. `span` are the first and
    last date of a series, RFC 3339.
    """
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
            **({"start_datetime": span[0], "end_datetime": span[1]} if span else {}),
            "edgers:datetime_from": time[1],
            **_projection(place),
            "edgers:classes": [asdict(area) for area in areas],
            **{f"edgers:{key}": value for key, value in provenance.items()},
        },
        "links": [],
        "assets": {
            role: {
                **_asset(role, name, classes),
                **(_projection(on_map) if on_map and role.endswith("_map") else {}),
            }
            for role, name in assets.items()
        },
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
    if role.startswith("classes"):
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
