"""Models over tables of spectra: rows in, rows out, whatever the file and the order."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import rasterio
from builders.programs import close
from builders.runs import edgers
from builders.scenes import write_scene
from builders.tables import (
    WAVELENGTHS_NM,
    matrix_rows_net,
    read_table,
    row_document,
    rows_bundle,
    run_rows,
    spectral_bands,
    write_library,
    write_table,
)
from onnx import helper, numpy_helper
from PIL import Image

from edgers.bundle import open_bundle
from edgers.errors import BandError, ContractError, EdgersError, SceneError
from edgers.pipeline import table_run
from edgers.pipeline.model import load_model
from edgers.pipeline.options import RunOptions
from edgers.pipeline.run import run_scene

NAMES = ("clay", "sand", "peat")
MATRIX = np.random.default_rng(0).normal(size=(4, 3))
SCALING: dict[str, Any] = {"value_scaling": [{"type": "scale", "value": 10_000}]}
HEADINGS = ("id", "w_850", "450", "550nm", "0.65", "lon", "lat", "class")
"""Columns in another order than the model's bands."""


def classes_of(spectra: npt.NDArray[Any]) -> list[str]:
    scaled = spectra.astype(np.float32) / np.float32(10_000)
    return [NAMES[i] for i in (scaled @ MATRIX.astype(np.float32)).argmax(axis=1)]


def rows_of(spectra: npt.NDArray[Any]) -> list[list[Any]]:
    return [[f"s{i}", row[3], *row[:3].tolist(), i / 100, -i / 100, "known"]
            for i, row in enumerate(spectra)]  # fmt: skip


@pytest.fixture(scope="module")
def spectra() -> npt.NDArray[np.uint16]:
    return np.random.default_rng(1).integers(1, 10_000, (1300, 4)).astype(np.uint16)


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    document = row_document(spectral_bands(), "class", 3, classes=NAMES, source=SCALING)
    return rows_bundle(tmp_path_factory.mktemp("rows"), document, matrix_rows_net(MATRIX))


def test_a_table_gets_a_class_a_row_and_keeps_its_other_columns(
    bundle: Path, spectra: npt.NDArray[np.uint16], tmp_path: Path
) -> None:
    rows = rows_of(spectra)
    rows[5][2] = ""
    rows[7][1] = rows[7][3] = "NaN"
    table = write_table(tmp_path / "field.csv", HEADINGS, rows)
    report = run_rows(bundle, table, tmp_path / "out", vectors=("parquet", "geoparquet"))
    found = read_table(report.products[0])
    wanted = classes_of(spectra)
    assert [row["class_name"] for i, row in enumerate(found) if i not in (5, 7)] == [
        name for i, name in enumerate(wanted) if i not in (5, 7)
    ]
    assert [row["reason"] for row in found[5:8]] == [
        "1 of 4 bands missing: s0", "", "2 of 4 bands missing: s1, s3",
    ]  # fmt: skip
    assert found[5]["class"] == found[5]["p_clay"] == ""
    assert (found[6]["row"], found[6]["id"], found[6]["in_class"]) == ("7", "s6", "known")
    assert "w_850" not in found[0]
    assert (report.rows, report.missing_rows, report.found.rows) == (1300, 2, 1298)
    names = [path.name.removeprefix("field_rows") for path in report.products]
    assert names == [".csv", "_table.parquet", ".parquet", ".png", ".json"]
    item = json.loads(report.products[-1].read_text())
    assert item["bbox"] == [0.0, -12.99, 12.99, 0.0]
    with Image.open(report.products[3]) as picture:
        colours = {colour for _, colour in picture.getcolors(2**24) or []}
    assert {(0xB5, 0xA8, 0x86), (0x2B, 0x6C, 0xB0), (0xE2, 0xE8, 0xF0)} <= colours


