"""Candidates judged on whole scenes: what breaks them is found, and nothing else."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
import rasterio
from affine import Affine
from builders.bundles import BAND_NAMES, contract_document, tiny_net
from builders.graphs import GraphBuilder
from builders.scenes import TRANSFORM, noise, write_scene
from onnx import numpy_helper

from edgers.bundle import GOLDEN_OUTPUT
from edgers.calibration.candidate import candidate_model
from edgers.calibration.judge import check_scenes, compare, judge, verdict_on
from edgers.calibration.juries import jury_of
from edgers.calibration.jury import JudgedScene, SceneUnderTest
from edgers.calibration.labels import scheme_from_words
from edgers.calibration.verdict import Verdict
from edgers.contract import contract_from_bytes
from edgers.engines.onnxruntime import OnnxRuntimeEngine
from edgers.errors import BadInputError, EngineError, SceneError
from edgers.export.golden import golden_entries
from edgers.pipeline.model import Model
from edgers.pipeline.options import RunOptions
from edgers.tiling.graph import halo_from_graph

CONTRACT = contract_from_bytes(json.dumps(contract_document()).encode(), "here")


def balanced_net() -> onnx.ModelProto:
    """Give a network that finds each class on about a third of the pixels of noise."""
    net = tiny_net()
    tile = (noise(3, 64, 64).astype(np.float32) - 2000) / 1000
    scores = OnnxRuntimeEngine(net.SerializeToString()).infer({"x": tile[np.newaxis]})["y"]
    bias = net.graph.initializer[5]
    values = numpy_helper.to_array(bias) - np.median(scores, axis=(0, 2, 3))
    bias.CopyFrom(numpy_helper.from_array(values.astype(np.float32), bias.name))
    return net


NET = balanced_net()
GRAPH: bytes = NET.SerializeToString()
HALO = halo_from_graph(NET, CONTRACT.inputs, "y")
PLAIN = jury_of(CONTRACT.outputs[0])
TILES = RunOptions(tile_px=64, workers=2)


@pytest.fixture(scope="module")
def golden() -> dict[str, bytes]:
    return golden_entries(OnnxRuntimeEngine(GRAPH), CONTRACT, HALO)


Load = Callable[[bytes], Model]


@pytest.fixture
def load(golden: dict[str, bytes]) -> Iterator[Load]:
    models: list[Model] = []

    def made(graph: bytes) -> Model:
        models.append(
            candidate_model(graph, CONTRACT, HALO, golden, engine="onnxruntime", precision="fp32")
        )
        return models[-1]

    yield made
    for model in models:
        model.close()


def changed(change: Callable[[np.ndarray[Any, Any]], None]) -> bytes:
    """Give the network with other biases of its last convolution, one a class."""
    net = onnx.load_from_string(GRAPH)
    bias = net.graph.initializer[5]
    values = numpy_helper.to_array(bias).copy()
    change(values)
    bias.CopyFrom(numpy_helper.from_array(values, bias.name))
    data: bytes = net.SerializeToString()
    return data


def without_cloud() -> bytes:
    def change(bias: np.ndarray[Any, Any]) -> None:
        bias[2] = -1e6

    return changed(change)


def a_little_off() -> bytes:
    def change(bias: np.ndarray[Any, Any]) -> None:
        bias[0] += 0.003

    return changed(change)


def without_numbers() -> bytes:
    def change(bias: np.ndarray[Any, Any]) -> None:
        bias[:] = np.nan

    return changed(change)


def scene_of(folder: Path, seed: int = 0, *, label: bool = False, **how: Any) -> SceneUnderTest:
    """Write a scene with some nodata and, where asked for, labels that FP32 mostly agrees with."""
    folder.mkdir(exist_ok=True)
    samples = noise(3, 96, 80, seed=seed)
    samples[:, :10, :20] = 0
    path = write_scene(folder / "scene.tif", samples, names=BAND_NAMES, nodata=0, **how)
    return SceneUnderTest(path=path, label=folder / "label.tif" if label else None)


def write_label(scene: SceneUnderTest, product: Path | None, wrong: float = 0.2) -> None:
    """Write the product with some classes changed as the truth of a scene."""
    assert scene.path is not None
    assert product is not None
    with rasterio.open(product) as dataset:
        classes, profile = dataset.read(1), dataset.profile
    random = np.random.default_rng(1)
    other = random.integers(0, 3, classes.shape)
    truth = np.where(random.random(classes.shape) < wrong, other, classes).astype(np.uint8)
    write_scene(
        scene.path.parent / "label.tif", truth[np.newaxis], nodata=255,
        crs=profile["crs"].to_string(), transform=profile["transform"],
    )  # fmt: skip


def against_fp32(load: Load, folder: Path, graph: bytes, **how: Any) -> Verdict:
    scenes = [scene_of(folder / "s", **how)]
    reference = judge(load(GRAPH), scenes, folder / "fp32", TILES)
    return verdict_on(load(graph), reference, folder / "candidate", PLAIN, TILES)


def test_fp32_against_itself_loses_nothing(load: Load, tmp_path: Path) -> None:
    verdict = against_fp32(load, tmp_path, GRAPH)
    assert (verdict.fp32, verdict.candidate, verdict.drop) == (1.0, 1.0, 0.0)
    assert verdict.passes(0)
    assert verdict.pooled[0].truth == "fp32"
    # Without the 10 × 20 px of nodata.
    assert verdict.scenes[0].counted == 96 * 80 - 200
    assert len(verdict.scenes[0].sha256) == 64
    assert not (tmp_path / "candidate").exists()


def test_a_class_that_a_candidate_no_longer_finds_is_named(load: Load, tmp_path: Path) -> None:
    verdict = against_fp32(load, tmp_path, without_cloud())
    cloud = verdict.pooled[0].parts[2]
    assert cloud.fp32.truth_px > 100
    assert (cloud.fp32.iou, cloud.candidate.iou, verdict.worst.name) == (1.0, 0.0, "cloud")
    assert cloud.has_vanished
    assert not verdict.passes(0.5)
    # A tenth of a hectare is ten pixels of 10 m; UTM draws 0.9996 to 1.001 times as large.
    assert cloud.area_error_ha == pytest.approx(-cloud.fp32.truth_px / 100, rel=3e-3)


def test_a_candidate_a_little_off_is_told_from_a_broken_one(load: Load, tmp_path: Path) -> None:
    verdict = against_fp32(load, tmp_path, a_little_off())
    assert 0 < verdict.drop < 0.05
    assert verdict.passes(0.05)
    assert not verdict.passes(verdict.drop / 2)


def test_labels_judge_both(load: Load, tmp_path: Path) -> None:
    scene = scene_of(tmp_path / "s", label=True)
    reference = judge(load(GRAPH), [scene], tmp_path / "fp32", TILES)
    write_label(scene, reference[0].product)
    check_scenes(load(GRAPH), [scene], PLAIN, TILES)
    same = compare(reference, reference, PLAIN)
    assert same.pooled[0].truth == "labels"
    assert 0.5 < same.fp32 < 0.9
    assert same.passes(0)
    broken = verdict_on(load(without_cloud()), reference, tmp_path / "c", PLAIN, TILES)
    assert broken.fp32 == same.fp32
    assert broken.worst.name == "cloud"
    # Against labels that FP32 misses too, less is lost than against FP32.
    assert 0.2 < broken.drop < 0.45
    merged = scheme_from_words(["0=land+cloud", "1=water", "2=ignore"], CONTRACT.outputs[0])
    grouped = compare(reference, reference, jury_of(CONTRACT.outputs[0], merged))
    assert [one.name for one in grouped.pooled[0].parts] == ["land+cloud", "water"]


def test_scenes_are_pooled_by_pixels_and_told_one_by_one(load: Load, tmp_path: Path) -> None:
    labelled, plain = scene_of(tmp_path / "a", 1, label=True), scene_of(tmp_path / "b", 2)
    more = scene_of(tmp_path / "c", 3)
    reference = judge(load(GRAPH), [labelled, plain, more], tmp_path / "fp32", TILES)
    write_label(labelled, reference[0].product)
    verdict = verdict_on(load(a_little_off()), reference, tmp_path / "c", PLAIN, TILES)
    assert [(one.truth, one.scenes) for one in verdict.pooled] == [("labels", 1), ("fp32", 2)]
    assert [one.truth for one in verdict.scenes] == ["labels", "fp32", "fp32"]
    pixels = sum(one.candidate.truth_px for one in verdict.pooled[1].parts)
    assert pixels == sum(one.counted for one in verdict.scenes[1:])
    # Files of one name in several folders are several scenes.
    assert len({one.sha256 for one in verdict.scenes}) == 3


def test_areas_are_on_the_ellipsoid_in_degrees_too(load: Load, tmp_path: Path) -> None:
    degrees = {"crs": "EPSG:4326", "transform": Affine(1e-4, 0, 10, 0, -1e-4, 60)}
    verdict = against_fp32(load, tmp_path, GRAPH, **degrees)
    found = sum(one.candidate.truth_ha or 0 for one in verdict.pooled[0].parts)
    # A pixel is 11.14 m × 5.58 m at 60° north.
    assert found == pytest.approx((96 * 80 - 200) * 11.14 * 5.58 / 1e4, rel=2e-3)


def test_without_a_place_there_are_no_areas(load: Load, tmp_path: Path) -> None:
    verdict = against_fp32(load, tmp_path, GRAPH, crs=None)
    assert verdict.pooled[0].parts[0].area_error_ha is None


def test_a_candidate_without_numbers_missed_everything(load: Load, tmp_path: Path) -> None:
    verdict = against_fp32(load, tmp_path, without_numbers())
    assert (verdict.candidate, verdict.drop) == (0.0, 1.0)
    assert "NaN or infinity" in verdict.scenes[0].failure
    assert not verdict.passes(0.99)


def test_fp32_without_a_product_is_an_error(load: Load, tmp_path: Path) -> None:
    scene = scene_of(tmp_path / "s")
    failed = (JudgedScene(scene=scene, name="s", products=(), failure="it broke"),)
    with pytest.raises(EngineError, match="it broke"):
        compare(failed, failed, PLAIN)


def test_labels_that_do_not_fit_are_refused_before_anything_is_run(
    load: Load, tmp_path: Path
) -> None:
    model = load(GRAPH)
    with pytest.raises(BadInputError, match="no scene"):
        check_scenes(model, [], PLAIN)
    scene = scene_of(tmp_path / "s", label=True)
    label = tmp_path / "s" / "label.tif"
    write_scene(label, np.zeros((1, 96, 80), np.uint8), transform=TRANSFORM @ Affine.scale(2))
    with pytest.raises(SceneError, match="another grid"):
        check_scenes(model, [scene], PLAIN)
    write_scene(label, np.full((1, 96, 80), 9, np.uint8))
    with pytest.raises(SceneError, match="--label 9=CLASS"):
        check_scenes(model, [scene], PLAIN)
    write_scene(label, np.zeros((1, 96, 80), np.uint8))
    check_scenes(model, [scene], PLAIN)


def test_truth_where_the_scene_has_no_data_cannot_judge(load: Load, tmp_path: Path) -> None:
    scene = scene_of(tmp_path / "s", label=True)
    truth = np.full((1, 96, 80), 255, np.uint8)
    truth[:, :5, :5] = 1
    write_scene(tmp_path / "s" / "label.tif", truth, nodata=255)
    reference = judge(load(GRAPH), [scene], tmp_path / "fp32", TILES)
    with pytest.raises(SceneError, match="no pixel"):
        compare(reference, reference, PLAIN)


def test_a_candidate_is_a_model_with_an_id_of_its_own(load: Load, golden: dict[str, bytes]) -> None:
    one, other = load(GRAPH), load(without_cloud())
    assert one.golden_error == 0.0
    assert other.golden_error > 1
    assert one.bundle.bundle_id != other.bundle.bundle_id == load(without_cloud()).bundle.bundle_id
    assert one.bundle.entries[GOLDEN_OUTPUT] == golden[GOLDEN_OUTPUT]
    with pytest.raises(EngineError, match="not installed"):
        candidate_model(GRAPH, CONTRACT, HALO, golden, engine="abacus", precision="fp32")
    graph = GraphBuilder()
    with pytest.raises(EngineError):
        load(graph.model(graph.conv("x"), ("h", "w")).SerializeToString()[:100])
