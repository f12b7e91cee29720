"""Features as FlatGeobuf, in the CRS of their scene, with a spatial index."""

import warnings
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from edgers.products.feature import Column, Feature
from edgers.products.geoparquet import GEOMETRY, write_geoparquet
from edgers.products.shapes import own_crs
from edgers.scene.lonlat import LONLAT
from edgers.scene.place import Place

if TYPE_CHECKING:
    import pyarrow as pa


def write_flatgeobuf(
    path: Path, features: Iterable[Feature], columns: Sequence[Column], place: Place,
    facts: Mapping[str, object],
) -> int:  # fmt: skip
    """Write features by way of a Parquet file beside `path`; give how many there were.

    GDAL must know beforehand whether each has a place: a spatial index, which also changes their
    order, takes none without. Under a name that does not end as it expects it makes a folder.
    `facts` have no place in what GDAL writes.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    passing, made = (path.with_name(path.name + ending) for ending in (".parquet", ".fgb"))
    try:
        count = write_geoparquet(passing, features, columns, place, facts)
        with pq.ParquetFile(passing) as rows:
            gone = sum(b.column(0).null_count for b in rows.iter_batches(columns=[GEOMETRY]))
            names = [*(column.name for column in columns), GEOMETRY]
            schema = pa.schema([rows.schema_arrow.field(name) for name in names])
            batches = (batch.select(names) for batch in rows.iter_batches(columns=names))
            reader = pa.RecordBatchReader.from_batches(schema, batches)
            _write(made, reader, place, layer=path.stem, has_index=count > 0 and not gone)
        made.replace(path)
    finally:
        passing.unlink(missing_ok=True)
        made.unlink(missing_ok=True)
    return count


def _write(
    path: Path, reader: "pa.RecordBatchReader", place: Place, *, layer: str, has_index: bool
) -> None:
    """Hand rows to GDAL; raises OSError where it cannot write them."""
    import pyogrio
    from pyogrio.errors import DataLayerError, DataSourceError

    # Degrees under the name that has a code, which is what the format can hold.
    crs = LONLAT if place.kind in ("gcps", "rpcs") else own_crs(place)
    path.unlink(missing_ok=True)
    try:
        with warnings.catch_warnings():
            # A scene without a place has no CRS, as pyogrio then warns.
            warnings.simplefilter("ignore", UserWarning)
            pyogrio.write_arrow(
                reader, path, driver="FlatGeobuf", layer=layer, geometry_name=GEOMETRY,
                geometry_type="Unknown", crs=None if crs is None else crs.to_wkt("WKT2_2019"),
                layer_options={
                    "SPATIAL_INDEX": "YES" if has_index else "NO",
                    "TEMPORARY_DIR": str(path.parent),
                },
            )  # fmt: skip
    except (DataLayerError, DataSourceError) as error:
        raise OSError(0, f"GDAL says: {error}") from error
