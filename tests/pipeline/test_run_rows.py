"""Tables that a run gives: one row a tile or one for the scene, footprints and pictures."""

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow.parquet as pq
import pyogrio
import pytest
import shapely
from builders.bundles import BAND_NAMES
from builders.row_nets import embedding_contract, means_net, row_contract, weighted_net
from builders.runs import run_on
from builders.scenes import TRANSFORM, noise, place_by_points, write_scene
from PIL import Image
from rasterio.crs import CRS

from edgers.errors import ContractError, EngineError, SceneError, TilingError
from edgers.pipeline.report import SceneReport
from edgers.scene.lonlat import lonlat_from_crs

Row = dict[str, str]


def samples(height: int = 50, width: int = 70) -> npt.NDArray[Any]:
    return noise(3, height, width) % 7


def rows_of(report: SceneReport) -> list[Row]:
    assert report.products[0].suffix == ".csv"
    with report.products[0].open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def means(given: npt.NDArray[Any], row: Row) -> npt.NDArray[np.float64]:
    """Give the mean of each band in the window that a row names."""
    top, left, height, width = (
        int(row[name]) for name in ("row_px", "column_px", "height_px", "width_px")
    )
    window = given[:, top : top + height, left : left + width]
    found: npt.NDArray[np.float64] = window.mean(axis=(1, 2), dtype=np.float64)
    return found


