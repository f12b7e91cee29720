"""Features as GeoParquet 1.1, in the CRS of their scene."""

import itertools
import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from edgers.products.feature import Column, Feature, values_of
from edgers.products.parquet_table import (
    COMPRESSION,
    GROUP_ROWS,
    arrays_of,
    fields_of,
    metadata_of,
)
from edgers.products.shapes import Shape, own_crs, own_shapes
from edgers.products.well_known import wkb_of
from edgers.scene.place import Place

if TYPE_CHECKING:
    import pyarrow as pa

GEOMETRY, BOX = "geometry", "bbox"
"""Columns of the shapes, and of the boxes about them by which readers leave out groups."""
SIDES = ("xmin", "ymin", "xmax", "ymax")

Box = tuple[float, float, float, float]


def write_geoparquet(
    path: Path, features: Iterable[Feature], columns: Sequence[Column], place: Place,
    facts: Mapping[str, object],
) -> int:  # fmt: skip
    """Write features a group at a time; give how many there were.

    Without a place outlines are in columns and rows of pixels, and the CRS is null. Raises
    ValueError where a column has the name of one that GeoParquet has.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    if taken := {GEOMETRY, BOX} & {column.name for column in columns}:
        raise ValueError(f"columns of GeoParquet: {sorted(taken)}")
    box_type = pa.struct([pa.field(side, pa.float64(), nullable=False) for side in SIDES])
    own_fields = [pa.field(BOX, box_type), pa.field(GEOMETRY, pa.binary())]
    schema = pa.schema([*fields_of(columns), *own_fields])
    count, kinds, bounds = 0, set(), None
    with pq.ParquetWriter(path, schema, compression=COMPRESSION, store_schema=False) as writer:
        shapes = own_shapes(features, place)
        while group := list(itertools.islice(shapes, GROUP_ROWS)):
            boxes = [box_of(shape) for _, shape in group]
            kinds |= {_kind(shape) for _, shape in group if shape}
            bounds = _together([box for box in [bounds, *boxes] if box])
            writer.write_table(_table(group, boxes, columns, schema))
            count += len(group)
            del group  # else two of them were in memory
        geo = json.dumps(geo_metadata(place, sorted(kinds), bounds))
        writer.add_key_value_metadata({"geo": geo, **metadata_of(columns, facts)})
    return count


def box_of(shape: Shape | None) -> Box | None:
    """Give the least and the largest of each coordinate: xmin, ymin, xmax, ymax."""
    if not shape:
        return None
    xs, ys = zip(*(point for shell, *_ in shape for point in shell), strict=True)
    return min(xs), min(ys), max(xs), max(ys)


def _table(
    group: Sequence[tuple[Feature, Shape | None]], boxes: Sequence[Box | None],
    columns: Sequence[Column], schema: "pa.Schema",
) -> "pa.Table":  # fmt: skip
    import pyarrow as pa

    rows = [values_of(feature, columns) for feature, _ in group]
    box_rows = [None if box is None else dict(zip(SIDES, box, strict=True)) for box in boxes]
    shapes = [wkb_of(shape) if shape else None for _, shape in group]
    own = [pa.array(box_rows, schema.field(BOX).type), pa.array(shapes, pa.binary())]
    return pa.table([*arrays_of(rows, columns), *own], schema=schema)


def geo_metadata(place: Place, kinds: Sequence[str], bounds: Box | None) -> dict[str, object]:
    """Give the metadata that makes Parquet GeoParquet."""
    crs = own_crs(place)
    column = {
        "encoding": "WKB",
        "geometry_types": list(kinds),
        "crs": None if crs is None else crs.to_dict(projjson=True),
        "orientation": "counterclockwise",
        "edges": "planar",
        **({} if bounds is None else {"bbox": list(bounds)}),
        "covering": {"bbox": {side: [BOX, side] for side in SIDES}},
    }
    return {"version": "1.1.0", "primary_column": GEOMETRY, "columns": {GEOMETRY: column}}


def _together(boxes: Sequence[Box]) -> Box | None:
    if not boxes:
        return None
    west, south, east, north = zip(*boxes, strict=True)
    return min(west), min(south), max(east), max(north)


def _kind(shape: Shape) -> str:
    return "Polygon" if len(shape) == 1 else "MultiPolygon"
