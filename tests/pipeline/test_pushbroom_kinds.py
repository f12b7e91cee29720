"""Strips give whatever the finished file gives: labels, values, objects and tables."""

import csv
import json
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
from builders.networks import band_net, plain_contract, value_contract
from builders.row_nets import embedding_contract, means_net, row_contract
from builders.scenes import noise, write_scene
from builders.strip_runs import Running, at_rest, loaded
from builders.strips import write_strip

from edgers.errors import ContractError
from edgers.pipeline.model import Model
from edgers.pipeline.options import RunOptions
from edgers.pipeline.pushbroom import StripOptions, run_strip
from edgers.pipeline.report import SceneReport
from edgers.pipeline.run import run_scene
from edgers.pipeline.strip_report import StripReport

SEVERAL = {"edgers:class_rule": "several"}
HEAT = {"edgers:values": [{"name": "heat", "unit": "K", "threshold": 2000}, {"name": "b"},
                          {"name": "c"}]}  # fmt: skip
PACKED = {**HEAT, "edgers:storage": {"data_type": "int16", "scale": 0.5, "offset": 100}}
PLACE = {"map_info": "{UTM, 1, 1, 600000, 4200000, 10, 10, 30, North, WGS-84}"}
OF_TILES = ("tile", "tiles", "seam_px", "input_sha256")
"""What hangs on where tiles lie, which differs from a scene's; and what is not known before."""


def both(
    model: Model, folder: Path, samples: np.ndarray, options: StripOptions | None = None,
    more: dict[str, Any] | None = None, names: tuple[str, ...] = BAND_NAMES,
) -> tuple[StripReport, SceneReport]:  # fmt: skip
    """Run rows as they arrive, and then the finished file; 0 is no data but for a detector."""
    nodata = 0 if names is BAND_NAMES else None
    path = write_strip(
        folder / "s.bil", samples, band_names=f"{{{', '.join(names)}}}", data_ignore_value=nodata,
        **PLACE,
    )  # fmt: skip
    report = run_strip(model, at_rest(path), folder / "out", options)
    scene = write_scene(folder / "s.tif", samples, names=names, nodata=nodata)
    return report, run_scene(model, scene, folder / "ref", RunOptions(**(more or {})))


def pixels(path: Path) -> np.ndarray:
    with rasterio.open(path) as dataset:
        found: np.ndarray = dataset.read()
    return found


@pytest.mark.parametrize(
    "document",
    [plain_contract(SEVERAL), value_contract(), value_contract(**HEAT), value_contract(**PACKED)],
    ids=["labels", "values", "threshold", "storage"],
)
def test_rasters_are_those_of_the_finished_file(tmp_path: Path, document: Any) -> None:
    samples = noise(3, 61, 30)
    samples[:, 20:30, 5:25] = 0
    with loaded(tmp_path, document, band_net) as model:
        report, wanted = both(model, tmp_path, samples, StripOptions(rows_px=16, tile_px=13))
    rasters = [path for path in report.products if path.suffix == ".img"]
    tiffs = [path for path in wanted.products if path.suffix == ".tif"]
    assert len(rasters) == len(tiffs) == 1 + ("threshold" in json.dumps(document))
    for one, two in zip(rasters, tiffs, strict=True):
        assert np.array_equal(pixels(one), pixels(two), equal_nan=True)
        with rasterio.open(one) as here, rasterio.open(two) as there:
            assert (here.dtypes, here.descriptions) == (there.dtypes, there.descriptions)
            assert np.array_equal(here.nodata, there.nodata, equal_nan=True)
            assert (here.scales, here.offsets) == (there.scales, there.offsets)
            assert (here.crs.to_epsg(), here.transform) == (32630, there.transform)
    assert report.nodata_share == wanted.nodata_share > 0
    for told, known in zip(report.found.values, wanted.found.values, strict=True):
        assert (told.pixels, told.least, told.most) == (known.pixels, known.least, known.most)
        if told.found is not None and known.found is not None:
            assert told.found.pixels == known.found.pixels
            assert told.found.area_km2 == pytest.approx(known.found.area_km2)
    for one, two in zip(report.found.classes, wanted.found.classes, strict=True):
        assert (one.name, one.pixels, one.share) == (two.name, two.pixels, two.share)
    summary = json.loads(report.products[-1].read_text())
    assert [one["name"] for one in summary["values"]] == [one.name for one in wanted.found.values]


