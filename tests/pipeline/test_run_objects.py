"""Objects that a run gives: the same whatever the tile, in every format, with what is known."""

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import shapely
from builders.detectors import (
    BANDS,
    CLASSES,
    detector_contract,
    painted_net,
    painted_objects,
    painted_scene,
)
from builders.runs import edgers, run_on
from builders.scenes import write_scene
from PIL import Image

from edgers.errors import ContractError, EngineError, SceneError
from edgers.kernels.boxes import corners_from_boxes
from edgers.pipeline.report import SceneReport

HEIGHT, WIDTH = 150, 200


def run(folder: Path, samples: npt.NDArray[Any] | None = None, **options: Any) -> SceneReport:
    folder.mkdir(exist_ok=True)
    boxes, kinds = painted_objects()
    scene = {"names": BANDS, **options.pop("scene", {})}
    given = painted_scene(boxes, kinds, HEIGHT, WIDTH) if samples is None else samples
    document = options.pop("document", None) or detector_contract()
    return run_on(folder, given, net=painted_net, document=document, scene=scene, **options)


def pixels(report: SceneReport) -> list[Any]:
    """Give the objects of a scene without a place: what is known of them, outlines in pixels."""
    features = json.loads(report.products[0].read_text())["features"]
    return [one["properties"] for one in features]


def outlines(report: SceneReport) -> list[shapely.Geometry]:
    return [shapely.from_wkt(one["pixel_wkt"]) for one in pixels(report)]


def truth() -> list[Any]:
    boxes, _ = painted_objects()
    whole = shapely.box(0, 0, WIDTH, HEIGHT)
    return [shapely.intersection(one, whole) for one in shapely.polygons(corners_from_boxes(boxes))]


@pytest.mark.parametrize(
    ("tile_px", "overlap_px"), [(64, 0), (50, 1), (64, 12), (96, 20), (150, 0), (500, 0)]
)
def test_objects_are_the_same_whatever_the_tile(
    tmp_path: Path, tile_px: int, overlap_px: int
) -> None:
    report = run(tmp_path, tile_px=tile_px, overlap_px=overlap_px, scene={"crs": None})
    assert [(one.name, one.objects) for one in report.found.objects] == [("ship", 6), ("plane", 6)]
    found = outlines(report)
    for expected in truth():
        overlaps = [
            one.intersection(expected).area / one.union(expected).area for one in found
        ]  # fmt: skip
        assert max(overlaps) > 0.999


def test_ids_are_of_places_and_not_of_tiles(tmp_path: Path) -> None:
    one, other = (
        run(tmp_path / str(tile_px), tile_px=tile_px, overlap_px=0, scene={"crs": None})
        for tile_px in (64, 500)
    )
    first, second = ({one["id"] for one in pixels(report)} for report in (one, other))
    assert first == second
    assert len(first) == 12


def test_what_is_known_of_an_object(tmp_path: Path) -> None:
    report = run(tmp_path, tile_px=64, overlap_px=0)
    (item,) = (json.loads(path.read_text()) for path in report.products if path.suffix == ".json")
    features = json.loads(report.products[0].read_text())["features"]
    values = {one["value"]: one["name"] for one in CLASSES}
    for feature in features:
        known = feature["properties"]
        assert known["class_name"] == values[known["class"]]
        assert known["score"] == 0.75
        assert known["nodata_share"] == 0
        assert known["bundle_id"] == item["properties"]["edgers:bundle_id"]
        assert known["input_sha256"] == item["properties"]["edgers:scene_sha256"]
    long = next(one["properties"] for one in features if one["properties"]["tiles"] > 2)
    assert long["seam_px"] == 0
    assert long["area_m2"] == pytest.approx(180 * 12 * 100, rel=2e-3)
    assert item["properties"]["edgers:objects"] == [
        {"name": "ship", "objects": 6}, {"name": "plane", "objects": 6}
    ]  # fmt: skip
    assert [one["value"] for one in item["assets"]["objects"]["classification:classes"]] == [3, 7]
    with Image.open(next(path for path in report.products if path.suffix == ".png")) as picture:
        assert picture.width > 2 * WIDTH


