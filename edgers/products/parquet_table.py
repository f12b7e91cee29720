"""Features as rows of a Parquet file, without their outlines."""

import itertools
import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from edgers.products.feature import Column, ColumnType, Feature, clean_text, values_of
from edgers.scene.place import Place

if TYPE_CHECKING:
    import pyarrow as pa

GROUP_ROWS = 8192
"""Rows of a group, which are in memory together: with outlines and texts of a hundred bytes each
some megabytes."""

COMPRESSION = "snappy"
"""What every reader of Parquet knows."""


def write_parquet(
    path: Path, features: Iterable[Feature], columns: Sequence[Column], place: Place,  # noqa: ARG001
    facts: Mapping[str, object],
) -> int:  # fmt: skip
    """Write features a group at a time; give how many there were.

    `facts`, and what the columns mean, are JSON in the file's metadata.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    count = 0
    schema = pa.schema(fields_of(columns))
    with pq.ParquetWriter(path, schema, compression=COMPRESSION, store_schema=False) as writer:
        remaining = iter(features)
        while rows := [values_of(one, columns) for one in itertools.islice(remaining, GROUP_ROWS)]:
            writer.write_table(pa.table(arrays_of(rows, columns), schema=schema))
            count += len(rows)
        writer.add_key_value_metadata(metadata_of(columns, facts))
    return count


def fields_of(columns: Sequence[Column]) -> "list[pa.Field]":
    """Give the fields of a schema."""
    import pyarrow as pa

    types: dict[ColumnType, pa.DataType] = {
        "str": pa.string(),
        "int": pa.int64(),
        "float": pa.float64(),
        "bool": pa.bool_(),
    }
    return [pa.field(column.name, types[column.type]) for column in columns]


def arrays_of(rows: Sequence[Sequence[object]], columns: Sequence[Column]) -> "list[pa.Array]":
    """Give the values of rows, column by column."""
    import pyarrow as pa

    return [
        pa.array([row[i] for row in rows], type=field.type)
        for i, field in enumerate(fields_of(columns))
    ]


def metadata_of(columns: Sequence[Column], facts: Mapping[str, object]) -> dict[str, str]:
    """Give what the file's metadata say of what made the rows, and of what the columns mean."""
    meanings = {
        column.name: {"description": column.description, "unit": column.unit} for column in columns
    }
    texts = {"edgers:provenance": dict(facts), "edgers:columns": meanings}
    return {
        key: clean_text(json.dumps(value, ensure_ascii=False, allow_nan=False))
        for key, value in texts.items()
    }
