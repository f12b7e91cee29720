"""Outlines and alerts of maps that say yes or no, and of values."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from builders.bundles import BAND_NAMES, make_bundle
from builders.features import geojson
from builders.networks import band_net, plain_contract
from builders.row_nets import means_net, row_contract
from builders.runs import run_on
from builders.scenes import TRANSFORM, noise, write_scene
from builders.unfinished import leave_unfinished, products
from rasterio.features import rasterize
from rasterio.warp import transform_geom

from edgers.bundle import open_bundle
from edgers.errors import ContractError
from edgers.pipeline.model import load_model
from edgers.pipeline.options import RunOptions
from edgers.pipeline.run import run_scene

LIMIT = 0.5
SEVERAL = {"edgers:class_rule": "several", "edgers:activation": "none", "edgers:threshold": LIMIT}
VALUES = [{"name": "heat", "unit": "K", "threshold": LIMIT}, {"name": "b"}, {"name": "c"}]


def value_contract(*values: dict[str, Any]) -> dict[str, Any]:
    document = plain_contract({"edgers:values": list(values)})
    stated = document["mlm:output"][0]
    del stated["classification:classes"]
    stated["tasks"] = ["regression"]
    stated["result"]["dim_order"] = ["batch", "channel", "height", "width"]
    return document


def chances() -> np.ndarray:
    """Patches of six pixels from 0 to 1, and no data in a corner."""
    samples: np.ndarray = (noise(3, 7, 9) / 4000).astype(np.float32).repeat(6, 1).repeat(6, 2)
    samples[:, :8, :9] = -1
    return samples


def file(report: Any, ending: str) -> Path:
    (path,) = [path for path in report.products if path.name.endswith(ending)]
    return Path(path)


def burnt(features: list[dict[str, Any]], shape: tuple[int, int]) -> np.ndarray:
    shapes = [(transform_geom("EPSG:4326", "EPSG:32630", one["geometry"]), 1) for one in features]
    found: np.ndarray = rasterize(shapes, out_shape=shape, transform=TRANSFORM)
    return found


@pytest.mark.parametrize("tile_px", [17, 64])
def test_polygons_of_labels_burnt_back_are_the_label_map(tmp_path: Path, tile_px: int) -> None:
    given = chances()
    report = run_on(
        tmp_path, given, document=plain_contract(SEVERAL), scene={"nodata": -1},
        vectors=("geojson",), alert=True, tile_px=tile_px,
    )  # fmt: skip
    features = geojson(file(report, ".geojson"))["features"]
    told = {one["c"]: one for one in json.loads(file(report, "_alert.json").read_text())["f"]}
    assert list(told) == [
        one.name for one in sorted(report.found.classes, key=lambda one: one.pixels)
    ]
    for band, area in zip(given, report.found.classes, strict=True):
        own = [one for one in features if one["properties"]["class_name"] == area.name]
        assert np.array_equal(burnt(own, band.shape) == 1, band >= LIMIT)
        assert sum(one["properties"]["pixels"] for one in own) == area.pixels
        assert told[area.name]["a"] == pytest.approx(area.area_km2, rel=1e-2)
        inside = burnt([{"geometry": {"type": "Point", "coordinates": told[area.name]["p"]}}],
                       band.shape)  # fmt: skip
        assert (band[inside == 1] >= LIMIT).all()


def test_polygons_of_values_are_what_reaches_the_threshold(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Mean and largest value are of the pixels inside, also where they are read in pieces."""
    monkeypatch.setattr("edgers.products.flag_vectors.BLOCK_PX", 40)
    given = chances()
    given[0, 20, 30] = 0.987
    report = run_on(
        tmp_path, given, document=value_contract(*VALUES), scene={"nodata": -1},
        vectors=("geojson",), alert=True, tile_px=20,
    )  # fmt: skip
    features = geojson(file(report, ".geojson"))["features"]
    assert np.array_equal(burnt(features, given.shape[1:]) == 1, given[0] >= LIMIT)
    for one in features:
        inside = given[0][burnt([one], given.shape[1:]) == 1].astype(np.float64)
        told = one["properties"]
        assert (told["value"], told["threshold"]) == ("heat", LIMIT)
        assert (told["pixels"], told["max"]) == (inside.size, pytest.approx(inside.max()))
        assert told["mean"] == pytest.approx(inside.mean(), rel=1e-9)
    path = file(report, "_alert.json")
    assert len(path.read_bytes()) <= 256
    found = json.loads(path.read_text())["f"]
    assert [one["c"] for one in found] == ["heat", "b", "c"]
    assert [one["m"] for one in found] == [float(f"{band.max():.5g}") for band in given]
    spot = {"type": "Point", "coordinates": found[0]["p"]}
    place = burnt([{"geometry": spot}], given.shape[1:])
    assert np.array_equal(np.argwhere(place), [np.argwhere(given[0] == given[0].max())[0]])


def test_what_reaches_no_threshold_is_not_told(tmp_path: Path) -> None:
    cold = {"name": "cold", "threshold": 99}
    report = run_on(
        tmp_path, chances(), document=value_contract(cold, cold | {"name": "d"}, {"name": "c"}),
        vectors=("geojson",), alert=True,
    )  # fmt: skip
    assert geojson(file(report, ".geojson"))["features"] == []
    found = json.loads(file(report, "_alert.json").read_text())["f"]
    assert [one["c"] for one in found] == ["c"]


def test_values_without_a_threshold_have_no_outlines(tmp_path: Path) -> None:
    with pytest.raises(ContractError, match="None of its values has a threshold"):
        run_on(tmp_path, chances(), document=value_contract(*VALUES[1:], {"name": "x"}),
               vectors=("geojson",))  # fmt: skip
    assert not list(tmp_path.glob("out/*"))


@pytest.mark.parametrize("document", [plain_contract(SEVERAL), value_contract(*VALUES)])
def test_a_run_that_was_stopped_goes_on_to_the_same_outlines(
    tmp_path: Path, document: dict[str, Any]
) -> None:
    way = {"tile_px": 20, "alert": True, "vectors": ("geojson", "csv")}
    scene = write_scene(tmp_path / "scene.tif", chances(), names=BAND_NAMES, nodata=-1)
    with load_model(open_bundle(make_bundle(tmp_path, document, band_net))) as model:
        run_scene(model, scene, tmp_path / "whole", RunOptions(**way))
        leave_unfinished(model, scene, tmp_path / "out", 3, **way)
        report = run_scene(model, scene, tmp_path / "out", RunOptions(**way))
    assert report.reused_tiles == 3
    assert products(tmp_path / "out") == products(tmp_path / "whole")


def test_an_alert_of_a_table_of_numbers_tells_the_largest_and_its_tile(tmp_path: Path) -> None:
    given = noise(3, 40, 60).astype(np.float32)
    document = row_contract("channel", 3, (), "scene-regression")
    report = run_on(tmp_path, given, net=means_net(), document=document, tile_px=20, alert=True)
    found = json.loads(file(report, "_alert.json").read_text())["f"]
    for band, one in zip(given, found, strict=True):
        means = band.reshape(2, 20, 3, 20).mean(axis=(1, 3))
        assert one["m"] == pytest.approx(means.max(), rel=1e-4)
        spot = burnt([{"geometry": {"type": "Point", "coordinates": one["p"]}}], band.shape)
        row, column = np.argwhere(spot)[0] // 20
        assert means[row, column] == means.max()
