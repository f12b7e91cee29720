"""Frames give whatever a scene gives: labels, values, objects and tables."""

import csv
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from builders.bundles import BAND_NAMES
from builders.detectors import (
    BANDS,
    detector_contract,
    painted_net,
    painted_objects,
    painted_scene,
)
from builders.features import geojson
from builders.frames import NADIR, SIDECAR, colours, write_image
from builders.live import lines, live
from builders.networks import band_net, plain_contract, value_contract
from builders.row_nets import embedding_contract, means_net, row_contract
from builders.scenes import write_scene

from edgers.bundle import open_bundle
from edgers.errors import ContractError
from edgers.pipeline.model import load_model
from edgers.pipeline.options import RunOptions
from edgers.pipeline.report import SceneReport
from edgers.pipeline.run import run_scene
from edgers.scene.frame_folder import FrameFolder

SEVERAL = {"edgers:class_rule": "several", "edgers:activation": "none"}
HEAT = {"edgers:values": [{"name": "heat", "threshold": 1}, {"name": "b"}, {"name": "c"}]}
STAMP = "_20240504T120000"


def both(
    folder: Path, scene: Path, net: Any, document: Any, **options: Any
) -> tuple[dict[str, Any], SceneReport]:
    """Run one image as a frame and as a scene; give the line of the log, and the report."""
    with FrameFolder(scene.parent, follow=False) as source:
        live(folder, source, net=net, document=document, more=options)
    (line,) = lines(folder)
    with load_model(open_bundle(folder / "b.edgers")) as model:
        report = run_scene(model, scene, folder / "ref", RunOptions(**options))
    return line, report


def placed(folder: Path, samples: np.ndarray, names: tuple[str, ...] = BAND_NAMES) -> Path:
    (folder / "in").mkdir()
    return write_scene(folder / "in" / f"a{STAMP}.tif", samples, names=names)


def pixels(path: Path) -> np.ndarray:
    with rasterio.open(path) as dataset:
        found: np.ndarray = dataset.read()
    return found


def without_origin(properties: Mapping[str, Any]) -> dict[str, Any]:
    left_out = ("input_sha256", "frame", "time")
    return {key: value for key, value in properties.items() if key not in left_out}


@pytest.mark.parametrize(
    ("document", "roles"), [(plain_contract(SEVERAL), 1), (value_contract(**HEAT), 2)]
)
def test_labels_and_values_are_those_of_a_scene(tmp_path: Path, document: Any, roles: int) -> None:
    samples = (colours(60, 70) > 120).astype(np.uint8).transpose(2, 0, 1)
    way = {"vectors": ("geojson",), "alert": True, "tile_px": 24}
    line, report = both(tmp_path, placed(tmp_path, samples), band_net, document, **way)
    names = [line["product"], *line["beside"]]
    stem = f"a{STAMP}_000000"
    assert names[0] == f"{stem}.tif"
    assert {*names, "frames.jsonl"} == {path.name for path in (tmp_path / "out").iterdir()}
    for name, path in list(zip(names, report.products, strict=False))[:roles]:
        assert np.array_equal(pixels(tmp_path / "out" / name), pixels(path), equal_nan=True)
    told = geojson(tmp_path / "out" / f"{stem}.geojson")["features"]
    wanted = geojson(report.products[roles])["features"]
    assert [one["geometry"] for one in told] == [one["geometry"] for one in wanted]
    for one, two in zip(told, wanted, strict=True):
        assert without_origin(one["properties"]) == without_origin(two["properties"])
    alert = json.loads((tmp_path / "out" / f"{stem}_alert.json").read_text())
    assert alert["t"] == "2024-05-04T12:00:00.000000Z"
    found = line.get("classes") or [one["found"] for one in line["values"] if one["found"]]
    areas = report.found.classes or [one.found for one in report.found.values if one.found]
    for one, area in zip(found, areas, strict=True):
        assert (one["name"], one["pixels"]) == (area.name, area.pixels)
        assert one["area_m2"] == pytest.approx(area.area_km2 * 1e6, rel=1e-5)
    if roles == 2:
        for band, one in zip(samples, line["values"], strict=True):
            assert (one["least"], one["most"]) == (band.min(), band.max())


