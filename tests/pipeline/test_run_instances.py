"""Instances that a run gives: to the pixel those of the scene, in every format, killed or not."""

import csv
import json
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import rasterio
import shapely
from builders.bundles import make_bundle
from builders.instance_nets import (
    BANDS,
    CLASSES,
    SCORE,
    Form,
    instance_contract,
    instance_net,
    instance_samples,
)
from builders.killable import products, start_run, was_killed
from builders.runs import edgers
from builders.scenes import write_scene
from rasterio.features import rasterize

from edgers.bench.instance_scene import Labels, labels_of, numbered
from edgers.bundle import open_bundle
from edgers.errors import ContractError
from edgers.pipeline.model import load_model
from edgers.pipeline.options import RunOptions
from edgers.pipeline.report import SceneReport
from edgers.pipeline.run import run_scene

SIDE_PX = 220


@pytest.fixture(scope="module")
def labels() -> Labels:
    """Instances 2 or 4 px apart, one with a hole and an island in it, and one in two parts."""
    found = labels_of(SIDE_PX, 2)
    found[150:195, 20:70] = found[40:60, 130:170] = 0
    found = numbered(found)
    count = int(found.max())
    found[155:190, 25:65], found[160:185, 30:60], found[168:175, 40:50] = (count + 1, 0, count + 2)
    found[45:50, 140:150] = found[50:54, 150:162] = count + 3
    return found


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory, labels: Labels) -> dict[Form, Path]:
    """A bundle that gives masks in each form, and a scene."""
    forms: tuple[Form, ...] = ("window", "prototypes")
    found = {form: tmp_path_factory.mktemp(form) for form in forms}
    for form, path in found.items():
        make_bundle(path, instance_contract(form), partial(instance_net, form))
        write_scene(path / "scene.tif", instance_samples(labels), names=BANDS)
        write_scene(path / "nowhere.tif", instance_samples(labels), names=BANDS, crs=None)
    return found


@pytest.fixture(scope="module")
def folder(folders: dict[Form, Path]) -> Path:
    return folders["window"]


def run(folder: Path, out: Path, scene: str = "scene.tif", **options: Any) -> SceneReport:
    with load_model(open_bundle(folder / "b.edgers")) as model:
        return run_scene(model, folder / scene, out, RunOptions(**options))


def features(report: SceneReport) -> list[Any]:
    found: list[Any] = json.loads(report.products[0].read_text())["features"]
    return found


def painted(report: SceneReport) -> npt.NDArray[np.int32]:
    """Paint polygons in pixels with their class; what two hold becomes 99."""
    total = np.zeros((SIDE_PX, SIDE_PX), np.int32)
    for one in features(report):
        known = one["properties"]
        shape = shapely.from_wkt(known["pixel_wkt"])
        assert shape.is_valid
        assert shape.area == known["pixels"]
        assert shape.bounds == tuple(
            known[name] for name in ("left_px", "top_px", "right_px", "bottom_px")
        )
        mask = rasterize([(shape, 1)], total.shape).astype(bool)
        total[mask] = np.where(total[mask] > 0, 99, known["class"])
    return total


@pytest.mark.parametrize(
    ("form", "tile_px", "overlap_px"),
    [("window", 64, 0), ("prototypes", 64, 4), ("window", 96, 16), ("prototypes", 300, 0)],
)
def test_polygons_are_the_truth(
    folders: dict[Form, Path], tmp_path: Path, labels: Labels, form: Form, tile_px: int,
    overlap_px: int,
) -> None:  # fmt: skip
    report = run(folders[form], tmp_path, "nowhere.tif", tile_px=tile_px, overlap_px=overlap_px)
    values = np.array([one["value"] for one in CLASSES])
    assert np.array_equal(painted(report), np.where(labels > 0, values[labels % 2], 0))
    numbers = np.arange(1, labels.max() + 1)
    counts = [int((numbers % 2 == kind).sum()) for kind in (0, 1)]
    assert [one.objects for one in report.found.objects] == counts
    known = [one["properties"] for one in features(report)]
    assert sorted(one["pixels"] for one in known) == sorted(np.bincount(labels.ravel())[1:])
    assert len({one["id"] for one in known}) == len(known)
    assert {one["score"] for one in known} == {SCORE}
    assert (max(one["tiles"] for one in known) > 1) == (tile_px < SIDE_PX)


def test_ids_are_of_places_and_not_of_tiles(folder: Path, tmp_path: Path) -> None:
    one, other = (
        {each["properties"]["id"] for each in features(run(folder, tmp_path / str(px), tile_px=px))}
        for px in (64, 300)
    )
    assert one == other


