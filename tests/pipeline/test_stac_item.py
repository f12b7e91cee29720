"""The STAC Item beside the products."""

import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pystac
import pytest
import rasterio
from affine import Affine
from builders.bundles import BAND_NAMES
from builders.networks import plain_contract
from builders.runs import read_product, run_on, run_on_file
from builders.scenes import noise, place_by_points, write_scene

from edgers.pipeline.report import SceneReport


def item_of(report: SceneReport) -> pystac.Item:
    """Read the Item as any STAC client does."""
    item = pystac.Item.from_file(str(report.products[-1]))
    again = pystac.Item.from_dict(item.to_dict())
    assert again.id == item.id
    return item


def test_the_item_is_a_stac_item_of_the_products(tmp_path: Path) -> None:
    report = run_on(tmp_path, noise(3, 40, 50), probabilities=True)
    item = item_of(report)
    assert item.id == "scene_tiny-net"
    assert {role: asset.href for role, asset in item.assets.items()} == {
        "classes": "./scene_tiny-net.tif",
        "probabilities": "./scene_tiny-net_probabilities.tif",
        "quicklook": "./scene_tiny-net.png",
    }
    assert item.assets["quicklook"].roles == ["thumbnail"]
    assert item.assets["classes"].media_type == pystac.MediaType.COG
    for asset in item.assets.values():
        path = asset.get_absolute_href()
        assert path is not None
        assert Path(path).is_file()


def test_the_item_holds_the_areas(tmp_path: Path) -> None:
    report = run_on(tmp_path, noise(3, 40, 50))
    found = read_product(report)
    stated = item_of(report).properties["edgers:classes"]
    assert [entry["name"] for entry in stated] == ["land", "water", "cloud"]
    for entry, area in zip(stated, report.classes, strict=True):
        assert entry["pixels"] == (found == entry["value"]).sum()
        assert entry["area_km2"] == area.area_km2 == pytest.approx(entry["pixels"] * 1e-4, rel=2e-3)
    assert sum(entry["share"] for entry in stated) == pytest.approx(1)


def test_the_item_places_the_products(tmp_path: Path) -> None:
    report = run_on(tmp_path, noise(3, 40, 50))
    item = item_of(report)
    with rasterio.open(report.products[0]) as dataset:
        transform = list(dataset.transform)[:6]
    assert item.properties["proj:code"] == "EPSG:32630"
    assert item.properties["proj:shape"] == [40, 50]
    assert item.properties["proj:transform"] == transform
    assert item.geometry is not None
    (ring,) = item.geometry["coordinates"]
    assert ring[0] == ring[-1]
    assert item.bbox is not None
    west, south, east, north = item.bbox
    assert (west, south) == (min(p[0] for p in ring), min(p[1] for p in ring))
    assert (east, north) == (max(p[0] for p in ring), max(p[1] for p in ring))
    assert -2 < west < east < -1.7
    assert 37.9 < south < north < 38


def test_a_crs_without_a_code_is_written_out(tmp_path: Path) -> None:
    scene: dict[str, Any] = {
        "crs": "+proj=laea +lat_0=10 +lon_0=-81 +ellps=GRS80 +units=m",
        "transform": Affine(10, 0, 0, 0, -10, 0),
    }
    properties = item_of(run_on(tmp_path, noise(3, 40, 50), scene=scene)).properties
    assert properties["proj:code"] is None
    assert "Lambert Azimuthal" in properties["proj:wkt2"]


def test_without_a_crs_the_item_has_no_place(tmp_path: Path) -> None:
    item = item_of(run_on(tmp_path, noise(3, 40, 50), scene={"crs": None}))
    assert item.geometry is None
    assert item.bbox is None
    assert item.properties["proj:code"] is None
    assert {entry["area_km2"] for entry in item.properties["edgers:classes"]} == {None}


@pytest.mark.parametrize(
    ("crs", "transform", "pixel_m2"),
    [
        ("EPSG:4326", Affine(1e-4, 0, 179.998, 0, -1e-4, 60), 62.2),
        ("EPSG:32601", Affine(10, 0, 332_400, 0, -10, 6_655_000), 100),
    ],
)
def test_an_item_across_the_date_line_is_in_two_parts(
    tmp_path: Path, crs: str, transform: Affine, pixel_m2: float
) -> None:
    scene: dict[str, Any] = {"crs": crs, "transform": transform}
    report = run_on(tmp_path, noise(3, 40, 50), scene=scene)
    item = item_of(report)
    assert item.geometry is not None
    assert item.geometry["type"] == "MultiPolygon"
    assert item.bbox is not None
    west, south, east, north = item.bbox
    assert 179.9 < west < 180
    assert -180 < east < -179.9
    assert 59.9 < south < north < 60.1
    for (ring,) in item.geometry["coordinates"]:
        longitudes = [point[0] for point in ring]
        assert max(longitudes) - min(longitudes) < 0.1
    covered_m2 = 1e6 * sum(area.area_km2 or 0 for area in report.classes)
    assert covered_m2 == pytest.approx(2000 * pixel_m2, rel=0.01)


