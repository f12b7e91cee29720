"""What the products say of themselves: place, colours, names, tags and overviews."""

import json
import shutil
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from affine import Affine
from builders.bundles import BAND_NAMES
from builders.networks import patch_net, plain_contract
from builders.runs import largest_band, read_product, run_on, run_on_file
from builders.scenes import CORNERS, TRANSFORM, noise, place_by_points, write_scene
from PIL import Image
from rasterio.crs import CRS
from rasterio.enums import ColorInterp
from rasterio.errors import NotGeoreferencedWarning

import edgers
from edgers.bundle import open_bundle
from edgers.errors import EdgersError
from edgers.pipeline.input_watch import scene_hash
from edgers.pipeline.model import load_model, slug
from edgers.pipeline.report import SceneReport
from edgers.pipeline.run import run_scene


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> SceneReport:
    """One run over a scene of 600 × 500 px, a corner of it without data."""
    samples = noise(3, 500, 600)
    samples[:, :100, :100] = 0
    folder = tmp_path_factory.mktemp("run")
    return run_on(folder, samples, scene={"nodata": 0}, probabilities=True)


@contextmanager
def product(report: SceneReport, position: int = 0) -> Iterator[rasterio.DatasetReader]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NotGeoreferencedWarning)
        with rasterio.open(report.products[position]) as dataset:
            yield dataset


def test_the_products_are_there_and_nothing_else(report: SceneReport) -> None:
    names = [path.name for path in report.products]
    assert names == [
        "scene_tiny-net.tif",
        "scene_tiny-net_probabilities.tif",
        "scene_tiny-net.png",
        "scene_tiny-net.json",
    ]
    assert sorted(path.name for path in report.products[0].parent.iterdir()) == sorted(names)


@pytest.mark.parametrize("position", [0, 1])
def test_a_map_is_a_cloud_optimized_geotiff_on_the_scenes_grid(
    report: SceneReport, position: int
) -> None:
    with product(report, position) as dataset:
        assert dataset.tags(ns="IMAGE_STRUCTURE")["LAYOUT"] == "COG"
        assert dataset.shape == (500, 600)
        assert dataset.crs == CRS.from_epsg(32630)
        assert dataset.transform == TRANSFORM
        assert dataset.block_shapes[0] == (256, 256)


def test_the_class_map_is_described(report: SceneReport) -> None:
    with product(report) as dataset:
        assert (dataset.count, dataset.dtypes, dataset.nodata) == (1, ("uint8",), 255)
        assert dataset.descriptions == ("class",)
        assert dataset.tags(1)["CLASS_1"] == "water"
        assert dataset.colorinterp == (ColorInterp.palette,)
        colours = dataset.colormap(1)
    assert [colours[value] for value in range(3)] == [
        (0xB5, 0xA8, 0x86, 255),
        (0x2B, 0x6C, 0xB0, 255),
        (0xE2, 0xE8, 0xF0, 255),
    ]


def test_the_probabilities_are_described(report: SceneReport) -> None:
    with product(report, 1) as dataset:
        assert (dataset.count, set(dataset.dtypes)) == (3, {"float32"})
        assert np.isnan(dataset.nodata)
        assert dataset.descriptions == ("land", "water", "cloud")
        assert ColorInterp.alpha not in dataset.colorinterp
        assert ColorInterp.red not in dataset.colorinterp


@pytest.mark.parametrize("position", [0, 1])
def test_overviews_go_down_to_one_block(report: SceneReport, position: int) -> None:
    with product(report, position) as dataset:
        assert dataset.overviews(1) == [2, 4]


def test_overviews_of_classes_hold_classes(report: SceneReport) -> None:
    with rasterio.open(report.products[0], overview_level=1) as dataset:
        assert dataset.shape == (125, 150)
        found = dataset.read(1)
    assert set(np.unique(found)) == {0, 1, 2, 255}
    assert (found[:24, :24] == 255).all()
    assert (found[:, 26:] != 255).all()


def test_overviews_show_the_class_of_most_pixels_and_invent_none(report: SceneReport) -> None:
    with rasterio.open(report.products[0], overview_level=0) as dataset:
        found = dataset.read(1)[60:, 60:]
    blocks = read_product(report)[120:, 120:].reshape(190, 2, 240, 2)
    assert (found[:, np.newaxis, :, np.newaxis] == blocks).any(axis=(1, 3)).all()
    for value in range(3):
        most = (blocks == value).sum(axis=(1, 3)) >= 3
        assert most.sum() > 1000
        assert (found[most] == value).all()


