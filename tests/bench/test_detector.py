"""The trained detector in FP32 and INT8, through the gate and `edgers run`, against the truth."""

import json
from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest
import rasterio
from affine import Affine

from edgers.bench.detector import judged
from edgers.bench.placed_objects import objects_from_file, placing
from edgers.bundle import Bundle, open_bundle
from edgers.calibration.verdict_document import verdict_from_document
from edgers.export.accuracy import AccuracyDemand
from edgers.export.compile import compile_bundle
from edgers.export.detector_demo.contract import detector_contract
from edgers.export.detector_demo.scene import ObjectScene, SceneSpec, write_scene
from edgers.export.detector_demo.stage import CLASS_NAMES
from edgers.export.detector_demo.truth import write_truth
from edgers.pipeline.model import load_model

pytest.importorskip("pyogrio")
pytest.importorskip("shapely")

Scenes = list[tuple[Path, ObjectScene]]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("detector")


@pytest.fixture(scope="module")
def scenes(folder: Path) -> Scenes:
    """Two scenes that the network has not seen, and the truth of each beside it."""
    found = []
    for sort in ("harbour", "airfield"):
        path = folder / f"{sort}_image.tif"
        spec = SceneSpec(width_px=640, height_px=480, seed=9201, sort=sort)
        found.append((path, write_scene(path, spec)))
        write_truth(folder / f"{sort}_truth.geojson", found[-1][1])
    return found


@pytest.fixture(scope="module")
def bundle(folder: Path, scenes: Scenes) -> Bundle:
    """An INT8 bundle that the gate let pass."""
    graph, contract = folder / "detector.onnx", folder / "detector.json"
    graph.write_bytes((files("edgers.export.detector_demo") / "detector.onnx").read_bytes())
    contract.write_text(json.dumps(detector_contract()))
    calibrate = folder / "calibrate.tif"
    write_scene(calibrate, SceneSpec(width_px=384, height_px=384, seed=6100, sort="harbour"))
    demand = AccuracyDemand(
        calibrate=(calibrate,), judge=tuple(path for path, _ in scenes), tiles=2, search=False,
        labels=tuple(folder / f"{sort}_truth.geojson" for sort in ("harbour", "airfield")),
    )  # fmt: skip
    out = folder / "int8.edgers"
    compile_bundle(
        graph, contract, out, engine="onnxruntime", precisions=("int8",), demand=demand
    )  # fmt: skip
    return open_bundle(out)


def test_int8_passes_the_gate_and_finds_what_fp32_finds(bundle: Bundle) -> None:
    certificate = bundle.measured["certificate"]
    assert isinstance(certificate, dict)
    verdict = verdict_from_document(certificate["verdict"])
    assert bundle.engines[0].precision == "int8"
    assert {one.name for one in verdict.deciding.parts} == set(CLASS_NAMES)
    assert verdict.fp32 >= 0.85
    assert verdict.candidate >= verdict.fp32 - 0.01
    assert len(bundle.entries[bundle.engines[0].graph]) < 400_000


def test_gdal_reads_the_objects_where_they_are(
    bundle: Bundle, scenes: Scenes, tmp_path: Path
) -> None:
    with load_model(bundle) as model:
        outcome, found = judged(model, scenes, tmp_path, tile_px=448)
    assert outcome.tiles > 2 * len(scenes)
    assert outcome.ap50["mean"] >= 0.85
    # Side by side: parked one way, as planes are, objects share the network's own errors.
    apart = np.array([1000, 0, 0, 0, 0], np.float32)
    truth = np.concatenate([scene.boxes + i * apart for i, (_, scene) in enumerate(scenes)])
    where = placing(truth, np.concatenate([one.boxes + i * apart for i, one in enumerate(found)]))
    assert where.pairs > 0.8 * len(truth)
    # A pixel would be seen, and swapped axes find nothing.
    assert np.hypot(*where.shift_px) < 0.4
    assert where.median_px < 1.2


def test_a_file_whose_positions_are_off_is_seen(scenes: Scenes, folder: Path) -> None:
    path, scene = scenes[0]
    objects = objects_from_file(folder / "harbour_truth.geojson", path, CLASS_NAMES)
    assert (objects.classes == scene.kinds).all()
    where = placing(scene.boxes, objects.boxes)
    assert where.pairs == len(scene.boxes)
    assert where.most_px < 0.01
    moved = folder / "moved.tif"
    with rasterio.open(path) as dataset:
        profile = {**dataset.profile, "transform": dataset.transform @ Affine.translation(-1, 0)}
    with rasterio.open(moved, "w", **profile):
        pass
    objects = objects_from_file(folder / "harbour_truth.geojson", moved, CLASS_NAMES)
    assert placing(scene.boxes, objects.boxes).shift_px == pytest.approx((1, 0), abs=0.01)