def softmax(scores: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    powers = np.exp(scores - scores.max())
    found: npt.NDArray[np.float64] = powers / powers.sum()
    return found


@pytest.mark.parametrize(
    "way", [{"tile_px": 20}, {"tile_px": 20, "overlap_px": 3}, {"tile_px": 99}]
)
def test_each_tile_has_a_row_of_what_the_network_says_of_its_window(
    tmp_path: Path, way: dict[str, Any]
) -> None:
    given = samples()
    report = run_on(tmp_path, given, net=means_net(), document=row_contract(), **way)
    rows = rows_of(report)
    assert len(rows) == report.tiles == report.found.rows
    for row in rows:
        chances = softmax(means(given, row))
        names = ("land", "water", "cloud")
        assert [float(row[f"p_{n}"]) for n in names] == pytest.approx(chances, rel=1e-4)
        assert row["class_name"] == names[int(chances.argmax())]
        assert float(row["score"]) == pytest.approx(chances.max(), rel=1e-4)
        assert float(row["nodata_share"]) == 0
    counts = {one.name: one.rows for one in report.found.labels}
    assert counts == {n: sum(row["class_name"] == n for row in rows) for n in names}


def test_rows_say_where_their_tile_lies(tmp_path: Path) -> None:
    report = run_on(tmp_path, samples(), net=means_net(), document=row_contract(), tile_px=20)
    rows = rows_of(report)
    assert [row["tile"] for row in rows][:5] == ["0_0", "0_1", "0_2", "0_3", "1_0"]
    assert [(row["row_px"], row["column_px"]) for row in rows][3:5] == [("0", "50"), ("20", "0")]
    for row in rows:
        middle = (int(row["column_px"]) + 10, int(row["row_px"]) + 10)
        x, y = TRANSFORM @ middle
        lon, lat = lonlat_from_crs(CRS.from_epsg(32630), np.array([x]), np.array([y]))
        assert float(row["longitude"]) == pytest.approx(lon[0], abs=1e-6)
        assert float(row["latitude"]) == pytest.approx(lat[0], abs=1e-6)


def test_tiles_without_data_have_no_row_and_partial_ones_say_how_much_is_missing(
    tmp_path: Path,
) -> None:
    given = samples() + 1
    given[:, :30, :25] = 0
    report = run_on(
        tmp_path, given, net=means_net(), document=row_contract(), tile_px=20, scene={"nodata": 0}
    )
    rows = {row["tile"]: row for row in rows_of(report)}
    assert report.skipped_tiles == 1
    assert "0_0" not in rows
    assert len(rows) == report.tiles - 1
    for row in rows.values():
        top, left = int(row["row_px"]), int(row["column_px"])
        gone = (given[0, top : top + 20, left : left + 20] == 0).mean()
        assert float(row["nodata_share"]) == pytest.approx(gone, abs=1e-6)
    assert {float(row["nodata_share"]) for row in rows.values()} > {0.0}


def test_a_network_of_one_size_sees_windows_of_that_size(tmp_path: Path) -> None:
    given = samples()
    sizes = (32, 32)
    report = run_on(tmp_path, given, net=means_net(sizes), document=row_contract(sizes=sizes))
    rows = rows_of(report)
    assert len(rows) == 2 * 3
    assert {(row["height_px"], row["width_px"]) for row in rows} == {("32", "32")}
    for row in rows:
        chances = [float(row[f"p_{n}"]) for n in ("land", "water", "cloud")]
        assert chances == pytest.approx(softmax(means(given, row)), rel=1e-4)


def test_a_scene_smaller_than_the_one_size_is_extended(tmp_path: Path) -> None:
    sizes = (64, 64)
    given = np.full((3, 20, 30), 5, np.uint16)
    report = run_on(
        tmp_path, given, net=means_net(sizes), document=row_contract("channel", 3, (), "regression",
                                                                    sizes=sizes)
    )  # fmt: skip
    (row,) = rows_of(report)
    assert (row["height_px"], row["width_px"]) == ("20", "30")
    assert [float(row[f"value {i}"]) for i in (1, 2, 3)] == pytest.approx([5, 5, 5])


def test_several_labels_may_hold(tmp_path: Path) -> None:
    given = samples()
    document = row_contract(
        **{"edgers:class_rule": "several", "edgers:thresholds": [0.95, 0.94, 0.96]}
    )
    report = run_on(tmp_path, given, net=means_net(), document=document, tile_px=20)
    rows = rows_of(report)
    limits = dict(zip(("land", "water", "cloud"), (0.95, 0.94, 0.96), strict=True))
    for row in rows:
        chances = 1 / (1 + np.exp(-means(given, row)))
        held = [n for (n, limit), p in zip(limits.items(), chances, strict=True) if p >= limit]
        assert row["classes"].split(";") == (held or [""])
    assert len({row["classes"] for row in rows}) > 1
    assert sum(one.rows for one in report.found.labels) == sum(
        len(row["classes"].split(";")) for row in rows if row["classes"]
    )


def test_numbers_have_their_range_in_the_report(tmp_path: Path) -> None:
    given = samples()
    values = [{"name": "biomass", "unit": "Mg/ha"}, {"name": "height", "unit": "m"}]
    document = row_contract("channel", 2, (), "regression", **{"edgers:values": values})
    net = weighted_net([[1, 0, 0], [0, 2, 1]])
    report = run_on(tmp_path, given, net=net, document=document, tile_px=20)
    rows = rows_of(report)
    for row in rows:
        red, green, blue = means(given, row)
        assert float(row["biomass"]) == pytest.approx(red, rel=1e-5)
        assert float(row["height"]) == pytest.approx(2 * green + blue, rel=1e-5)
    found = report.found.values[0]
    told = [float(row["biomass"]) for row in rows]
    assert (found.name, found.unit, found.pixels) == ("biomass", "Mg/ha", len(rows))
    assert (found.least, found.most) == pytest.approx((min(told), max(told)))
    assert found.mean == pytest.approx(np.mean(told), rel=1e-6)


def test_an_ensemble_tells_mean_and_spread(tmp_path: Path) -> None:
    given = samples()
    document = row_contract(("member", "channel"), (4, 1), (), "regression",
                            **{"edgers:values": [{"name": "yield"}]})  # fmt: skip
    weights = np.array([[1, 0, 0], [0, 1, 0], [0, 0, 1], [1, 1, 1]])
    report = run_on(
        tmp_path, given, net=weighted_net(weights, (4, 1)), document=document, tile_px=20
    )
    for row in rows_of(report):
        each = weights @ means(given, row)
        assert float(row["yield"]) == pytest.approx(each.mean(), rel=1e-5)
        assert float(row["yield_std"]) == pytest.approx(each.std(), rel=1e-4)


def test_a_scene_has_the_mean_of_its_tiles_weighed_by_their_data(tmp_path: Path) -> None:
    given = samples() + 1
    given[:, :15, :25] = 0
    for scope in ("tile", "scene"):
        (tmp_path / scope).mkdir()
    way: dict[str, Any] = {"net": means_net(), "tile_px": 20, "scene": {"nodata": 0}}
    tiles = rows_of(run_on(tmp_path / "tile", given, document=row_contract(), **way))
    report = run_on(
        tmp_path / "scene", given, document=row_contract(**{"edgers:scope": "scene"}), **way
    )
    (row,) = rows_of(report)
    weights = [400 * (1 - float(one["nodata_share"])) for one in tiles]
    for name in ("land", "water", "cloud"):
        wanted = np.average([float(one[f"p_{name}"]) for one in tiles], weights=weights)
        assert float(row[f"p_{name}"]) == pytest.approx(wanted, rel=1e-4)
    assert (row["tiles"], row["height_px"], row["width_px"]) == (str(len(tiles)), "50", "70")
    assert report.found.rows == 1
    item = json.loads(report.products[-1].read_text())
    assert item["properties"]["edgers:rows"] == 1


@pytest.mark.parametrize("scope", ["tile", "scene"])
def test_embeddings_are_a_matrix_beside_the_table(tmp_path: Path, scope: str) -> None:
    given = samples() + 1
    document = embedding_contract(**{"edgers:normalise": "l2", "edgers:scope": scope})
    report = run_on(tmp_path, given, net=means_net(), document=document, tile_px=20)
    rows = rows_of(report)
    matrix = np.load(report.products[1])
    assert matrix.dtype == np.float32
    assert matrix.shape == (len(rows), 3)
    assert np.linalg.norm(matrix, axis=1) == pytest.approx(1, abs=1e-6)
    if scope == "tile":
        for row, vector in zip(rows, matrix, strict=True):
            wanted = means(given, row)
            assert vector == pytest.approx(wanted / np.linalg.norm(wanted), rel=1e-5)


def test_footprints_go_into_every_format_and_embeddings_into_geoparquet(tmp_path: Path) -> None:
    given = samples() + 1
    document = embedding_contract(**{"edgers:normalise": "l2"})
    formats = ("geojson", "geoparquet", "flatgeobuf", "parquet")
    report = run_on(
        tmp_path, given, net=means_net(), document=document, tile_px=20, vectors=formats
    )
    rows, files = rows_of(report), {path.name: path for path in report.products}
    table = pq.read_table(files["scene_tiny-net.parquet"])
    assert table.schema.field("embedding").type.list_size == 3
    assert np.array_equal(np.stack(table["embedding"].to_numpy()), np.load(report.products[1]))
    assert table["tile"].to_pylist() == [row["tile"] for row in rows]
    assert json.loads(table.schema.metadata[b"geo"])["version"] == "1.1.0"
    polygons = shapely.from_wkb(table["geometry"].to_numpy())
    for row, polygon in zip(rows, polygons, strict=True):
        left, top = TRANSFORM @ (int(row["column_px"]), int(row["row_px"]))
        assert polygon.bounds == pytest.approx((left, top - 200, left + 200, top))
    for name in ("scene_tiny-net.geojson", "scene_tiny-net.fgb"):
        assert pyogrio.read_info(files[name])["features"] == len(rows)
    assert pq.read_table(files["scene_tiny-net_table.parquet"]).num_rows == len(rows)
    roles = json.loads(report.products[-1].read_text())["assets"]
    assert roles["geoparquet"]["type"] == "application/vnd.apache.parquet"


@pytest.mark.parametrize("kind", ["labels", "numbers", "embedding", "scene"])
def test_the_picture_shows_the_scene_beside_its_tiles(tmp_path: Path, kind: str) -> None:
    given = samples() + 1
    given[:, :20, :20] = 0
    document = {
        "labels": row_contract(),
        "numbers": row_contract("channel", 3, (), "regression"),
        "embedding": embedding_contract(),
        "scene": row_contract(**{"edgers:scope": "scene"}),
    }[kind]
    report = run_on(
        tmp_path, given, net=means_net(), document=document, tile_px=20, scene={"nodata": 0}
    )
    picture = np.asarray(Image.open(next(p for p in report.products if p.suffix == ".png")))
    factor, margin, top = 4, 16, 32
    panel = picture[top : top + 50 * factor, margin : margin + 70 * factor]
    assert (panel[:70, :70] == (104, 108, 114)).all()
    if kind == "scene":
        return
    left = 2 * margin + 70 * factor
    tiles = picture[top : top + 50 * factor, left : left + 70 * factor]
    assert (tiles[:70, :70] == (104, 108, 114)).all()
    colours = {tuple(tiles[30, 40 + 80 * i]) for i in range(1, 3)}
    assert (104, 108, 114) not in colours
    if kind != "labels":
        # One colour fills a tile; the scene shines through classes alone.
        assert len(np.unique(tiles[:70, 90:150].reshape(-1, 3), axis=0)) == 1


def test_a_scene_in_sensor_geometry_has_middles_and_outlines(tmp_path: Path) -> None:
    path = write_scene(tmp_path / "s.tif", samples(8, 8), names=BAND_NAMES, crs=None)
    from builders.runs import run_on_file

    report = run_on_file(
        tmp_path, place_by_points(path), net=means_net(), document=row_contract(), tile_px=4,
        vectors=("geojson",),
    )  # fmt: skip
    first = rows_of(report)[0]
    assert float(first["longitude"]) == pytest.approx(10.25, abs=0.01)
    assert float(first["latitude"]) == pytest.approx(49.75, abs=0.01)
    shapes = json.loads(next(p for p in report.products if p.suffix == ".geojson").read_text())
    assert shapely.geometry.shape(shapes["features"][0]["geometry"]).area == pytest.approx(
        0.25, rel=0.05
    )


def test_without_a_place_there_is_no_middle(tmp_path: Path) -> None:
    report = run_on(
        tmp_path, samples(), net=means_net(), document=row_contract(), tile_px=20,
        scene={"crs": None},
    )  # fmt: skip
    assert {row["longitude"] for row in rows_of(report)} == {""}


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"probabilities": True}, ContractError, "--probabilities"),
        ({"warp": "utm"}, ContractError, "--warp"),
        ({"alert": True}, ContractError, "--alert"),
        ({"blend": "hann"}, TilingError, "cannot be mixed"),
        ({"tile_px": 20, "overlap_px": 10}, TilingError, "half a tile"),
    ],
)
def test_what_a_table_does_not_have_is_refused(
    tmp_path: Path, options: dict[str, Any], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        run_on(tmp_path, samples(), net=means_net(), document=row_contract(), **options)
    assert not list((tmp_path / "out").glob("*"))


def test_a_value_named_like_a_column_is_refused(tmp_path: Path) -> None:
    document = row_contract(
        "channel", 3, (), "regression",
        **{"edgers:values": [{"name": name} for name in ("a", "row_px", "b")]},
    )  # fmt: skip
    with pytest.raises(ContractError, match="'row_px', which the table has already"):
        run_on(tmp_path, samples(), net=means_net(), document=document)
    assert not list((tmp_path / "out").glob("*"))


def test_tiles_whose_answer_is_no_number_have_no_row(tmp_path: Path) -> None:
    given = samples().astype(np.float32)
    given[:, :20, :20] = 3e38
    net = weighted_net([[1e5, 0, 0], [0, 1, 0], [0, 0, 1]])
    report = run_on(tmp_path, given, net=net, document=row_contract(), tile_px=20)
    assert "0_0" not in {row["tile"] for row in rows_of(report)}
    assert report.not_finite_px == 400
    assert report.skipped_tiles == 0


def test_a_scene_of_which_nothing_can_be_said_is_refused(tmp_path: Path) -> None:
    empty = np.zeros((3, 50, 70), np.uint16)
    with pytest.raises(SceneError, match="has no data"):
        run_on(tmp_path, empty, net=means_net(), document=row_contract(), scene={"nodata": 0})
    huge = np.full((3, 50, 70), 3e38, np.float32)
    (tmp_path / "huge").mkdir()
    with pytest.raises(EngineError, match="NaN or infinity"):
        run_on(tmp_path / "huge", huge, net=weighted_net(np.eye(3) * 1e5), document=row_contract())
