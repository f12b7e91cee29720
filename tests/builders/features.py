"""Features and the places they are found at."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from affine import Affine
from rasterio.crs import CRS

from edgers.products.features import (
    AREA,
    PROVENANCE,
    Column,
    Feature,
    Format,
    Value,
    write_features,
)
from edgers.scene.place import Place

COLUMNS = (
    Column(name="id", type="int"),
    Column(name="class_name", type="str", description="Class."),
    Column(name="moored", type="bool"),
    *PROVENANCE,
    AREA,
)

FACTS = {"scene": "scene.tif", "model": "ships", "bundle_id": "ab" * 32}

UTM = Place(
    height_px=1000, width_px=1200, crs=CRS.from_epsg(32630),
    transform=Affine(10, 0, 600_000, 0, -10, 4_200_000),
)  # fmt: skip
NOWHERE = Place(height_px=1000, width_px=1200, crs=None, transform=Affine.identity())


def box(left: float, top: float, right: float, bottom: float) -> np.ndarray:
    return np.array([(left, top), (right, top), (right, bottom), (left, bottom)], float)


def a_feature(number: int = 0, **properties: Value) -> Feature:
    """Give a box of 20 × 10 px whose corner is at 30 px, further on for each number."""
    corner = 30.0 * (number + 1)
    return Feature(
        geometry=box(corner, corner, corner + 20, corner + 10),
        properties={"id": number, "class_name": "ship", "score": 0.5, **properties},
    )


def written(
    folder: Path, features: Sequence[Feature], kind: Format, place: Place = UTM,
    columns: Sequence[Column] = COLUMNS,
) -> Path:  # fmt: skip
    path = folder / f"found.{kind}"
    assert write_features(path, features, columns, place, kind, FACTS) == len(features)
    return path


def geojson(path: Path) -> dict[str, Any]:
    """Read GeoJSON as strictly as RFC 8259 has it: no NaN, no name twice."""

    def refuse(text: str) -> None:
        raise ValueError(text)

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        assert len({name for name, _ in pairs}) == len(pairs)
        return dict(pairs)

    text = path.read_bytes().decode()
    found: dict[str, Any] = json.loads(text, parse_constant=refuse, object_pairs_hook=once)
    return found