def test_every_format_and_what_is_told(folder: Path, tmp_path: Path, labels: Labels) -> None:
    formats = ("geojson", "csv", "geoparquet", "flatgeobuf")
    pytest.importorskip("pyogrio")
    report = run(folder, tmp_path, tile_px=64, alert=True, vectors=formats)
    names = [path.name for path in report.products]
    assert names == [
        f"scene_instances{end}"
        for end in (".geojson", ".csv", ".parquet", ".fgb", "_alert.json", ".png", ".json")
    ]
    kinds = [one["geometry"]["type"] for one in features(report)]
    assert kinds.count("MultiPolygon") == 1
    holes = [
        len(one["geometry"]["coordinates"]) - 1 for one in features(report)
        if one["geometry"]["type"] == "Polygon"
    ]  # fmt: skip
    assert max(holes) >= 1
    areas = {one["properties"]["pixels"]: one["properties"]["area_m2"] for one in features(report)}
    # Pixels of 10 m; UTM is off by up to 0.1 % along each axis.
    assert all(area == pytest.approx(px * 100, rel=2e-3) for px, area in areas.items())
    with report.products[1].open() as file:
        assert len(list(csv.DictReader(file))) == labels.max()
    with rasterio.open(folder / "scene.tif") as dataset:
        transform = dataset.transform
    import pyarrow.parquet as pq

    shapes = shapely.from_wkb(pq.read_table(report.products[2])["geometry"].to_pylist())
    again = rasterize([(one, 1) for one in shapes], labels.shape, transform=transform)
    assert np.array_equal(again > 0, labels > 0)
    alert = json.loads(report.products[4].read_text())
    assert sum(one["n"] for one in alert["f"]) == labels.max()


def test_killed_and_taken_up_products_are_the_same(folder: Path, tmp_path: Path) -> None:
    options: dict[str, Any] = {"tile_px": 64, "overlap_px": 4, "vectors": ("geojson", "csv")}
    run(folder, tmp_path / "whole", **options)
    out = tmp_path / "killed"
    assert was_killed(start_run(folder, out, 500, **options))
    # What was damaged since is made again.
    (draft,) = out.glob(".edgers-*/pieces.raw")
    draft.write_bytes(bytes([draft.read_bytes()[0] ^ 1]) + draft.read_bytes()[1:])
    report = run(folder, out, **options)
    assert products(out) == products(tmp_path / "whole")
    assert 0 < report.reused_tiles < report.tiles


def test_what_holds_no_data_is_told_or_left_out(tmp_path: Path) -> None:
    """The network sees what holes are filled with: an instance with the number of the fill."""
    labels = np.zeros((60, 80), np.int32)
    labels[10:20, 10:30] = 1
    samples = instance_samples(labels)
    samples[:, 10:20, 20:40], samples[:, 30:40] = np.nan, np.nan
    fill = {"edgers:nodata": {"fill": 1.0}}
    make_bundle(tmp_path, instance_contract("window", **fill), instance_net)
    write_scene(tmp_path / "scene.tif", samples, names=BANDS, crs=None)
    # Two tiles, of which the lower one sees nothing but the fill.
    report = run(tmp_path, tmp_path / "out", tile_px=80, overlap_px=0)
    (one,) = (each["properties"] for each in features(report))
    assert one["pixels"] == 10 * 30 + 10 * 80
    assert one["nodata_share"] == pytest.approx((10 * 20 + 10 * 80) / one["pixels"], abs=1e-6)
    samples[:, 10:20] = np.nan
    write_scene(tmp_path / "scene.tif", samples, names=BANDS, crs=None)
    assert features(run(tmp_path, tmp_path / "none", tile_px=80, overlap_px=0)) == []


def test_on_the_command_line(folder: Path, tmp_path: Path, labels: Labels) -> None:
    done = edgers("run", folder / "b.edgers", folder / "scene.tif", "-o", tmp_path, "--tile", "64")
    assert done.code == 0, done.err
    whole, fields = labels.max(), (labels.max() + 1) // 2
    assert f"objects     {whole} · {fields} field · {whole - fields} lake" in done.out


@pytest.mark.parametrize("options", [{"probabilities": True}, {"simplify_px": 1.0}])
def test_products_there_are_not_are_refused(
    folder: Path, tmp_path: Path, options: dict[str, Any]
) -> None:
    with pytest.raises(ContractError, match="objects, not a map"):
        run(folder, tmp_path, **options)