def test_every_kind_of_file_gives_the_same(
    bundle: Path, spectra: npt.NDArray[np.uint16], tmp_path: Path
) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    table = write_table(tmp_path / "a.csv", HEADINGS, rows_of(spectra))
    semicolons = tmp_path / "b.csv"
    semicolons.write_text("\ufeff" + table.read_text().replace(",", ";"), encoding="utf-8")
    columns = dict(zip(HEADINGS, zip(*rows_of(spectra), strict=True), strict=True))
    parquet = tmp_path / "c.parquet"
    # Groups of rows that are no batches.
    pq.write_table(pa.table({k: list(v) for k, v in columns.items()}), parquet, row_group_size=400)
    library = write_library(tmp_path / "d.sli", spectra)
    seen = []
    for path in (table, semicolons, parquet, library):
        report = run_rows(bundle, path, tmp_path / "out")
        found = read_table(report.products[0])
        seen.append([(row["class_name"], row["p_sand"]) for row in found])
    assert seen[0] == seen[1] == seen[2] == seen[3]


def test_what_stands_beside_a_row_changes_nothing(
    bundle: Path, spectra: npt.NDArray[np.uint16], tmp_path: Path
) -> None:
    rows, order = rows_of(spectra), np.random.default_rng(2).permutation(len(spectra))
    tables = [
        write_table(tmp_path / "a.csv", HEADINGS, rows),
        write_table(tmp_path / "b.csv", HEADINGS, [rows[i] for i in order]),
        write_table(tmp_path / "c.csv", HEADINGS, rows[:3]),
    ]
    seen = []
    for table in tables:
        found = read_table(run_rows(bundle, table, tmp_path / "out").products[0])
        seen.append({row["id"]: row["p_clay"] for row in found})
    assert seen[0] == seen[1]
    assert seen[2].items() <= seen[0].items()