def test_overviews_of_probabilities_are_means(report: SceneReport) -> None:
    with rasterio.open(report.products[1], overview_level=0) as dataset:
        found = dataset.read()[:, :, 60:]
    blocks = read_product(report, 1)[:, :, 120:].reshape(3, 250, 2, 240, 2)
    np.testing.assert_allclose(found, blocks.mean(axis=(2, 4)), atol=1e-4)


@pytest.mark.parametrize("position", [0, 1])
def test_a_map_says_what_made_it(report: SceneReport, position: int) -> None:
    folder = report.products[0].parents[1]
    with product(report, position) as dataset:
        tags = dataset.tags()
    bundle = open_bundle(folder / "b.edgers")
    assert tags["EDGERS_BUNDLE_ID"] == bundle.bundle_id
    assert tags["EDGERS_SCENE"] == "scene.tif"
    assert tags["EDGERS_SCENE_SHA256"] == scene_hash([folder / "scene.tif"])
    assert tags["EDGERS_VERSION"] == edgers.__version__
    assert tags["EDGERS_MODEL"] == "tiny net"
    assert tags["EDGERS_PRECISION"] == "fp32"
    assert float(tags["EDGERS_NODATA_SHARE"]) == pytest.approx(1 / 30, abs=1e-6)


def test_the_quicklook_is_a_picture_of_both(report: SceneReport) -> None:
    with Image.open(report.products[2]) as picture:
        assert picture.format == "PNG"
        assert picture.width > 2 * 600
        assert picture.height > 500
        colours = {colour for _, colour in picture.getcolors(2**24) or []}
    assert {(0xB5, 0xA8, 0x86), (0x2B, 0x6C, 0xB0), (0xE2, 0xE8, 0xF0)} <= colours


def test_the_areas_are_those_of_the_pixels(report: SceneReport) -> None:
    found = read_product(report)
    for area in report.classes:
        assert area.pixels == np.count_nonzero(found == area.value)
        assert area.area_km2 == pytest.approx(area.pixels * 1e-4, rel=2e-3)


def test_each_row_counts_with_its_own_area(tmp_path: Path) -> None:
    in_degrees: dict[str, Any] = {
        "crs": "EPSG:4326",
        "transform": Affine(0.1, 0, 10, 0, -0.1, 60),
    }
    samples = noise(3, 500, 40)
    report = run_on(tmp_path, samples, scene=in_degrees, tile_px=64)
    latitude = np.radians(60 - 0.1 * (np.arange(500) + 0.5))
    e2 = 0.0066943799901414
    w = 1 - e2 * np.sin(latitude) ** 2
    row_km2 = 6378.137**2 * (1 - e2) / w**2 * np.cos(latitude) * np.radians(0.1) ** 2
    classes = largest_band(samples)
    for area in report.classes:
        exact = float((classes == area.value).sum(axis=1) @ row_km2)
        assert area.area_km2 == pytest.approx(exact, rel=1e-5)


def test_the_report_is_json(report: SceneReport) -> None:
    document = json.loads(json.dumps(report.document()))
    assert document["products"] == [str(path) for path in report.products]
    assert document["classes"][1]["name"] == "water"
    assert document["tiles_per_s"] > 0
    assert set(document["stage_s"]) == {"read", "preprocess", "infer"}


def test_classes_of_two_bytes_keep_their_colours_and_names(tmp_path: Path) -> None:
    document = plain_contract()
    document["mlm:output"][0]["classification:classes"][2]["value"] = 1000
    with product(run_on(tmp_path, noise(3, 40, 50), document=document)) as dataset:
        assert (dataset.dtypes, dataset.nodata) == (("uint16",), 65_535)
        assert dataset.colormap(1)[1000] == (0xE2, 0xE8, 0xF0, 255)
        assert dataset.tags(1)["CLASS_1000"] == "cloud"


def test_a_scene_without_a_crs_gives_a_map_without_one(tmp_path: Path) -> None:
    report = run_on(tmp_path, noise(3, 40, 50), scene={"crs": None})
    with product(report) as dataset:
        assert dataset.crs is None
        assert dataset.transform.is_identity
    assert [area.area_km2 for area in report.classes] == [None] * 3
    assert sum(area.share for area in report.classes) == pytest.approx(1)


def placed_by_points(folder: Path) -> Path:
    path = write_scene(folder / "scene.tif", noise(3, 8, 8), names=BAND_NAMES, crs=None)
    return place_by_points(path)