def test_objects_lie_where_they_are_on_earth(tmp_path: Path) -> None:
    report = run(tmp_path, tile_px=64)
    features = json.loads(report.products[0].read_text())["features"]
    lon = [point[0] for one in features for point in one["geometry"]["coordinates"][0]]
    lat = [point[1] for one in features for point in one["geometry"]["coordinates"][0]]
    # 600 to 602 km east in zone 30: a degree east of its middle, 3 degrees west.
    assert -1.88 < min(lon) < max(lon) < -1.83
    assert 37.92 < min(lat) < max(lat) < 37.95


def test_every_format_that_is_asked_for(tmp_path: Path) -> None:
    pytest.importorskip("pyarrow")
    pytest.importorskip("pyogrio")
    formats = ("csv", "geoparquet", "flatgeobuf")
    report = run(tmp_path, tile_px=64, vectors=formats)
    names = [path.name for path in report.products]
    assert names == [
        "scene_boxes.csv", "scene_boxes.parquet", "scene_boxes.fgb", "scene_boxes.png",
        "scene_boxes.json",
    ]  # fmt: skip
    with report.products[0].open() as file:
        assert len(list(csv.DictReader(file))) == 12


def test_vectors_on_the_command_line(tmp_path: Path) -> None:
    run(tmp_path, tile_px=64)
    scene, bundle = tmp_path / "scene.tif", tmp_path / "b.edgers"
    done = edgers(
        "run", bundle, scene, "-o", tmp_path / "more", "--vectors", "csv", "--vectors", "geojson"
    )
    assert done.code == 0
    assert "objects     12 · 6 ship · 6 plane" in done.out
    assert (tmp_path / "more" / "scene_boxes.csv").exists()


@pytest.mark.parametrize("options", [{"probabilities": True}, {"warp": "utm"}])
def test_products_there_are_not_are_refused(tmp_path: Path, options: dict[str, Any]) -> None:
    with pytest.raises(ContractError, match="objects, not a map"):
        run(tmp_path, **options)


def test_an_alert_counts_what_was_found(tmp_path: Path) -> None:
    report = run(tmp_path, tile_px=64, alert=True)
    (path,) = (path for path in report.products if "alert" in path.name)
    found = json.loads(path.read_text())["f"]
    assert sorted((one["c"], one["n"], one["s"]) for one in found) == [
        ("plane", 6, 0.75), ("ship", 6, 0.75)
    ]  # fmt: skip


def test_objects_on_nothing_are_left_out(tmp_path: Path) -> None:
    boxes, kinds = painted_objects()
    samples = painted_scene(boxes, kinds, HEIGHT, WIDTH)
    samples[:, :, 100:] = np.nan
    report = run(tmp_path, samples, tile_px=64, overlap_px=8, scene={"crs": None})
    shares = [one["nodata_share"] for one in pixels(report)]
    assert report.nodata_share == 0.5
    assert all(0 <= share < 1 for share in shares)
    assert any(share > 0 for share in shares)
    assert max(one.bounds[2] for one in outlines(report)) > 100


def test_a_scene_without_objects_has_a_product_without_any(tmp_path: Path) -> None:
    samples = np.zeros((len(BANDS), 60, 70), np.float32)
    report = run(tmp_path, samples, tile_px=32)
    assert json.loads(report.products[0].read_text())["features"] == []
    assert [one.objects for one in report.found.objects] == [0, 0]


def test_a_scene_without_data_is_refused(tmp_path: Path) -> None:
    samples = np.full((len(BANDS), 60, 70), np.nan, np.float32)
    with pytest.raises(SceneError, match="no data"):
        run(tmp_path, samples)


def test_a_network_that_gives_no_number_is_refused(tmp_path: Path) -> None:
    samples = np.zeros((len(BANDS), 60, 70), np.float32)
    samples[0], samples[2] = 3e38, 3e38
    scaled = detector_contract(**{"edgers:value_scaling": [{"type": "scale", "value": 1e-30}]})
    write_scene(tmp_path / "scene.tif", samples)
    with pytest.raises(EngineError, match="NaN or infinity"):
        run(tmp_path, samples, document=scaled)


def test_a_memory_limit_counts_the_numbers_of_a_pixel(tmp_path: Path) -> None:
    report = run(tmp_path, tile_px=64, max_memory_bytes=2 * 2**30, scene={"crs": None})
    assert len(pixels(report)) == 12