def test_a_run_that_was_stopped_goes_on_to_the_same_bytes(
    bundle: Path, spectra: npt.NDArray[np.uint16], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = rows_of(spectra)
    rows[3][1] = ""
    table = write_table(tmp_path / "a.csv", HEADINGS, rows)
    whole = run_rows(bundle, table, tmp_path / "whole", workers=2)
    write, count = table_run.TableDrafts.write, [0]

    def stops(self: table_run.TableDrafts, *arguments: Any) -> tuple[int, ...]:
        count[0] += 1
        if count[0] == 2:
            raise KeyboardInterrupt
        return write(self, *arguments)

    monkeypatch.setattr(table_run.TableDrafts, "write", stops)
    with pytest.raises(KeyboardInterrupt):
        run_rows(bundle, table, tmp_path / "out")
    assert not list((tmp_path / "out").glob("*.csv"))
    report = run_rows(bundle, table, tmp_path / "out")
    assert report.reused_rows == 1024
    for one, other in zip(report.products, whole.products, strict=True):
        assert one.read_bytes() == other.read_bytes()


def test_the_same_model_runs_over_a_raster(
    bundle: Path, spectra: npt.NDArray[np.uint16], tmp_path: Path
) -> None:
    cube = spectra[:1200].T.reshape(4, 30, 40)
    scene = write_scene(tmp_path / "cube.tif", cube)
    with rasterio.open(scene, "r+") as dataset:
        for i, nm in enumerate(WAVELENGTHS_NM, 1):
            dataset.update_tags(i, wavelength=str(nm), wavelength_units="nm")
    with load_model(open_bundle(bundle)) as model:
        report = run_scene(model, scene, tmp_path / "out", RunOptions())
    with rasterio.open(report.products[0]) as dataset:
        found = [NAMES[i] for i in dataset.read(1).ravel()]
    assert found == classes_of(spectra[:1200])


@pytest.mark.parametrize("axes", [("batch", "length", "channel"), ("batch", "channel", "length")])
def test_convolutions_along_a_spectrum_get_their_axes(
    axes: tuple[str, ...], tmp_path: Path
) -> None:
    shape = ["n", 1, 4] if axes[1] == "length" else ["n", 4, 1]
    nodes = [
        helper.make_node("Reshape", ["x", "shape"], ["line"]),
        helper.make_node("Conv", ["line", "w"], ["c"]),
        helper.make_node("Reshape", ["c", "flat"], ["y"]),
    ]
    weights = [
        numpy_helper.from_array(
            np.array([0, 1, 4] if axes[1] == "length" else [-1, 1, 4]), "shape"
        ),
        numpy_helper.from_array(np.array([[[1.0, -1.0]]], np.float32), "w"),
        numpy_helper.from_array(np.array([-1, 3]), "flat"),
    ]
    net = close(nodes, {"x": shape}, {"y": ["n", 3]}, weights)
    document = row_document(spectral_bands(), "channel", 3, axes=axes)
    table = write_table(tmp_path / "a.csv", WAVELENGTHS_NM, [[1, 3, 7, 12], [5, 5, 5, 5]])
    report = run_rows(rows_bundle(tmp_path, document, net), table, tmp_path / "out")
    found = read_table(report.products[0])
    values = [[float(row[f"value {i}"]) for i in (1, 2, 3)] for row in found]
    assert values == [[-2, -4, -5], [0, 0, 0]]
    assert report.found.values[0].least == -2


def test_a_graph_whose_rows_hang_on_one_another_is_not_compiled(tmp_path: Path) -> None:
    nodes = [
        helper.make_node("ReduceMean", ["x"], ["m"], axes=[0], keepdims=1),
        helper.make_node("Sub", ["x", "m"], ["y"]),
    ]
    net = close(nodes, {"x": ["n", 4]}, {"y": ["n", 4]}, [])
    with pytest.raises(EdgersError):
        rows_bundle(tmp_path, row_document(spectral_bands(), "channel", 4), net)


@pytest.mark.parametrize(("kind", "wanted"), [("linear", [150.0, 250.0]), ("gaussian", None)])
def test_spectra_are_brought_to_the_models_wavelengths_where_the_contract_says_so(
    kind: str, wanted: list[float] | None, tmp_path: Path
) -> None:
    bands = [
        {"name": "a", "center_wavelength": 0.5, "full_width_half_max": 0.1},
        {"name": "b", "center_wavelength": 0.6, "full_width_half_max": 0.1},
    ]
    document = row_document(
        bands, "channel", 2, source={"edgers:spectral_resampling": kind}
    )  # fmt: skip
    bundle = rows_bundle(tmp_path, document, matrix_rows_net(np.eye(2)))
    table = write_table(
        tmp_path / "a.csv", WAVELENGTHS_NM, [[100, 200, 300, 400], [1, 1, 1, 1], [1, 1, 1, ""]]
    )
    found = read_table(run_rows(bundle, table, tmp_path / "out").products[0])
    first = [float(found[0][f"value {i}"]) for i in (1, 2)]
    if wanted is None:
        along = np.array(WAVELENGTHS_NM) / 1000
        weights = np.exp(-4 * np.log(2) * ((along - [[0.5], [0.6]]) / 0.1) ** 2)
        weights[weights < 1e-3] = 0
        wanted = (weights @ [100, 200, 300, 400] / weights.sum(axis=1)).tolist()
    assert first == pytest.approx(wanted, rel=1e-6)
    assert [float(found[1][f"value {i}"]) for i in (1, 2)] == pytest.approx([1, 1])
    # The band that is missing takes no part in either.
    assert found[2]["reason"] == ""
    outside = write_table(tmp_path / "b.csv", ["550", "650"], [[1, 2]])
    with pytest.raises(BandError, match="does not reach"):
        run_rows(bundle, outside, tmp_path / "out")


@pytest.mark.parametrize("axis", ["channel", "class", "feature"])
def test_a_whole_batch_without_an_answer_is_passed_over(tmp_path: Path, axis: str) -> None:
    classes = ("p", "q") if axis == "class" else ()
    document = row_document(["a", "b"], axis, 2, classes=classes)
    bundle = rows_bundle(tmp_path / "b", document, matrix_rows_net(np.eye(2)))
    rows = [["", ""]] * table_run.ROWS + [[3, 5]]
    report = run_rows(bundle, write_table(tmp_path / "t.csv", ["a", "b"], rows), tmp_path / "out")
    assert (report.missing_rows, report.found.rows) == (table_run.ROWS, 1)
    assert [one.least for one in report.found.values] == ([3.0, 5.0] if axis == "channel" else [])


def test_columns_of_table_and_answer_never_have_one_name(tmp_path: Path) -> None:
    net = matrix_rows_net(np.eye(2))
    table = write_table(tmp_path / "t.csv", ["a", "b", "row", "in_row"], [[1, 2, "one", "two"]])
    named = {name: row_document(["a", "b"], "channel", 2, **{
        "edgers:values": [{"name": "p"}, {"name": name}],
    }) for name in ("q", "reason")}  # fmt: skip
    report = run_rows(rows_bundle(tmp_path / "q", named["q"], net), table, tmp_path / "out")
    (row,) = read_table(report.products[0])
    assert (row["row"], row["in_in_row"], row["in_row"], row["q"]) == ("1", "one", "two", "2.0")
    with pytest.raises(ContractError, match="'reason', which the table has already"):
        run_rows(rows_bundle(tmp_path / "r", named["reason"], net), table, tmp_path / "no")
    assert not (tmp_path / "no").exists()


def test_the_command_line_runs_tables_and_tells_of_them(bundle: Path, tmp_path: Path) -> None:
    table = write_table(tmp_path / "a.csv", HEADINGS, rows_of(np.full((4, 4), 9)))
    done = edgers("run", bundle, table, "-o", tmp_path / "out")
    assert done.code == 0, done.err
    assert "table       a.csv · 4 rows" in done.out
    told = json.loads(edgers("run", bundle, table, "-o", tmp_path / "out", "--json").out)
    assert (told[0]["table_rows"], told[0]["missing_rows"]) == (4, 0)
    for option in (["--warp", "utm"], ["--vectors", "geojson"], ["--tile", "64"], ["--alert"]):
        refused = edgers("run", bundle, table, "-o", tmp_path / "no", *option)
        assert refused.code == 2, option
    assert not (tmp_path / "no").exists()


def test_a_table_is_inspected_and_has_no_plan(bundle: Path, tmp_path: Path) -> None:
    table = write_table(tmp_path / "a.csv", HEADINGS, rows_of(np.full((4, 4), 9)))
    told = edgers("inspect", table).out
    assert f"{table} · 4 rows · 8 columns" in told
    assert "wavelengths 4 · 0.45 to 0.85 µm" in told
    assert "columns     id · lon · lat · class" in told
    refused = edgers("inspect", bundle, table)
    assert (refused.code, "row by row" in refused.err) == (2, True)


def test_what_cannot_be_run_is_refused_in_words(bundle: Path, tmp_path: Path) -> None:
    missing = write_table(tmp_path / "a.csv", ["450", "550", "650"], [[1, 2, 3]])
    with pytest.raises(BandError, match="no band that fits band s3"):
        run_rows(bundle, missing, tmp_path / "out")
    empty = write_table(tmp_path / "b.csv", WAVELENGTHS_NM, [])
    with pytest.raises(SceneError, match="no rows"):
        run_rows(bundle, empty, tmp_path / "out")
    nothing = write_table(tmp_path / "c.csv", WAVELENGTHS_NM, [["", 1, 1, 1]] * 3)
    with pytest.raises(SceneError, match="no row that can be answered"):
        run_rows(bundle, nothing, tmp_path / "out")
    percentiles = {"edgers:value_scaling": [{"type": "percentile", "low": 2, "high": 98}]}
    document = row_document(spectral_bands(), "class", 3, classes=NAMES, source=percentiles)
    scaled = rows_bundle(tmp_path / "p", document, matrix_rows_net(MATRIX))
    with pytest.raises(ContractError, match="percentiles of the scene"):
        run_rows(scaled, nothing, tmp_path / "out")
    assert not (tmp_path / "out").exists()