def test_rows_of_all_bands_leave_together(tmp_path: Path) -> None:
    samples = noise(3, 20, 6).astype(np.float32)
    with loaded(tmp_path, value_contract(), band_net) as model:
        running = Running(model, tmp_path, samples, rows_px=5)
        for row in range(20):
            running.feed(row)
            running.wait_for((row + 1) // 5 * 5 * 6 * 3 * 4)
        running.end()
    assert running.error is None
    assert running.out == samples.transpose(1, 0, 2).tobytes()


@pytest.mark.parametrize("where", ["nodata", None])
def test_an_image_that_is_restored_keeps_its_samples(tmp_path: Path, where: str | None) -> None:
    """Gaps are filled, or all is what the network gives, in the samples' own units."""
    restores = {"input": "x", **({"where": where} if where else {})}
    document = value_contract(**{"edgers:restores": restores})
    document["mlm:output"][0].pop("edgers:values", None)
    samples = noise(3, 40, 20)
    samples[1, 8:19, 4:9] = 0
    with loaded(tmp_path, document, band_net) as model:
        report, wanted = both(model, tmp_path, samples, StripOptions(rows_px=12))
    assert np.array_equal(pixels(report.products[0]), pixels(wanted.products[0]), equal_nan=True)


@pytest.fixture(scope="module")
def detector(tmp_path_factory: pytest.TempPathFactory) -> Any:
    with loaded(tmp_path_factory.mktemp("boxes"), detector_contract(), painted_net) as model:
        yield model


def features(report: StripReport) -> list[dict[str, Any]]:
    return [json.loads(line) for line in report.products[0].read_text().splitlines()]


def about(feature: dict[str, Any]) -> dict[str, Any]:
    """Where a ring begins hangs on the order in which pieces were joined."""
    told = {k: v for k, v in feature["properties"].items() if k not in OF_TILES}
    corners = sorted(map(tuple, feature["geometry"]["coordinates"][0][1:]))
    return {"corners": corners, **told, "area_m2": round(told["area_m2"])}


@pytest.mark.parametrize("rows_px", [20, 400])
def test_objects_are_joined_across_rows_of_tiles(
    detector: Model, tmp_path: Path, rows_px: int
) -> None:
    samples = painted_scene(*painted_objects(), 150, 200)
    options = StripOptions(rows_px=rows_px, tile_px=64)
    report, wanted = both(detector, tmp_path, samples, options, {"tile_px": 64}, BANDS)
    found = features(report)
    assert [path.name for path in report.products] == ["s_boxes.geojsonl", "s_boxes.json"]
    by_id = [sorted(map(about, some), key=lambda one: str(one["id"]))
             for some in (found, geojson(wanted.products[0])["features"])]  # fmt: skip
    assert by_id[0] == by_id[1]
    assert len(found) == len(painted_objects()[0])
    assert report.found.objects == wanted.found.objects
    assert (report.rows_out, report.nodata_share) == (150, wanted.nodata_share)
    assert all(one["properties"]["input_sha256"] is None for one in found)


def test_objects_leave_while_rows_arrive(detector: Model, tmp_path: Path) -> None:
    """What has left stays as it is; an object leaves when no row can add to it."""
    samples = painted_scene(*painted_objects(), 150, 200)
    header = {"band_names": f"{{{', '.join(BANDS)}}}"}
    path = write_strip(tmp_path / "s.bil", samples, **header)
    seen: list[bytes] = []

    def look(_: int, __: int) -> None:
        seen.append((tmp_path / "out" / "s_boxes.geojsonl").read_bytes())

    options = StripOptions(rows_px=24, tile_px=64)
    report = run_strip(detector, at_rest(path), tmp_path / "out", options, on_rows=look)
    whole = report.products[0].read_bytes()
    assert all(whole.startswith(some) and some[-1:] in (b"", b"\n") for some in seen)
    assert 0 < seen[len(seen) // 2].count(b"\n") < whole.count(b"\n")
    for one in features(report):
        assert one["geometry"] is None
        assert one["properties"]["pixel_wkt"].startswith("POLYGON")


def test_a_strip_without_objects_says_so(detector: Model, tmp_path: Path) -> None:
    samples = np.zeros((len(BANDS), 40, 30), np.float32)
    path = write_strip(tmp_path / "s.bil", samples, band_names=f"{{{', '.join(BANDS)}}}")
    report = run_strip(detector, at_rest(path), tmp_path / "out")
    assert report.products[0].read_bytes() == b""
    assert sum(one.objects for one in report.found.objects) == 0


@pytest.mark.parametrize(("height", "overlap_px"), [(13, 0), (60, 0), (60, 4), (67, 4)])
def test_tables_are_those_of_the_finished_file(
    tmp_path: Path, height: int, overlap_px: int
) -> None:
    samples = noise(3, height, 50)
    samples[:, 5:30, 5:45] = 0
    document = row_contract()
    document["mlm:input"][0]["edgers:overlap_px"] = overlap_px
    with loaded(tmp_path, document, means_net()) as model:
        report, wanted = both(model, tmp_path, samples, StripOptions(tile_px=20),
                              {"tile_px": 20})  # fmt: skip
    tables = [
        list(csv.DictReader(path.read_text(encoding="utf-8").splitlines()))
        for path in (report.products[0], wanted.products[0])
    ]
    for rows in tables:
        for row in rows:
            del row["input_sha256"]
    assert tables[0] == tables[1]
    assert tables[0][0]["longitude"]
    assert (report.found, report.nodata_share) == (wanted.found, wanted.nodata_share)


def test_embeddings_are_rows_of_a_raster(tmp_path: Path) -> None:
    with loaded(tmp_path, embedding_contract(), means_net()) as model:
        report, wanted = both(model, tmp_path, noise(3, 50, 40), StripOptions(tile_px=20),
                              {"tile_px": 20})  # fmt: skip
    assert [path.suffix for path in report.products] == [".csv", ".img", ".hdr", ".json"]
    matrix = np.fromfile(report.products[1], np.float32)
    assert np.array_equal(matrix, np.load(wanted.products[1]).reshape(-1))


@pytest.mark.parametrize(
    ("document", "words"),
    [
        (row_contract(**{"edgers:scope": "scene"}), "one row for a scene"),
        (row_contract("channel", 3, (), "regression", **{
            "edgers:values": [{"name": "tile"}, {"name": "b"}, {"name": "c"}],
        }), "'tile', which the table has already"),
    ],
)  # fmt: skip
def test_a_table_that_a_strip_cannot_have_is_refused(
    tmp_path: Path, document: Any, words: str
) -> None:
    path = write_strip(tmp_path / "s.bil", noise(3, 20, 20))
    with (
        loaded(tmp_path, document, means_net()) as model,
        pytest.raises(ContractError, match=words),
    ):
        run_strip(model, at_rest(path), tmp_path / "out")
    assert not (tmp_path / "out").exists()
