"""Class maps as polygons, and alerts of them, through whole runs."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pyogrio
import pytest
import rasterio
import shapely
from builders.bundles import BAND_NAMES, contract_document, make_bundle
from builders.features import geojson
from builders.networks import attention_net, index_contract, index_net
from builders.runs import edgers, read_product, run_on
from builders.scenes import TRANSFORM, noise, write_scene
from builders.unfinished import leave_unfinished, products
from rasterio.features import rasterize

from edgers.bundle import open_bundle
from edgers.errors import OutputError
from edgers.pipeline.model import load_model
from edgers.pipeline.options import RunOptions
from edgers.pipeline.run import run_scene
from edgers.products import class_vectors


def blobs(height: int = 60, width: int = 90) -> np.ndarray:
    """Three bands of which one is largest in each patch of six pixels; zero in a corner."""
    coarse = noise(3, -(-height // 6), -(-width // 6)) + 1
    samples: np.ndarray = coarse.repeat(6, 1).repeat(6, 2)[:, :height, :width]
    samples[:, :10, :14] = 0
    return samples


def product(report: Any, ending: str) -> Path:
    (path,) = [path for path in report.products if path.name.endswith(ending)]
    return Path(path)


@pytest.mark.parametrize("tile_px", [17, 64])
def test_polygons_burnt_back_are_the_class_map(tmp_path: Path, tile_px: int) -> None:
    report = run_on(
        tmp_path, blobs(), scene={"nodata": 0}, vectors=("flatgeobuf", "geojson"), tile_px=tile_px
    )
    classes = read_product(report)
    meta, _, shapes, columns = pyogrio.raw.read(product(report, ".fgb"))
    told = dict(zip(meta["fields"], columns, strict=True))
    burnt = rasterize(
        zip(shapely.from_wkb(shapes), told["class"], strict=True), out_shape=classes.shape,
        transform=TRANSFORM, fill=255, dtype="uint8",
    )  # fmt: skip
    assert np.array_equal(burnt, classes)
    for area in report.found.classes:
        own = told["class"] == area.value
        assert told["pixels"][own].sum() == area.pixels
        assert told["area_m2"][own].sum() / 1e6 == pytest.approx(area.area_km2, rel=1e-6)
        assert set(told["class_name"][own]) == {area.name}
    assert sorted(told["id"]) == list(range(1, len(shapes) + 1))


def test_outlines_tell_where_they_come_from_and_the_item_lists_them(tmp_path: Path) -> None:
    report = run_on(tmp_path, blobs(), vectors=("geojson", "csv", "geoparquet"), alert=True)
    document = geojson(product(report, ".geojson"))
    item = json.loads(
        report.products[-1].read_text()
    )  # fmt: skip
    origin = document["edgers:provenance"]
    for one in document["features"]:
        assert one["properties"]["bundle_id"] == origin["bundle_id"]
        assert one["properties"]["input_sha256"] == origin["scene_sha256"]
    assets = item["assets"]
    assert assets["geojson"]["type"] == "application/geo+json"
    assert assets["csv"]["type"] == "text/csv"
    assert assets["geoparquet"]["type"] == "application/vnd.apache.parquet"
    for role in ("geojson", "csv", "geoparquet", "alert"):
        assert (report.products[-1].parent / assets[role]["href"]).is_file()


def test_simplified_outlines_have_fewer_points_and_the_areas_of_the_map(tmp_path: Path) -> None:
    slanted = np.zeros((3, 60, 90), np.uint16) + 1
    row, column = np.indices((60, 90))
    slanted[1, column > row] = 9
    found = {}
    for px in (0.0, 1.5):
        (tmp_path / str(px)).mkdir()
        report = run_on(tmp_path / str(px), slanted, vectors=("geojson",), simplify_px=px)
        features = geojson(product(report, ".geojson"))["features"]
        points = sum(len(one["geometry"]["coordinates"][0]) for one in features)
        found[px] = points, [one["properties"]["area_m2"] for one in features]
    assert found[0.0][0] > 200
    assert found[1.5][0] < 20
    assert found[0.0][1] == found[1.5][1]


def test_without_shapely_nothing_is_simplified_and_the_run_does_not_begin(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(class_vectors, "find_spec", lambda _: None)
    with pytest.raises(OutputError, match="shapely"):
        run_on(tmp_path, blobs(), vectors=("geojson",), simplify_px=1.0)
    assert not list(tmp_path.glob("out/*"))
    run_on(tmp_path, blobs(), vectors=("geojson",))


def test_an_alert_tells_area_place_time_and_confidence_of_the_rarest_first(
    tmp_path: Path,
) -> None:
    samples = (blobs() / 4000).astype(np.float32)
    report = run_on(tmp_path, samples, alert=True, probabilities=True, tile_px=32)
    path = product(report, "_alert.json")
    assert path.stat().st_size <= 256
    told = json.loads(path.read_text())
    # The scene does not tell when it was taken, and the date of its file is no such time.
    assert "t" not in told
    classes, chances = read_product(report), read_product(report, 1)
    areas = sorted(report.found.classes, key=lambda area: area.pixels)
    assert [one["c"] for one in told["f"]] == [area.name for area in areas if area.pixels]
    for one, area in zip(told["f"], areas, strict=True):
        own = classes == area.value
        position = [entry.value for entry in report.found.classes].index(area.value)
        assert one["a"] == float(f"{area.area_km2:.3g}")
        assert one["s"] == pytest.approx(float(chances[position][own].mean()), abs=6e-4)
        (x,), (y,) = rasterio.warp.transform("EPSG:4326", "EPSG:32630", *[[v] for v in one["p"]])
        # Four digits of degrees are a pixel of 10 m; patches have six.
        column, row = ~TRANSFORM @ (x, y)
        near = own[max(int(row) - 1, 0) : int(row) + 2, max(int(column) - 1, 0) : int(column) + 2]
        assert near.any()


def test_an_alert_needs_no_raster_of_probabilities(tmp_path: Path) -> None:
    report = run_on(tmp_path, blobs(), alert=True)
    assert not [path for path in report.products if "probabilities" in path.name]
    assert all("s" in one for one in json.loads(product(report, "_alert.json").read_text())["f"])


def test_a_graph_that_chooses_classes_itself_tells_no_confidence(tmp_path: Path) -> None:
    report = run_on(tmp_path, blobs(), alert=True, net=index_net, document=index_contract())
    found = json.loads(product(report, "_alert.json").read_text())["f"]
    assert found
    assert not any("s" in one for one in found)


def test_a_single_pixel_of_a_large_scene_is_found(tmp_path: Path) -> None:
    """The picture keeps every third pixel of each row and column; this one is not among them."""
    samples = np.zeros((3, 40, 2000), np.uint16)
    samples[0] = 5
    samples[1, 31, 1001] = 9
    report = run_on(tmp_path, samples, alert=True)
    rarest, _ = json.loads(product(report, "_alert.json").read_text())["f"]
    (x,), (y,) = rasterio.warp.transform("EPSG:4326", "EPSG:32630", *[[v] for v in rarest["p"]])
    column, row = ~TRANSFORM @ (x, y)
    assert rarest["c"] == "water"
    assert abs(column - 1001.5) < 1
    assert abs(row - 31.5) < 1


def test_without_a_place_there_are_polygons_in_pixels_and_an_alert_without_place(
    tmp_path: Path,
) -> None:
    report = run_on(tmp_path, blobs(), scene={"crs": None}, vectors=("geojson",), alert=True)
    for one in geojson(product(report, ".geojson"))["features"]:
        assert one["geometry"] is None
        assert shapely.from_wkt(one["properties"]["pixel_wkt"]).area == one["properties"]["pixels"]
        assert one["properties"]["area_m2"] is None
    assert not any(
        "p" in one for one in json.loads(product(report, "_alert.json").read_text())["f"]
    )


@pytest.mark.parametrize("blend", ["trim", "hann"])
def test_a_run_that_was_stopped_goes_on_to_the_same_outlines_and_alert(
    tmp_path: Path, blend: str
) -> None:
    way = {"tile_px": 32, "overlap_px": 6, "blend": blend, "alert": True,
           "vectors": ("geojson", "geoparquet", "flatgeobuf", "csv")}  # fmt: skip
    scene = write_scene(tmp_path / "scene.tif", blobs(), names=BAND_NAMES, nodata=0)
    bundle = make_bundle(tmp_path, contract_document(), attention_net)
    with load_model(open_bundle(bundle)) as model:
        run_scene(model, scene, tmp_path / "whole", RunOptions(**way))
        leave_unfinished(model, scene, tmp_path / "out", 4, **way)
        report = run_scene(model, scene, tmp_path / "out", RunOptions(**way, workers=2))
    assert report.reused_tiles == 4
    assert products(tmp_path / "out") == products(tmp_path / "whole")


def test_options_of_the_command_line(tmp_path: Path) -> None:
    scene = write_scene(tmp_path / "scene.tif", blobs(), names=BAND_NAMES)
    bundle = make_bundle(tmp_path, contract_document(), attention_net)
    arguments = ("run", bundle, scene, "-o", tmp_path / "out")
    outcome = edgers(*arguments, "--simplify", "2")
    assert outcome.code == 2
    assert "--vectors" in outcome.err
    outcome = edgers(*arguments, "--alert", "--vectors", "geojson", "--simplify", "2")
    assert outcome.code == 0
    assert {path.suffix for path in (tmp_path / "out").iterdir()} == {
        ".tif", ".png", ".json", ".geojson",
    }  # fmt: skip
