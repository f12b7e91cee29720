"""What is found in a scene: polygons of its pixels, with properties; or rows of a table."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

Value = str | int | float | bool | None
ColumnType = Literal["str", "int", "float", "bool"]
Ring = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Feature:
    """One thing found."""

    geometry: Ring | None
    """Outline of it, (point, (column, row)), in pixels of the scene's grid: 0, 0 is the outer
    corner of the first pixel. In either direction, not closed; None for a row of a table."""
    properties: Mapping[str, Value]
    """What is known of it, by the names of columns; what is missing is null."""
    holes: Sequence[Ring] = ()
    """Rings inside that do not belong to it."""
    others: Sequence[Sequence[Ring]] = ()
    """Further polygons that belong to it, each an outline and its holes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """What one property is."""

    name: str
    """Its name."""
    type: ColumnType
    """Type of its values, each of which may be null: whole numbers have 64 bits."""
    description: str = ""
    """What it means, for people."""
    unit: str = ""
    """Unit; empty where there is none."""


PROVENANCE = (
    Column(name="tile", type="str", description="Tile it was found in, as row_column of the grid."),
    Column(name="score", type="float", description="Confidence of the network, 0 to 1."),
    Column(name="seam_px", type="float", unit="px",
           description="Distance to the nearest seam between tiles."),
    Column(name="nodata_share", type="float", description="Share of it that has no data, 0 to 1."),
    Column(name="bundle_id", type="str", description="Bundle that found it."),
    Column(name="input_sha256", type="str", description="SHA-256 of the scene's samples."),
)  # fmt: skip
"""What every feature tells of where it comes from."""

AREA = Column(name="area_m2", type="float", unit="m²", description="Area on the WGS 84 ellipsoid.")
"""Null where the scene has no place on Earth."""

LARGEST = 2**63 - 1
"""Largest whole number of a column."""

GONE = "\ufffd"
"""Stands for what text cannot hold: NUL, at which text ends for half the readers there are, and
halves of surrogate pairs, which UTF-8 does not have."""


def values_of(feature: Feature, columns: Sequence[Column]) -> list[Value]:
    """Give the values of a feature in the order of the columns, as each format can hold them.

    Numbers that are not finite are null, and numpy's become Python's. Raises ValueError where a
    property has no column, or a value is not of its column's type.
    """
    unknown = feature.properties.keys() - {column.name for column in columns}
    if unknown:
        raise ValueError(f"no column for {sorted(unknown)}")
    return [_value(column, feature.properties.get(column.name)) for column in columns]


def clean_text(text: str) -> str:
    """Replace what not every format can hold."""
    text = text.replace("\0", GONE)
    return (
        text
        if text.isascii()
        else text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    )


def _value(column: Column, value: object) -> Value:
    if isinstance(value, np.generic):
        value = value.item()
    if value is None:
        return None
    if column.type == "str" and isinstance(value, str):
        return clean_text(value)
    if column.type == "bool" and isinstance(value, bool):
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        if column.type == "int" and -LARGEST - 1 <= value <= LARGEST:
            return value
        if column.type == "float":
            value = float(value)
    if column.type == "float" and isinstance(value, float):
        # Plus zero, so that none is -0.0.
        return value + 0.0 if math.isfinite(value) else None
    raise ValueError(f"{column.name}: {value!r:.40} is no {column.type}")
