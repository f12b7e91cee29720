"""Polygons of a GeoJSON file that nobody vouches for, with their properties."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rasterio.crs import CRS
from rasterio.errors import CRSError

from edgers.contract.strict_json import MAX_DEPTH, is_too_deep, strict_json
from edgers.errors import BadInputError
from edgers.files import read_file
from edgers.scene.lonlat import LONLAT

MAX_POLYGON_BYTES = 500_000_000
"""Largest file read: a million building outlines. All of it is held in memory."""

Json = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class PolygonFeature:
    """One feature of the file."""

    properties: Json
    """Its properties, as they are."""
    geometry: Json | None
    """A Polygon or MultiPolygon, as it is; None where it has none."""
    member: Json
    """Everything else of it, such as its id."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PolygonFile:
    """All features, and where their coordinates lie."""

    features: Sequence[PolygonFeature]
    """In the order of the file."""
    crs: CRS
    """WGS 84 longitude and latitude (RFC 7946), unless the file has a member 'crs' (2008)."""


def polygons_from_file(path: Path, *, may_be_empty: bool = False) -> PolygonFile:
    """Read a FeatureCollection, a Feature or a geometry; raises BadInputError."""
    data = read_file(path, "polygons", MAX_POLYGON_BYTES, BadInputError)
    try:
        document = strict_json(data)
        if not isinstance(document, dict) or is_too_deep(document):
            raise ValueError(f"it is no object of at most {MAX_DEPTH} levels")
        kind = document.get("type")
        if kind == "FeatureCollection":
            listed = document["features"]
        elif kind == "Feature":
            listed = [document]
        else:
            listed = [{"type": "Feature", "properties": {}, "geometry": document}]
        features = [_feature(one, position) for position, one in enumerate(listed)]
        if not features and not may_be_empty:
            raise ValueError("it has no feature")
        return PolygonFile(features=features, crs=_crs(document))
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise BadInputError(
            f"polygons {path} cannot be read.",
            seen=f"{error}.",
            rule="A GeoJSON file (RFC 7946) of Polygons and MultiPolygons is read.",
            fix="Convert it: ogr2ogr -f GeoJSON -lco RFC7946=YES OUT.geojson FILE",
        ) from error


def _feature(one: Any, position: int) -> PolygonFeature:
    if not isinstance(one, dict) or one.get("type") != "Feature":
        raise ValueError(f"feature {position} is none")
    properties, geometry = one.get("properties") or {}, one.get("geometry")
    if not isinstance(properties, dict):
        raise ValueError(f"feature {position} has properties that are no object")
    if geometry is not None:
        _check(geometry, position)
    return PolygonFeature(
        properties=properties,
        geometry=geometry,
        member={k: v for k, v in one.items() if k not in ("type", "properties", "geometry")},
    )


def _check(geometry: Any, position: int) -> None:
    """Raise ValueError where a geometry is no polygon."""
    kind = geometry.get("type") if isinstance(geometry, dict) else None
    if kind not in ("Polygon", "MultiPolygon"):
        raise ValueError(f"feature {position} is a {kind}, no polygon")
    parts = geometry["coordinates"] if kind == "MultiPolygon" else [geometry["coordinates"]]
    for part in parts:
        for ring in part:
            if len(ring) < 4 or ring[0] != ring[-1]:
                raise ValueError(f"a ring of feature {position} has under 4 points or is open")
            for point in ring:
                if len(point) < 2 or not all(
                    isinstance(x, (int, float)) and not isinstance(x, bool) and math.isfinite(x)
                    for x in point
                ):
                    raise ValueError(f"a point of feature {position} is {point!r:.60}")
    if not parts or not all(parts):
        raise ValueError(f"feature {position} has no ring")


def _crs(document: Json) -> CRS:
    """Give the CRS of the coordinates."""
    stated = document.get("crs")
    if stated is None:
        return LONLAT
    name = str(stated["properties"]["name"])
    if name.endswith("CRS84"):
        return LONLAT
    try:
        return CRS.from_user_input(name)
    except CRSError as error:
        raise ValueError(f"its 'crs' is {name!r:.60}") from error