def test_ground_control_points_are_handed_on(tmp_path: Path) -> None:
    report = run_on_file(tmp_path, placed_by_points(tmp_path))
    with product(report) as dataset:
        points, crs = dataset.gcps
    assert tuple((p.row, p.col, p.x, p.y) for p in points) == CORNERS
    assert crs == CRS.from_epsg(4326)
    assert all((area.area_km2 or 0) > 0 for area in report.classes)


def test_ground_control_points_move_with_a_coarser_map(tmp_path: Path) -> None:
    with product(run_on_file(tmp_path, placed_by_points(tmp_path), net=patch_net)) as dataset:
        assert dataset.shape == (2, 2)
        found = [(point.row, point.col, point.x, point.y) for point in dataset.gcps[0]]
    assert found == [(row / 4, column / 4, x, y) for row, column, x, y in CORNERS]


@pytest.mark.parametrize(
    ("crs", "transform"),
    [
        ("EPSG:4326", Affine(1e-4, 0, 10, 0, -1e-4, 60)),
        ("EPSG:3413", Affine(10, 0, -200_000, 0, -10, -900_000)),
        ("+proj=laea +lat_0=10 +lon_0=-81 +ellps=GRS80 +units=m", Affine(10, 0, 0, 0, -10, 0)),
    ],
)
def test_any_crs_is_handed_on(tmp_path: Path, crs: str, transform: Affine) -> None:
    scene: dict[str, Any] = {"crs": crs, "transform": transform}
    report = run_on(tmp_path, noise(3, 40, 50), scene=scene)
    with product(report) as dataset:
        assert dataset.crs == CRS.from_string(crs)
        assert dataset.transform == transform
    assert all((area.area_km2 or 0) > 0 for area in report.classes)


def test_other_files_in_the_folder_stay_and_old_products_are_replaced(tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / "notes.txt").write_text("mine")
    (out / "scene_tiny-net.tif").write_text("old")
    samples = noise(3, 40, 50)
    report = run_on(tmp_path, samples)
    assert np.array_equal(read_product(report), largest_band(samples))
    assert (out / "notes.txt").read_text() == "mine"


def test_a_failed_run_leaves_the_products_of_the_last_one(tmp_path: Path) -> None:
    first = run_on(tmp_path, noise(3, 40, 50))
    before = {path: path.read_bytes() for path in first.products}
    with pytest.raises(EdgersError):
        run_on(tmp_path, np.zeros((3, 40, 50), np.uint16), scene={"nodata": 0})
    assert {path: path.read_bytes() for path in (tmp_path / "out").iterdir()} == before


class Counter:
    """Progress that is added up."""

    def __init__(self) -> None:
        self.started: list[tuple[str, int, float]] = []
        self.tiles, self.megapixels, self.finished = 0, 0.0, 0

    def start(self, scene: str, tiles: int, megapixels: float) -> None:
        self.started.append((scene, tiles, megapixels))

    def advance(self, megapixels: float) -> None:
        self.tiles += 1
        self.megapixels += megapixels

    def finish(self) -> None:
        self.finished += 1


def test_progress_adds_up_to_the_scene(tmp_path: Path) -> None:
    report = run_on(tmp_path, noise(3, 300, 400))
    progress = Counter()
    with load_model(open_bundle(tmp_path / "b.edgers")) as model:
        run_scene(model, tmp_path / "scene.tif", tmp_path / "out", progress=progress)
    assert progress.started == [("scene.tif", report.tiles, pytest.approx(0.12))]
    assert progress.tiles == report.tiles == 4
    assert progress.megapixels == pytest.approx(0.12)
    assert progress.finished == 1


@pytest.mark.parametrize(
    ("name", "wanted"),
    [("tiny net", "tiny-net"), ("Flood/2.0", "flood-2.0"), ("../..", "model"), ("ö", "model")],
)
def test_a_model_name_becomes_a_file_name(name: str, wanted: str) -> None:
    assert slug(name) == wanted


@pytest.mark.parametrize("stem", ["a.b.c", "with space", "ünï", "-o", "%d", "scene.draft"])
def test_a_scene_of_any_name_gives_products_of_that_name(tmp_path: Path, stem: str) -> None:
    path = write_scene(tmp_path / "scene.tif", noise(3, 8, 8), names=BAND_NAMES)
    shutil.move(path, tmp_path / f"{stem}.tif")
    report = run_on_file(tmp_path, tmp_path / f"{stem}.tif", probabilities=True)
    assert {path.name for path in (tmp_path / "out").iterdir()} == {
        f"{stem}_tiny-net{end}" for end in (".tif", "_probabilities.tif", ".png", ".json")
    }
    assert all(path.is_file() for path in report.products)