def test_objects_are_those_of_a_scene_and_tell_their_frame_and_time(tmp_path: Path) -> None:
    path = placed(tmp_path, painted_scene(*painted_objects(), 150, 200), BANDS)
    line, report = both(tmp_path, path, painted_net, detector_contract(), tile_px=64)
    told = geojson(tmp_path / "out" / line["product"])["features"]
    wanted = geojson(report.products[0])["features"]
    assert len(told) == len(painted_objects()[0])
    for one, two in zip(told, wanted, strict=True):
        assert one["geometry"] == two["geometry"]
        assert without_origin(one["properties"]) == without_origin(two["properties"])
        assert (one["properties"]["frame"], one["properties"]["time"]) == (0, line["time"])
    counts = {one.name: one.objects for one in report.found.objects}
    assert {one["name"]: one["objects"] for one in line["objects"]} == counts


def test_objects_of_a_posed_frame_lie_on_the_ground(tmp_path: Path) -> None:
    """One metre a pixel, north up, about 47 N 8 E."""
    given = np.array([[50, 30, 24, 12, 0.0]], np.float32)
    path = placed(tmp_path, painted_scene(given, np.zeros(1, int), 96, 128), BANDS)
    write_scene(path, painted_scene(given, np.zeros(1, int), 96, 128), names=BANDS, crs=None)
    path.with_suffix(".json").write_text(json.dumps(SIDECAR))
    with FrameFolder(path.parent, follow=False) as source:
        live(tmp_path, source, net=painted_net, document=detector_contract())
    (line,) = lines(tmp_path)
    assert line["geo"] == "pose"
    (one,) = geojson(tmp_path / "out" / line["product"])["features"]
    ring = np.array(one["geometry"]["coordinates"][0])
    east, north = ((ring - (8, 47)) * (76_057, 111_172)).T
    assert (east.min(), east.max()) == pytest.approx((38 - 64, 62 - 64), abs=0.1)
    assert (north.min(), north.max()) == pytest.approx((48 - 36, 48 - 24), abs=0.1)
    assert one["properties"]["area_m2"] == pytest.approx(24 * 12, rel=1e-3)


def test_rows_are_those_of_a_scene_and_stand_in_the_log(tmp_path: Path) -> None:
    path = placed(tmp_path, colours(40, 60).transpose(2, 0, 1))
    line, report = both(tmp_path, path, means_net(), row_contract(), tile_px=20, alert=True)
    told, wanted = (
        list(csv.DictReader(table.read_text(encoding="utf-8").splitlines()))
        for table in (tmp_path / "out" / line["product"], report.products[0])
    )
    assert [without_origin(one) for one in told] == [without_origin(one) for one in wanted]
    for one, row in zip(line["rows"], told, strict=True):
        assert {key: "" if value is None else str(value) for key, value in one.items()} == {
            key: value for key, value in row.items() if key in one
        }
        assert {"class_name", "score", "longitude"} <= set(one)


def test_embeddings_lie_beside_their_table(tmp_path: Path) -> None:
    path = placed(tmp_path, colours(40, 60).transpose(2, 0, 1))
    line, report = both(tmp_path, path, means_net(), embedding_contract(), tile_px=20)
    (name,) = line["beside"]
    assert np.array_equal(np.load(tmp_path / "out" / name), np.load(report.products[1]))


def test_a_video_of_a_drone_gives_places_of_values(tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    write_image(folder / "a.jpg", dji=NADIR)
    with FrameFolder(folder, follow=False) as source:
        live(tmp_path, source, document=value_contract(**HEAT))
    (line,) = lines(tmp_path)
    (heat, *_) = line["values"]
    assert heat["found"]["area_m2"] == pytest.approx(heat["found"]["pixels"], rel=1e-6)
    with rasterio.open(tmp_path / "out" / line["product"]) as dataset:
        assert len(dataset.gcps[0]) == 4


def test_what_a_model_does_not_make_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    path = placed(tmp_path, colours(40, 60).transpose(2, 0, 1))
    with (
        FrameFolder(path.parent, follow=False) as source,
        pytest.raises(ContractError, match="None of its values has a threshold"),
    ):
        live(tmp_path, source, document=value_contract(), more={"vectors": ("geojson",)})
    assert not (tmp_path / "out").exists()
