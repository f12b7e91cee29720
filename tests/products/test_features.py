"""Files of features: what holds for every format."""

import csv
import errno
import os
import shutil
import weakref
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import numpy as np
import pyarrow.parquet as pq
import pyogrio
import pytest
from builders.earth_places import PLACES
from builders.features import COLUMNS, FACTS, NOWHERE, UTM, a_feature, geojson, written

from edgers.errors import OutputError
from edgers.products import features as feature_files
from edgers.products.features import (
    FORMATS,
    Column,
    Feature,
    Format,
    check_formats,
    with_areas,
    write_features,
)
from edgers.products.parquet_table import GROUP_ROWS
from edgers.products.shapes import CHUNK

KINDS: tuple[Format, ...] = get_args(Format)
HOSTILE = ["", '"', "a,b", "a;b", "\r\n", "\\", "NaN", "null", "' OR 1=1", "=1+1", "\x01\x1f\x7f",
           "\u2028", "\U0001f6f3", "]}", "</script>", "‮abc", "x" * 5_000_000]  # fmt: skip


def values(path: Path, kind: Format, column: str) -> list[object]:
    """Read a column back, in the order of `id`."""
    if kind == "geojson":
        rows = [one["properties"] for one in geojson(path)["features"]]
    elif kind == "csv":
        with path.open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
    elif kind.endswith("parquet"):
        rows = pq.read_table(path).to_pylist()
    else:
        meta, _, _, columns = pyogrio.raw.read(path)
        at = list(meta["fields"])
        rows = [{"id": columns[at.index("id")][i], column: columns[at.index(column)][i]}
                for i in range(len(columns[0]))]  # fmt: skip
    return [row[column] for row in sorted(rows, key=lambda row: int(row["id"]))]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", ["utm", "date line in utm", "swath", "model", "north pole"])
def test_the_same_features_give_the_same_bytes(tmp_path: Path, kind: Format, name: str) -> None:
    features = list(with_areas([a_feature(i) for i in range(5)], PLACES[name]))
    found = set()
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
        found.add(written(tmp_path / folder, features, kind, PLACES[name]).read_bytes())
    assert len(found) == 1


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("place", [UTM, NOWHERE], ids=["utm", "nowhere"])
def test_no_features_give_a_file_that_opens(tmp_path: Path, kind: Format, place: object) -> None:
    path = written(tmp_path, [], kind, place)  # type: ignore[arg-type]
    if kind.endswith("parquet"):
        assert pq.read_table(path).num_rows == 0
    else:
        assert pyogrio.read_info(path, force_feature_count=True)["features"] == 0
    assert os.listdir(tmp_path) == [path.name]


@pytest.mark.parametrize("kind", KINDS)
def test_hostile_texts_come_back_as_they_were(tmp_path: Path, kind: Format) -> None:
    features = [a_feature(i, class_name=text) for i, text in enumerate(HOSTILE)]
    path = written(tmp_path, features, kind)
    csv.field_size_limit(10_000_000)
    found = values(path, kind, "class_name")
    assert found == HOSTILE


@pytest.mark.parametrize("kind", KINDS)
def test_what_text_cannot_hold_is_replaced(tmp_path: Path, kind: Format) -> None:
    features = [a_feature(0, class_name="a\0b"), a_feature(1, class_name="a\ud800b")]
    path = written(tmp_path, features, kind)
    assert values(path, kind, "class_name") == ["a\ufffdb", "a\ufffdb"]


@pytest.mark.parametrize("kind", KINDS)
def test_numbers_that_are_not_finite_are_null(tmp_path: Path, kind: Format) -> None:
    scores = [0.25, np.nan, np.inf, -np.inf, None, np.float32(0.5)]
    path = written(tmp_path, [a_feature(i, score=x) for i, x in enumerate(scores)], kind)
    found = values(path, kind, "score")
    if kind == "csv":
        assert found == ["0.25", "", "", "", "", "0.5"]
    else:
        gone = [x is None or np.isnan(x) for x in found]
        assert gone == [False, True, True, True, True, False]
        assert [found[0], found[-1]] == [0.25, 0.5]


