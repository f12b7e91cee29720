"""Embeddings as GeoParquet 1.1: a list of fixed length a row, beside what the table says."""

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from edgers.products.feature import Column, values_of
from edgers.products.geoparquet import (
    BOX,
    GEOMETRY,
    SIDES,
    box_of,
    geo_metadata,
)
from edgers.products.parquet_table import COMPRESSION, arrays_of, fields_of, metadata_of
from edgers.products.row_table import Rows
from edgers.products.shapes import own_shapes
from edgers.products.well_known import wkb_of
from edgers.scene.place import Place

if TYPE_CHECKING:
    import pyarrow as pa

EMBEDDING = "embedding"


def write_embeddings(
    path: Path, pieces: Iterable[Rows], columns: Sequence[Column], place: Place,
    facts: Mapping[str, object],
) -> None:  # fmt: skip
    """Write rows a piece at a time, the numbers of each as a fixed-size list of float32."""
    import pyarrow.parquet as pq

    writer, schema = None, None
    try:
        for piece in pieces:
            if writer is None:
                schema = _schema(columns, piece.numbers.shape[1], place, facts)
                # Parquet knows lists of any length; Arrow's schema beside it tells the length.
                writer = pq.ParquetWriter(path, schema, compression=COMPRESSION, store_schema=True)
            writer.write_table(_group(piece, columns, place, schema))
    finally:
        if writer is not None:
            writer.close()


def _schema(
    columns: Sequence[Column], length: int, place: Place, facts: Mapping[str, object]
) -> "pa.Schema":
    """Give the columns, and the metadata that make Parquet GeoParquet."""
    import pyarrow as pa

    box_type = pa.struct([pa.field(side, pa.float64(), nullable=False) for side in SIDES])
    vector = pa.list_(pa.field("element", pa.float32(), nullable=False), length)
    own = [pa.field(EMBEDDING, vector), pa.field(BOX, box_type), pa.field(GEOMETRY, pa.binary())]
    # Which types there are, and the box about all, are known at the end, and may be left out.
    geo = json.dumps(geo_metadata(place, [], None))
    return pa.schema(
        [*fields_of(columns), *own], metadata={"geo": geo, **metadata_of(columns, facts)}
    )


def _group(piece: Rows, columns: Sequence[Column], place: Place, schema: "pa.Schema") -> "pa.Table":
    import pyarrow as pa

    shaped = list(own_shapes(piece.features, place))
    boxes = [box_of(shape) for _, shape in shaped]
    box_rows = [None if box is None else dict(zip(SIDES, box, strict=True)) for box in boxes]
    numbers = pa.array(np.ascontiguousarray(piece.numbers).reshape(-1))
    own = [
        pa.FixedSizeListArray.from_arrays(numbers, type=schema.field(EMBEDDING).type),
        pa.array(box_rows, schema.field(BOX).type),
        pa.array([wkb_of(shape) if shape else None for _, shape in shaped], pa.binary()),
    ]
    cells = arrays_of([values_of(feature, columns) for feature, _ in shaped], columns)
    return pa.table([*cells, *own], schema=schema)
