"""A STAC Item that describes the products of one scene."""

import base64
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from edgers.contract import ModelClass
from edgers.products.found import Found
from edgers.scene.date import FILE_DATE, acquisition_time
from edgers.scene.outline import outline
from edgers.scene.place import Place

__all__ = ["CUBE", "FILE_DATE", "PICTURE", "RASTER", "Asset", "acquisition_time", "write_item"]

STAC_VERSION = "1.1.0"
CLASSIFICATION = "https://stac-extensions.github.io/classification/v2.0.0/schema.json"
EXTENSIONS = (
    "https://stac-extensions.github.io/projection/v2.0.0/schema.json",
    CLASSIFICATION,
)


RASTER = "image/tiff; application=geotiff; profile=cloud-optimized"
PICTURE = "image/png"
CUBE = "application/octet-stream"
"""ENVI cubes have no media type of their own; the header beside them says what they hold."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asset:
    """One file that an Item describes."""

    name: str
    """File name; it lies beside the Item."""
    media_type: str
    """Media type."""
    on_map: bool = False
    """Whether it lies on the map grid that is wanted beside the scene's own."""
    fields: Mapping[str, object] = field(default_factory=dict)
    """Further fields, such as the classes of a class map."""


def write_item(
    path: Path, *, place: Place, on_map: Place | None, found: Found, assets: Mapping[str, Asset],
    time: tuple[str, str], provenance: Mapping[str, object], span: tuple[str, str] | None = None,
) -> None:  # fmt: skip
    """Write the Item; `assets` are the products by their roles.

    Products lie at `place`, some at `on_map`. `span` are the first and last date of a series,
    RFC 3339.
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
            **found.properties(),
            **{f"edgers:{key}": value for key, value in provenance.items()},
        },
        "links": _links(provenance),
        "assets": asset_documents(assets, _projection(on_map) if on_map else {}),
    }
    path.write_text(json.dumps(item, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def asset_documents(
    assets: Mapping[str, Asset], on_map: Mapping[str, object] | None = None
) -> dict[str, dict[str, object]]:
    """Give the assets of an Item; those on the map grid get the fields `on_map` too."""
    return {
        role: {
            "href": f"./{one.name}",
            "type": one.media_type,
            "roles": ["thumbnail" if one.media_type == PICTURE else "data"],
            **one.fields,
            **(on_map if on_map and one.on_map else {}),
        }
        for role, one in assets.items()
    }


def _links(provenance: Mapping[str, object]) -> list[dict[str, object]]:
    """Link to the kept scenes that a product is derived from, by their hashes.

    Where they lie is a matter of the board; a hash names them everywhere (RFC 6920).
    """
    kept = provenance.get("kept", ())
    assert isinstance(kept, Sequence)
    links: list[dict[str, object]] = []
    for one in kept:
        digest = base64.urlsafe_b64encode(bytes.fromhex(one["sha256"])).decode().rstrip("=")
        links.append(
            {
                "rel": "derived_from",
                "href": f"ni:///sha-256;{digest}",
                "title": f"{one['scene']} {one['time']}",
            }
        )
    return links


def class_fields(classes: Sequence[ModelClass]) -> dict[str, object]:
    """Give the fields by which the classification extension tells what values mean."""
    return {
        "classification:classes": [
            {
                "value": one.value,
                "name": _class_name(one.name),
                "description": one.name,
                "color_hint": one.colour,
            }
            for one in classes
        ]
    }


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


def _class_name(name: str) -> str:
    """Write a class name in the characters the classification extension allows."""
    return re.sub(r"[^0-9A-Za-z_\-]+", "_", name)
