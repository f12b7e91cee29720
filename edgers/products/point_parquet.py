"""Rows of a table as Parquet, or as GeoParquet 1.1 of points where they lie on Earth."""

import json
import struct
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from edgers.products.answered_table import AnsweredTable
from edgers.products.embedding_parquet import EMBEDDING
from edgers.products.feature import Feature, values_of
from edgers.products.geoparquet import GEOMETRY
from edgers.products.parquet_table import COMPRESSION, arrays_of, fields_of, metadata_of

POINT = struct.Struct("<BI2d")
"""Well-known binary of a point, little end first: order, type 1, x, y."""


def write_rows(
    path: Path, table: AnsweredTable, facts: Mapping[str, object], *, with_points: bool
) -> None:
    """Write all rows a piece at a time, an embedding as a list of float32 of fixed length, of
    NaN where there is none.

    Without a CRS named, GeoParquet means longitude and latitude on WGS 84 (OGC:CRS84).
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    columns = table.columns
    fields, length = fields_of(columns), table.meaning.length
    if table.meaning.is_embedding:
        vector = pa.list_(pa.field("element", pa.float32()), length)
        fields.append(pa.field(EMBEDDING, vector))
    metadata = metadata_of(columns, facts)
    if with_points:
        fields.append(pa.field(GEOMETRY, pa.binary()))
        column = {"encoding": "WKB", "geometry_types": ["Point"]}
        geo = {"version": "1.1.0", "primary_column": GEOMETRY, "columns": {GEOMETRY: column}}
        metadata["geo"] = json.dumps(geo)
    schema = pa.schema(fields, metadata=metadata)
    origin = str(facts["bundle_id"]), str(facts["scene_sha256"])
    names = [one.name for one in columns]
    # Arrow's schema tells the length of a list, which Parquet does not know.
    with pq.ParquetWriter(path, schema, compression=COMPRESSION, store_schema=True) as writer:
        for piece in table.pieces(origin):
            rows = [
                values_of(
                    Feature(geometry=None, properties=dict(zip(names, cells, strict=True))), columns
                )
                for cells in zip(*piece.cells, strict=True)
            ]
            arrays = arrays_of(rows, columns)
            if table.meaning.is_embedding:
                flat = pa.array(np.ascontiguousarray(piece.numbers).reshape(-1))
                kind = schema.field(EMBEDDING).type
                arrays.append(pa.FixedSizeListArray.from_arrays(flat, type=kind))
            if with_points:
                points = [None if np.isnan(lon) else POINT.pack(1, 1, lon, lat)
                          for lon, lat in piece.points.tolist()]  # fmt: skip
                arrays.append(pa.array(points, pa.binary()))
            writer.write_table(pa.table(arrays, schema=schema))
