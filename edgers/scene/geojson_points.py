"""Points in GeoJSON (RFC 7946), with their properties as columns."""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from edgers.errors import SceneError
from edgers.files import read_file
from edgers.scene.bands import SceneBand
from edgers.scene.table import TablePiece, check_headings, column_bands, number_of

MAX_BYTES = 64 * 2**20
"""Largest file read: GeoJSON is held whole. Larger ones go as CSV or GeoParquet."""


class GeoJsonPoints:
    """One file of points, held in memory."""

    nodata: float | None = None
    """GeoJSON has null."""

    def __init__(self, path: Path) -> None:
        """Read it; raises SceneError where it holds anything but points."""
        data = read_file(path, "table", MAX_BYTES, SceneError)
        self._name, self.files = path.name, (path,)
        try:
            features = json.loads(data)["features"]
            points = [_position(one) for one in features]
            self._properties: list[Mapping[str, Any]] = [one["properties"] or {}
                                                         for one in features]  # fmt: skip
            names = dict.fromkeys(key for one in self._properties for key in one)
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            raise SceneError(
                f"table {path.name} is no GeoJSON of points.",
                seen=f"{str(error)[:100]}.",
                rule="It is a FeatureCollection (RFC 7946) whose geometries are points, or null.",
            ) from error
        self._points = np.array(points, np.float64).reshape(len(points), 2)
        self.headings = ("lon", "lat", *(one for one in names if one not in ("lon", "lat")))
        check_headings(self.headings, path.name)
        self.bands: tuple[SceneBand, ...] = column_bands(self.headings)
        self.rows = len(points)

    def pieces(
        self, numbers: Sequence[int], texts: Sequence[int], rows: int
    ) -> Iterator[TablePiece]:
        """Give some columns, `rows` rows at a time."""
        for start in range(0, self.rows, rows):
            span = range(start, min(start + rows, self.rows))
            held = [[self._number(row, i) for i in numbers] for row in span]
            yield TablePiece(
                start=start,
                numbers=np.array(held, np.float64).reshape(len(span), len(numbers)),
                texts=[[self._text(row, i) for row in span] for i in texts],
            )

    def _number(self, row: int, column: int) -> float:
        return number_of(self._text(row, column), self.headings[column], row, self._name)

    def _text(self, row: int, column: int) -> str:
        if column < 2:
            degrees = float(self._points[row, column])
            return "" if np.isnan(degrees) else repr(degrees)
        value = self._properties[row].get(self.headings[column])
        if value is None:
            return ""
        return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _position(feature: Mapping[str, Any]) -> tuple[float, float]:
    """Give longitude and latitude, NaN for a null geometry; raises ValueError for no point."""
    geometry = feature["geometry"]
    if geometry is None:
        return float("nan"), float("nan")
    if geometry["type"] != "Point":
        raise ValueError(f"a geometry is a {str(geometry['type'])[:40]}")
    lon, lat, *_ = geometry["coordinates"]
    return float(lon), float(lat)
