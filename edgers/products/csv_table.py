"""Features as CSV (RFC 4180, UTF-8), their outlines as well-known text."""

import csv
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from edgers.products.feature import Column, Feature, Value, values_of
from edgers.products.geojson import PIXELS
from edgers.products.shapes import lonlat_shapes, pixel_shape
from edgers.products.well_known import wkt_of
from edgers.scene.place import Place

SHAPE = "WKT"
"""Column of the outline in longitude and latitude, WGS 84; GDAL knows it by this name."""


def write_csv(
    path: Path, features: Iterable[Feature], columns: Sequence[Column], place: Place,
    facts: Mapping[str, object], *, is_table: bool = False,  # noqa: ARG001
) -> int:  # fmt: skip
    """Write features one by one; give how many there were.

    The last column is the outline, in pixels where the scene has no place; a table has none.
    `facts` have no place in CSV. Null is empty, and so is empty text.
    """
    count, has_place = 0, place.kind != "none"
    shape_names = [] if is_table else [SHAPE if has_place else PIXELS]
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\r\n")
        writer.writerow([*(column.name for column in columns), *shape_names])
        for feature, shape in lonlat_shapes(features, place):
            outline = shape if has_place else pixel_shape(feature)
            texts = csv_texts(feature, columns)
            if not is_table:
                texts.append(wkt_of(outline) if outline else "")
            writer.writerow(texts)
            count += 1
    return count


def csv_texts(feature: Feature, columns: Sequence[Column]) -> list[str]:
    """Give the cells of one row."""
    return [cell_text(value) for value in values_of(feature, columns)]


def cell_text(value: Value) -> str:
    """Write one value; null is empty."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else repr(value)