@pytest.mark.parametrize(("crs", "pole"), [("EPSG:3413", 90), ("EPSG:3031", -90)])
def test_an_item_on_a_pole_is_closed_over_it(tmp_path: Path, crs: str, pole: int) -> None:
    scene: dict[str, Any] = {"crs": crs, "transform": Affine(100, 0, -2000, 0, -100, 3000)}
    report = run_on(tmp_path, noise(3, 40, 50), scene=scene)
    item = item_of(report)
    assert item.geometry is not None
    (ring,) = item.geometry["coordinates"]
    assert [180.0, pole] in ring
    assert [-180.0, pole] in ring
    assert item.bbox is not None
    assert (item.bbox[0], item.bbox[2]) == (-180, 180)
    covered_km2 = sum(area.area_km2 or 0 for area in report.classes)
    # The maps are true to scale at 70° and 71°, and smaller than the ground at the pole.
    assert covered_km2 == pytest.approx(2000 * 0.01 * 1.065, rel=0.01)


def test_an_item_all_around_the_earth_is_one_box(tmp_path: Path) -> None:
    scene: dict[str, Any] = {"crs": "EPSG:4326", "transform": Affine(9, 0, 0, 0, -9, 90)}
    report = run_on(tmp_path, noise(3, 20, 40), scene=scene)
    item = item_of(report)
    assert item.bbox == [-180, -90, 180, 90]
    covered_km2 = sum(area.area_km2 or 0 for area in report.classes)
    assert covered_km2 == pytest.approx(510_065_622, rel=1e-6)


def test_an_item_in_sensor_geometry_lies_where_its_points_do(tmp_path: Path) -> None:
    path = write_scene(tmp_path / "scene.tif", noise(3, 8, 8), names=BAND_NAMES, crs=None)
    report = run_on_file(tmp_path, place_by_points(path))
    item = item_of(report)
    # Sides are straight on the ground, not in degrees.
    assert item.bbox == pytest.approx([10, 49, 11, 50], abs=2e-3)
    assert item.geometry is not None
    ring = np.array(item.geometry["coordinates"][0])
    for corner in ((10, 50), (11, 50), (11, 49), (10, 49)):
        assert np.abs(ring - corner).sum(axis=1).min() < 1e-6
    properties = item.properties
    assert properties["proj:code"] is None
    assert properties["proj:shape"] == [8, 8]
    assert "proj:transform" not in properties
    covered_km2 = sum(entry["area_km2"] for entry in properties["edgers:classes"])
    # A degree at 49.5° is 72.4 by 111.2 km; straight lines between the points leave out little.
    assert covered_km2 == pytest.approx(72.4 * 111.2, rel=0.01)


def test_classes_are_named_as_the_extension_allows(tmp_path: Path) -> None:
    document = plain_contract()
    document["mlm:output"][0]["classification:classes"][1]["name"] = "open water / flood"
    item = item_of(run_on(tmp_path, noise(3, 40, 50), document=document))
    entry = item.assets["classes"].extra_fields["classification:classes"][1]
    assert entry == {
        "value": 1,
        "name": "open_water_flood",
        "description": "open water / flood",
        "color_hint": "2B6CB0",
    }


def scene_at(folder: Path, name: str, tags: dict[str, str] | None = None) -> Path:
    path = write_scene(folder / name, noise(3, 8, 8), names=BAND_NAMES)
    with rasterio.open(path, "r+") as dataset:
        dataset.update_tags(**(tags or {}))
    os.utime(path, (1_700_000_000, 1_700_000_000))
    return path


@pytest.mark.parametrize(
    ("name", "tags", "time", "origin"),
    [
        ("s.tif", {}, "2023-11-14T22:13:20Z", "file date"),
        ("S2A_20210102T030405_x.tif", {}, "2021-01-02T03:04:05Z", "file name"),
        ("x_99999999T999999.tif", {}, "2023-11-14T22:13:20Z", "file date"),
        (
            "S2A_20210102T030405.tif",
            {"ACQUISITIONDATETIME": "2020-05-06T07:08:09Z"},
            "2020-05-06T07:08:09Z",
            "tag ACQUISITIONDATETIME",
        ),
        (
            "s.tif",
            {"TIFFTAG_DATETIME": "2019:01:02 03:04:05"},
            "2019-01-02T03:04:05Z",
            "tag TIFFTAG_DATETIME",
        ),
        ("s.tif", {"ACQUISITIONDATETIME": "yesterday"}, "2023-11-14T22:13:20Z", "file date"),
    ],
)
def test_the_time_is_that_of_the_scene_and_its_origin_is_said(
    tmp_path: Path, name: str, tags: dict[str, str], time: str, origin: str
) -> None:
    report = run_on_file(tmp_path, scene_at(tmp_path, name, tags))
    properties = item_of(report).properties
    assert properties["datetime"] == time
    assert properties["edgers:datetime_from"] == origin


def test_the_item_says_what_made_it_as_the_map_does(tmp_path: Path) -> None:
    report = run_on(tmp_path, noise(3, 40, 50))
    properties = item_of(report).properties
    with rasterio.open(report.products[0]) as dataset:
        tags = dataset.tags()
    for key in ("version", "bundle_id", "engine", "scene_sha256", "nodata_share", "halo"):
        assert str(properties[f"edgers:{key}"]) == tags[f"EDGERS_{key.upper()}"]


def test_the_item_is_plain_json(tmp_path: Path) -> None:
    report = run_on(tmp_path, noise(3, 40, 50))

    def refuse(literal: str) -> None:
        raise AssertionError(literal)

    json.loads(report.products[-1].read_text("utf-8"), parse_constant=refuse)
