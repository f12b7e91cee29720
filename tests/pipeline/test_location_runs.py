"""Models of locations: points in, embeddings out, in degrees as they are written."""

import json
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from builders.programs import close
from builders.runs import edgers
from builders.scenes import write_scene
from builders.tables import (
    read_table,
    row_document,
    rows_bundle,
    run_rows,
    write_points,
    write_table,
)
from onnx import TensorProto, helper, numpy_helper

from edgers.errors import SceneError
from edgers.products.table_extent import TableExtent

DOUBLE = TensorProto.DOUBLE
WEIGHTS = np.random.default_rng(0).normal(size=(2, 8))
POINTS = [(13.0123456789012, 52.5098765432109), (-180.0, -90.0), (180.0, 90.0), (179.9, -16.5)]


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Waves of longitude and latitude, in double precision, as a location encoder has them."""
    nodes = [
        helper.make_node("MatMul", ["x", "w"], ["h"]),
        helper.make_node("Sin", ["h"], ["y"]),
    ]
    weights = [numpy_helper.from_array(WEIGHTS, "w")]
    net = close(nodes, {"x": ["n", 2]}, {"y": ["n", 8]}, weights, {"x": DOUBLE, "y": DOUBLE})
    document = row_document(["lon", "lat"], "feature", 8, kind="float64")
    return rows_bundle(tmp_path_factory.mktemp("places"), document, net)


def embedded(points: npt.ArrayLike) -> npt.NDArray[np.float32]:
    found: npt.NDArray[np.float32] = np.sin(np.asarray(points) @ WEIGHTS).astype(np.float32)
    return found


def test_points_are_embedded_as_they_are_written_at_poles_and_date_line_too(
    bundle: Path, tmp_path: Path
) -> None:
    # Latitude first: the order is the contract's, and columns go by their names.
    table = write_table(
        tmp_path / "a.csv", ["id", "latitude", "longitude"],
        [[f"p{i}", lat, lon] for i, (lon, lat) in enumerate(POINTS)],
    )  # fmt: skip
    report = run_rows(bundle, table, tmp_path / "out", renamed={
        "lon": "longitude", "lat": "latitude",
    })  # fmt: skip
    matrix = np.load(report.products[1])
    # Single precision of the answer; degrees in single precision would be 1e-6 off.
    assert np.abs(matrix - embedded(POINTS)).max() < 2e-7
    found = read_table(report.products[0])
    assert [row["id"] for row in found] == ["p0", "p1", "p2", "p3"]
    assert float(found[0]["longitude"]) == POINTS[0][0]


def test_points_of_geojson_become_geoparquet_with_their_embeddings(
    bundle: Path, tmp_path: Path
) -> None:
    import pyarrow.parquet as pq

    points = write_points(tmp_path / "p.geojson", [POINTS[0], None, POINTS[3]])
    report = run_rows(bundle, points, tmp_path / "out", vectors=("geoparquet",))
    path = next(path for path in report.products if path.suffix == ".parquet")
    table = pq.read_table(path)
    geo = json.loads(table.schema.metadata[b"geo"])
    assert geo["columns"]["geometry"] == {"encoding": "WKB", "geometry_types": ["Point"]}
    rows = table.to_pylist()
    assert [row["id"] for row in rows] == ["p0", "p1", "p2"]
    assert rows[1]["reason"] == "2 of 2 bands missing: lon, lat"
    assert rows[1]["geometry"] is None
    assert np.isnan(rows[1]["embedding"]).all()
    assert rows[2]["embedding"] == pytest.approx(embedded(POINTS[3]).tolist(), abs=1e-6)
    # And what was written is read again.
    again = run_rows(bundle, path, tmp_path / "again")
    assert np.array_equal(np.load(again.products[1]), np.load(report.products[1]), equal_nan=True)


def test_a_raster_is_embedded_at_the_middle_of_each_tile(bundle: Path, tmp_path: Path) -> None:
    scene = write_scene(tmp_path / "s.tif", np.ones((1, 100, 130), np.uint8))
    report = run_rows(bundle, scene, tmp_path / "out", tile_px=64)
    found = read_table(report.products[0])
    assert [row["tile"] for row in found] == ["0_0", "0_1", "0_2", "1_0", "1_1", "1_2"]
    assert [(row["row_px"], row["column_px"], row["width_px"]) for row in found[-2:]] == [
        ("36", "64", "64"), ("36", "66", "64"),
    ]  # fmt: skip
    points = [(float(row["lon"]), float(row["lat"])) for row in found]
    assert np.abs(np.load(report.products[1]) - embedded(points)).max() < 2e-7
    nowhere = write_scene(tmp_path / "n.tif", np.ones((1, 9, 9), np.uint8), crs=None)
    with pytest.raises(SceneError, match="no place on Earth"):
        run_rows(bundle, nowhere, tmp_path / "no")


def test_points_like_one_are_found_by_its_row(bundle: Path, tmp_path: Path) -> None:
    rows = [[13.0, 52.5, "a"], ["", 1, "b"], [100.0, -20.0, "c"], [13.0001, 52.5, "d"]]
    table = write_table(tmp_path / "p.csv", ["lon", "lat", "tile"], rows)
    product = run_rows(bundle, table, tmp_path / "out").products[0]
    done = edgers("retrieve", product, "--like", "1", "-k", 2, "-o", tmp_path / "top.csv")
    assert done.code == 0, done.err
    assert [one["row"] for one in read_table(tmp_path / "top.csv")] == ["1", "4"]
    assert "2           row 4 · cosine 1.0000\n" in done.out
    for row, words in (("2", "row '2' has no embedding"), ("9", "has no row '9'")):
        done = edgers("retrieve", product, "--like", row)
        assert (done.code, words in done.err) == (2, True)


def test_a_raster_that_is_run_by_its_tile_centres_has_no_plan(bundle: Path, tmp_path: Path) -> None:
    scene = write_scene(tmp_path / "s.tif", np.zeros((1, 8, 8), np.uint8))
    done = edgers("inspect", bundle, scene)
    assert (done.code, "row by row" in done.err) == (2, True)


def test_columns_named_like_those_of_geoparquet_are_kept_beside_them(
    bundle: Path, tmp_path: Path
) -> None:
    import pyarrow.parquet as pq

    rows = [[13.0, 52.5, "POINT (13 52.5)", "old"]]
    table = write_table(tmp_path / "p.csv", ["lon", "lat", "geometry", "embedding"], rows)
    report = run_rows(bundle, table, tmp_path / "out", vectors=("geoparquet",))
    (found,) = pq.read_table(report.products[2]).to_pylist()
    assert (found["in_geometry"], found["in_embedding"]) == ("POINT (13 52.5)", "old")
    assert (len(found["geometry"]), len(found["embedding"])) == (21, 8)


@pytest.mark.parametrize(("lon", "lat", "words"), [
    (200.0, 0.0, "Subtract 360"), (13.0, 95.0, "no latitude"), (-181.0, 0.0, "no longitude"),
    (1e300, 0.0, "no longitude"),
])  # fmt: skip
def test_what_is_no_place_is_refused_with_its_row(
    lon: float, lat: float, words: str, bundle: Path, tmp_path: Path
) -> None:
    table = write_table(tmp_path / "a.csv", ["lon", "lat"], [[1, 1], [lon, lat]])
    with pytest.raises(SceneError, match=words) as caught:
        run_rows(bundle, table, tmp_path / "out")
    assert "row 2 of a.csv" in str(caught.value)
    assert not list(tmp_path.glob("out/*"))


@pytest.mark.parametrize(("points", "box", "kind"), [
    ([(10, 1), (12, 3)], [10, 1, 12, 3], "Polygon"),
    ([(179, 1), (-178, 3)], [179, 1, -178, 3], "MultiPolygon"),
    ([(-80, -90), (80, 90), (0, 0)], [-80, -90, 80, 90], "Polygon"),
    ([(5, 5)], [5, 5, 5, 5], "Point"),
    ([(np.nan, np.nan)], None, None),
])  # fmt: skip
def test_the_box_about_points_goes_over_the_date_line(
    points: list[tuple[float, float]], box: list[float] | None, kind: str | None
) -> None:
    extent = TableExtent()
    for one in points:
        extent.add(np.array([one], np.float64))
    geometry = extent.geometry()
    assert extent.bbox() == box
    assert (None if geometry is None else geometry["type"]) == kind
