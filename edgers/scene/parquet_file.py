"""Tables in Parquet, and GeoParquet of points, read a batch at a time."""

import json
import struct
from collections.abc import Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from edgers.errors import SceneError
from edgers.files import check_file
from edgers.scene.bands import SceneBand
from edgers.scene.table import TablePiece, check_headings, column_bands

POINT = struct.Struct("<BI2d")
"""Well-known binary of a point, little end first: order, type 1, longitude, latitude."""
DEGREES = ("OGC:CRS84", "EPSG:4326")
"""What a CRS of longitude and latitude is called; GeoParquet has x first whatever it says."""
LONLAT = ("lon", "lat")


class ParquetFile:
    """One table in Parquet; points of GeoParquet become columns `lon` and `lat`."""

    nodata: float | None = None
    """Parquet has nulls."""

    def __init__(self, path: Path) -> None:
        """Read the schema; raises SceneError where it is no Parquet, or pyarrow is missing."""
        if find_spec("pyarrow") is None:
            raise SceneError(
                f"table {path.name} cannot be read.",
                seen="The package pyarrow is not installed.",
                fix="Install it with: pip install 'edgers[vectors]', or give a CSV.",
            )
        import pyarrow as pa
        import pyarrow.parquet as pq

        check_file(path, "table", SceneError)
        self._path, self.files = path, (path,)
        try:
            self._file = pq.ParquetFile(path)
            schema = self._file.schema_arrow
            self.rows = int(self._file.metadata.num_rows)
        except (pa.ArrowException, OSError, ValueError) as error:
            raise self._damaged(error) from error
        self._geometry = _point_column(schema, path.name)
        kept = [i for i, one in enumerate(schema) if _is_plain(one.type)]
        self._columns = [schema[i].name for i in kept]
        added = () if self._geometry is None else tuple(
            name for name in LONLAT if name not in self._columns
        )  # fmt: skip
        self.headings = (*self._columns, *added)
        check_headings(self.headings, path.name)
        self.bands: tuple[SceneBand, ...] = column_bands(self.headings)

    def pieces(
        self, numbers: Sequence[int], texts: Sequence[int], rows: int
    ) -> Iterator[TablePiece]:
        """Read some columns, `rows` rows at a time."""
        import pyarrow as pa

        wanted = dict.fromkeys(self.headings[i] for i in (*numbers, *texts))
        needs_points = any(name not in self._columns for name in wanted)
        columns = [name for name in wanted if name in self._columns]
        if needs_points and self._geometry is not None:
            columns.append(self._geometry)
        start = 0
        try:
            # Batches end with groups of rows, so they are put together to pieces of one size.
            for batch in _evenly(self._file.iter_batches(rows, columns=columns), rows):
                points = self._points(batch) if needs_points else {}
                yield TablePiece(
                    start=start,
                    numbers=np.stack(
                        [self._numbers(batch, points, self.headings[i]) for i in numbers], axis=1
                    ) if numbers else np.empty((batch.num_rows, 0)),
                    texts=[_texts(batch, points, self.headings[i]) for i in texts],
                )  # fmt: skip
                start += batch.num_rows
        except (pa.ArrowException, OSError) as error:
            raise self._damaged(error) from error

    def _numbers(
        self, batch: Any, points: dict[str, npt.NDArray[np.float64]], name: str
    ) -> npt.NDArray[np.float64]:
        import pyarrow as pa

        if name in points:
            return points[name]
        column = batch.column(name)
        if not (pa.types.is_floating(column.type) or pa.types.is_integer(column.type)):
            raise SceneError(
                f"table {self._path.name} has no numbers in column {name[:40]!r}.",
                seen=f"Its type is {column.type}.",
            )
        found = column.cast(pa.float64(), safe=False).to_numpy(zero_copy_only=False)
        return np.asarray(found, np.float64)

    def _points(self, batch: Any) -> dict[str, npt.NDArray[np.float64]]:
        found = np.full((batch.num_rows, 2), np.nan)
        for i, data in enumerate(batch.column(self._geometry).to_pylist()):
            if data is None:
                continue
            if len(data) < POINT.size or data[:5] != b"\x01\x01\0\0\0":
                raise self._damaged("a geometry is no point")
            found[i] = POINT.unpack_from(data)[2:]
        return dict(zip(LONLAT, found.T, strict=True))

    def _damaged(self, error: object) -> SceneError:
        return SceneError(
            f"table {self._path.name} is damaged, or no Parquet of this kind.",
            seen=f"{str(error).splitlines()[0][:200] if str(error) else error!r}.",
        )


def _evenly(batches: Iterator[Any], rows: int) -> Iterator[Any]:
    """Give batches of `rows` rows, the last with what is left."""
    import pyarrow as pa

    held: list[Any] = []
    count = 0
    for batch in batches:
        held.append(batch)
        count += batch.num_rows
        while count >= rows:
            table = pa.Table.from_batches(held).combine_chunks()
            yield _batch(table.slice(0, rows))
            count -= rows
            held = table.slice(rows).to_batches() if count else []
    if count:
        yield _batch(pa.Table.from_batches(held))


def _batch(table: Any) -> Any:
    (found,) = table.combine_chunks().to_batches()
    return found


def _is_plain(kind: Any) -> bool:
    """Tell whether a column holds a number, a text, a time or yes and no."""
    from pyarrow import types

    tests = (types.is_floating, types.is_integer, types.is_string, types.is_large_string,
             types.is_boolean, types.is_temporal, types.is_decimal)  # fmt: skip
    return any(test(kind) for test in tests)


def _texts(batch: Any, points: dict[str, npt.NDArray[np.float64]], name: str) -> list[str]:
    if name in points:
        return ["" if np.isnan(one) else repr(float(one)) for one in points[name]]
    return ["" if one is None else str(one) for one in batch.column(name).to_pylist()]


def _point_column(schema: Any, origin: str) -> str | None:
    """Give the column of points, if there is one; raises SceneError where its CRS is another."""
    stated = (schema.metadata or {}).get(b"geo")
    if stated is None:
        return None
    try:
        geo = json.loads(stated)
        name = str(geo["primary_column"])
        column = geo["columns"][name]
        crs, encoding = column.get("crs", {}), column["encoding"]
        identity = (crs or {}).get("id") or {}
        code = f"{identity.get('authority', 'OGC')}:{identity.get('code', 'CRS84')}"
        schema.field(name)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise SceneError(f"table {origin} has damaged GeoParquet metadata.") from error
    if encoding != "WKB" or code not in DEGREES or (crs and not identity):
        raise SceneError(
            f"the points of {origin} cannot be taken for longitude and latitude.",
            seen=f"Encoding {encoding}, CRS {code if identity or not crs else 'without a code'}.",
            rule=f"Accepted: WKB in {' or '.join(DEGREES)}.",
        )
    return name
