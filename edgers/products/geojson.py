"""Features as GeoJSON (RFC 7946): WGS 84, counter-clockwise, cut at the date line."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from edgers.products.feature import Column, Feature, clean_text, values_of
from edgers.products.shapes import Shape, lonlat_shapes, pixel_shape
from edgers.products.well_known import wkt_of
from edgers.scene.place import Place

PIXELS = "pixel_wkt"
"""Property of a feature that has no place on Earth: its outline in columns and rows of pixels."""


def write_geojson(
    path: Path, features: Iterable[Feature], columns: Sequence[Column], place: Place,
    facts: Mapping[str, object],
) -> int:  # fmt: skip
    """Write features one by one; give how many there were.

    One without a place is `unlocated` in the words of RFC 7946, section 3.2: its geometry is null.
    `facts` are a foreign member, and so is what the columns mean.
    """
    count, box = 0, BoundingBox()
    with path.open("w", encoding="utf-8", newline="\n") as file:
        head = {"type": "FeatureCollection", "name": path.stem, **_foreign(columns, facts)}
        file.write(_json(head)[:-1] + ',"features":[')
        for line, shape in geojson_lines(features, columns, place):
            if shape:
                box.add(shape)
            file.write((",\n" if count else "\n") + line)
            count += 1
        bounds = box.bounds()
        file.write("\n]" + (f',"bbox":{_json(bounds)}' if bounds else "") + "}\n")
    return count


def geojson_lines(
    features: Iterable[Feature], columns: Sequence[Column], place: Place
) -> Iterator[tuple[str, Shape | None]]:
    """Give each feature as a line of JSON, without its end, and its shape on the ground."""
    names = [column.name for column in columns]
    for feature, shape in lonlat_shapes(features, place):
        properties = dict(zip(names, values_of(feature, columns), strict=True))
        if shape is None and feature.geometry is not None:
            outline = pixel_shape(feature)
            properties[PIXELS] = wkt_of(outline) if outline else None
        line = {"type": "Feature", "geometry": geometry_of(shape), "properties": properties}
        yield _json(line), shape


def geometry_of(shape: Shape | None) -> dict[str, object] | None:
    """Give the GeoJSON geometry of a shape: a Polygon, a MultiPolygon, or null."""
    if not shape:
        return None
    if len(shape) == 1:
        return {"type": "Polygon", "coordinates": shape[0]}
    return {"type": "MultiPolygon", "coordinates": shape}


@dataclass(slots=True)
class BoundingBox:
    """Bounds of shapes in degrees, taken from Greenwich and from the date line."""

    west: float = 180.0
    """Least longitude."""
    east: float = -180.0
    """Largest longitude."""
    far_west: float = 360.0
    """Least longitude, counted from 0 to 360."""
    far_east: float = 0.0
    """Largest longitude, counted from 0 to 360."""
    south: float = 90.0
    """Least latitude."""
    north: float = -90.0
    """Largest latitude."""

    def add(self, shape: Shape) -> None:
        """Take a shape in."""
        for shell, *_ in shape:
            longitudes, latitudes = zip(*shell, strict=True)
            west, east = min(longitudes), max(longitudes)
            # A part lies on one side of the date line, and perhaps on both of Greenwich.
            turn = 360 if (west + east) / 2 < 0 else 0
            self.west, self.east = min(self.west, west), max(self.east, east)
            if west < 0 < east:
                self.far_west, self.far_east = 0.0, 360.0
            self.far_west = min(self.far_west, west + turn)
            self.far_east = max(self.far_east, east + turn)
            self.south = min(self.south, *latitudes)
            self.north = max(self.north, *latitudes)

    def bounds(self) -> list[float] | None:
        """Give west, south, east and north; west is greater than east across the date line."""
        if self.south > self.north:
            return None
        west, east = self.west, self.east
        if self.far_east - self.far_west < east - west:
            west, east = (round((x + 180) % 360 - 180, 7) for x in (self.far_west, self.far_east))
        return [west, self.south, east, self.north]


def _foreign(columns: Sequence[Column], facts: Mapping[str, object]) -> dict[str, object]:
    """Give foreign members: what made the features, and what their properties mean."""
    meanings = {
        column.name: {"type": column.type, "description": column.description, "unit": column.unit}
        for column in columns
    }
    return {"edgers:provenance": dict(facts), "edgers:columns": meanings}


def _json(value: object) -> str:
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return clean_text(text)
