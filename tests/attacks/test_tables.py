"""Tables nobody vouches for: damaged, disguised, endless, or cut off."""

import contextlib
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from builders.tables import write_library, write_points, write_table
from hypothesis import given, settings
from hypothesis import strategies as st

from edgers.errors import SceneError
from edgers.scene import csv_file
from edgers.scene.csv_file import CsvFile
from edgers.scene.table import KnownTable, wavelength_um
from edgers.scene.table_file import open_table


def read_all(table: KnownTable) -> int:
    """Read every column as numbers, 7 rows at a time; give the rows."""
    columns = tuple(range(len(table.headings)))
    return sum(len(piece.numbers) for piece in table.pieces(columns, columns, 7))


@pytest.mark.parametrize(("text", "words"), [
    (b"", "no heading|columns"),
    (b"\n\n", "columns"),
    (b"a,b\n1,2\n3\n", "Line 3 has 1 fields"),
    (b"a,b\n1,2,3\n", "Line 2 has 3 fields"),
    (b"a,b\n1,\xff\n", "utf-8"),
    (b"\xff\xfea\0,\0", "utf-8"),
    (b"a,a\n1,2\n", "twice"),
    (b"a,,c\n1,2,3\n", "no heading"),
    (b"a,b\n1,\0\n", "no text"),
    (b'a,b\n1,"2\n', "Line"),
    (b'a,b\n1,"2"x\n', "Line"),
    (b"a,b\n" + b"1" * 200_000 + b",2\n", "field larger"),
    (b"PK\x03\x04" + bytes(200), "no text|damaged"),
    (b",".join(b"c%d" % i for i in range(20_001)) + b"\n", "columns"),
])  # fmt: skip
def test_a_csv_that_is_none_is_refused(text: bytes, words: str, tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(text)
    with pytest.raises(SceneError, match=words):
        read_all(open_table(path))


def test_a_line_without_end_is_not_held(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(csv_file, "MAX_LINE", 1000)
    path = tmp_path / "a.csv"
    path.write_text("a,b\n" + "1," * 600)
    with pytest.raises(SceneError, match="more than 1000 characters"):
        CsvFile(path)


@pytest.mark.parametrize("cell", ["twelve", "1,5", "1_000", "0x10", "=1+1", "--1", "1e", "½"])
def test_what_is_no_number_is_told_with_its_place(cell: str, tmp_path: Path) -> None:
    path = write_table(tmp_path / "a.csv", ["id", "450"], [["x", 1], ["y", cell]])
    with pytest.raises(SceneError, match="row 2, column '450'"):
        list(open_table(path).pieces((1,), (), 10))


@settings(max_examples=150, deadline=None)
@given(data=st.binary(max_size=120))
@pytest.mark.parametrize("ending", ["csv", "parquet", "geojson"])
def test_any_bytes_are_read_or_refused(
    ending: str, data: bytes, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("any") / f"a.{ending}"
    path.write_bytes(data)
    with contextlib.suppress(SceneError):
        read_all(open_table(path))


def test_parquet_that_is_cut_off_or_holds_other_shapes_is_refused(tmp_path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    whole = tmp_path / "a.parquet"
    pq.write_table(pa.table({"450": [1.0, 2.0], "id": ["x", "y"]}), whole)
    (tmp_path / "b.parquet").write_bytes(whole.read_bytes()[:-20])
    with pytest.raises(SceneError, match="damaged"):
        open_table(tmp_path / "b.parquet")
    with pytest.raises(SceneError, match="no numbers in column 'id'"):
        list(open_table(whole).pieces((1,), (), 10))
    line = struct.pack("<BII4d", 1, 2, 2, 0, 0, 1, 1)
    geo = b'{"primary_column": "g", "columns": {"g": {"encoding": "WKB"}}}'
    shapes = pa.table({"g": pa.array([line], pa.binary())}, metadata={})
    for metadata, words in (
        (geo, "no point"),
        (geo.replace(b'"WKB"', b'"WKB", "crs": {"id": {"authority": "EPSG", "code": 3857}}'),
         "EPSG:3857"),
        (geo.replace(b'"WKB"', b'"WKB", "crs": {"name": "x"}'), "without a code"),
        (b"{", "damaged"), (b"[]", "damaged"), (geo.replace(b'"g"', b'"h"', 1), "damaged"),
    ):  # fmt: skip
        path = tmp_path / "c.parquet"
        pq.write_table(shapes.replace_schema_metadata({b"geo": metadata}), path)
        with pytest.raises(SceneError, match=words):
            read_all(open_table(path))


@pytest.mark.parametrize("change", [
    {"geometry": {"type": "Polygon", "coordinates": []}}, {"geometry": {"type": "Point"}},
    {"geometry": {"type": "Point", "coordinates": [1]}}, {"geometry": 5}, {"properties": 5},
    {"geometry": {"type": "Point", "coordinates": ["a", "b"]}},
])  # fmt: skip
def test_geojson_of_something_else_is_refused(change: dict[str, Any], tmp_path: Path) -> None:
    import json

    path = write_points(tmp_path / "a.geojson", [(1, 2)])
    document = json.loads(path.read_text())
    document["features"][0] |= change
    path.write_text(json.dumps(document))
    with pytest.raises(SceneError, match="no GeoJSON of points"):
        open_table(path)


@pytest.mark.parametrize(("fields", "words"), [
    ({"lines": "9"}, "cut off"), ({"bands": "2"}, "several bands"),
    ({"file type": "ENVI Standard"}, "spectral library"), ({"data type": "6"}, "complex"),
    ({"spectra names": "{a}"}, "2 spectra"), ({"wavelength": "{1, 2}"}, "4 bands"),
    ({"lines": "99999999999999999"}, "lines"),
])  # fmt: skip
def test_a_library_that_does_not_fit_its_header_is_refused(
    fields: dict[str, str], words: str, tmp_path: Path
) -> None:
    path = write_library(tmp_path / "a.sli", np.ones((2, 4)), **fields)
    if fields.get("data type") == "6":
        path.write_bytes(bytes(64))
    with pytest.raises(SceneError, match=words):
        open_table(path)


def test_a_library_has_names_scale_and_nodata(tmp_path: Path) -> None:
    path = write_library(
        tmp_path / "a.sli", np.array([[1, 2, 3, 4], [5, 6, 7, 65535]]),
        **{"spectra names": "{oak, birch}", "data ignore value": "65535",
           "reflectance scale factor": "10000"},
    )  # fmt: skip
    table = open_table(path)
    (piece,) = table.pieces((1, 4), (0,), 5)
    assert piece.numbers.tolist() == [[1, 4], [5, 65535]]
    assert piece.texts == [["oak", "birch"]]
    assert (table.nodata, table.bands[1].scale) == (65535, 1e-4)
    assert [band.wavelength_um for band in table.bands[1:3]] == pytest.approx([0.45, 0.55])


@pytest.mark.parametrize(("heading", "um"), [
    ("410.5", 0.4105), ("w_410.5", 0.4105), ("410.5nm", 0.4105), ("R_410", 0.41), ("2.2", 2.2),
    ("0.4105 um", 0.4105), ("wl 2200 nm", 2.2), ("wavelength_450", 0.45), ("X410.5", 0.4105),
    ("12", None), ("id", None), ("B04", None), ("b_2", None), ("lat", None), ("410.5.1", None),
    ("", None), ("2024-05-01", None), ("0.0", None),
])  # fmt: skip
def test_headings_that_are_wavelengths(heading: str, um: float | None) -> None:
    found = wavelength_um(heading)
    assert found == (None if um is None else pytest.approx(um))