@pytest.mark.parametrize("kind", KINDS)
def test_whole_numbers_of_64_bits_are_kept(tmp_path: Path, kind: Format) -> None:
    numbers = [-(2**63), 2**63 - 1, 2**53 + 1]
    path = written(tmp_path, [a_feature(id=number) for number in numbers], kind)
    assert [int(x) for x in values(path, kind, "id")] == sorted(numbers)  # type: ignore[call-overload]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "properties",
    [{"id": 0.5}, {"id": True}, {"id": 2**63}, {"id": "1"}, {"score": "high"}, {"class_name": 1},
     {"moored": 1}, {"unheard": 1}],
    ids=str,
)  # fmt: skip
def test_a_value_that_fits_no_column_is_refused(
    tmp_path: Path, kind: Format, properties: dict[str, object]
) -> None:
    with pytest.raises(ValueError, match=next(iter(properties))):
        written(tmp_path, [a_feature(**properties)], kind)  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", ["geojson", "geoparquet", "parquet"])
def test_a_file_tells_what_made_it_and_what_its_columns_mean(tmp_path: Path, kind: Format) -> None:
    path = written(tmp_path, [a_feature()], kind)
    text = path.read_bytes()
    assert FACTS["bundle_id"].encode() in text
    for column in COLUMNS:
        assert column.description.encode()[:30] in text
        assert column.name.encode() in text


@pytest.mark.parametrize("kind", KINDS)
def test_of_many_features_few_are_in_memory(tmp_path: Path, kind: Format) -> None:
    alive = most = 0

    def gone() -> None:
        nonlocal alive
        alive -= 1

    def stream() -> Iterator[Feature]:
        nonlocal alive, most
        for i in range(20_000):
            ring = np.array([(0, 0), (9, 0), (9, 9)], float) + i % 900
            weakref.finalize(ring, gone)
            alive += 1
            most = max(most, alive)
            yield Feature(geometry=ring, properties={"id": i})

    assert write_features(tmp_path / "found", stream(), COLUMNS, UTM, kind) == 20_000
    assert most <= (CHUNK if kind in ("geojson", "csv") else GROUP_ROWS) + 2


@pytest.mark.parametrize("kind", KINDS)
def test_a_full_disk_is_told_as_such(tmp_path: Path, kind: Format) -> None:
    (tmp_path / "found").symlink_to("/dev/full")
    (tmp_path / "found.parquet").symlink_to("/dev/full")
    with pytest.raises(OutputError, match=r"found cannot be written|No space left"):
        write_features(tmp_path / "found", [a_feature()] * 3000, COLUMNS, UTM, kind)


def test_what_gdal_cannot_write_is_told_as_such(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise pyogrio.errors.DataLayerError("Failed to write")

    monkeypatch.setattr(pyogrio, "write_arrow", full)
    with pytest.raises(OutputError, match="Failed to write"):
        written(tmp_path, [a_feature()], "flatgeobuf")
    assert os.listdir(tmp_path) == []


def test_an_own_error_of_the_source_is_not_hidden(tmp_path: Path) -> None:
    def broken() -> Iterator[Feature]:
        yield a_feature()
        raise OSError(errno.EIO, "Input/output error")

    with pytest.raises(OutputError, match="Input/output error"):
        write_features(tmp_path / "found", broken(), COLUMNS, UTM)


@pytest.mark.parametrize(("kind", "package"), [(k, p) for k in KINDS for p in FORMATS[k].packages])
def test_a_missing_package_is_named_before_the_run(
    kind: Format, package: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    check_formats(KINDS)
    monkeypatch.setattr(feature_files, "find_spec", lambda name: None if name == package else 1)
    with pytest.raises(OutputError, match=rf"(?s){kind}.*{package}.*edgers\[vectors\]"):
        check_formats(["csv", kind])
    check_formats(["csv", "geojson"])


def test_rows_of_a_table_need_no_outline(tmp_path: Path) -> None:
    rows = [Feature(geometry=None, properties={"id": i}) for i in range(3)]
    for kind in KINDS:
        path = written(tmp_path, rows, kind, columns=[Column(name="id", type="int")])
        assert [int(x) for x in values(path, kind, "id")] == [0, 1, 2]  # type: ignore[call-overload]
        shutil.rmtree(path, ignore_errors=True)
