"""The shipped network: small, readable everywhere, and better than a threshold."""

import json
from importlib.resources import files
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
import onnxruntime
import pytest

from edgers.export.flood_demo.agreement import class_iou, confusion
from edgers.export.flood_demo.bands import BANDS, scaled
from edgers.export.flood_demo.mndwi import Thresholds, mndwi_classes
from edgers.export.flood_demo.onnx_graph import IR_VERSION, OPSET, onnx_bytes
from edgers.export.flood_demo.plan import PLAN, Kind, macs_per_px, parameter_count
from edgers.export.flood_demo.samples import HELD_OUT_SEEDS, TRAINING_SEEDS, spec_of_seed
from edgers.export.flood_demo.scene import make_flood_scene

FOLDER = files("edgers.export.flood_demo")
UNSEEN_SEED = 9500


@pytest.fixture(scope="module")
def model() -> bytes:
    return (FOLDER / "flood_unet.onnx").read_bytes()


@pytest.fixture(scope="module")
def record() -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((FOLDER / "training.json").read_text(encoding="utf-8"))
    return loaded


def some_weights(seed: int) -> dict[str, npt.NDArray[np.float32]]:
    generator = np.random.default_rng(seed)
    weights = {}
    for layer in PLAN:
        if layer.kind is Kind.POOL:
            continue
        shape = (layer.channels_out, layer.channels_in, 3, 3)
        if layer.kind is Kind.UP:
            shape = (layer.channels_in, layer.channels_out, 2, 2)
        if layer.kind is Kind.HEAD:
            shape = (layer.channels_out, layer.channels_in, 1, 1)
        weights[f"{layer.name}.weight"] = generator.standard_normal(shape, dtype=np.float32)
        weights[f"{layer.name}.bias"] = np.zeros(layer.channels_out, dtype=np.float32)
    return weights


def test_the_file_is_small_and_says_what_it_is(model: bytes, record: dict[str, Any]) -> None:
    assert len(model) < 2_000_000
    graph = onnx.load_model_from_string(model)
    assert graph.producer_name == "edgers"
    assert graph.ir_version == IR_VERSION == 8
    assert [(entry.domain, entry.version) for entry in graph.opset_import] == [("", OPSET)]
    assert "synthetic" in graph.doc_string
    count = sum(int(np.prod(tensor.dims)) for tensor in graph.graph.initializer)
    assert count == parameter_count() == record["parameters"]
    assert len(model) == record["onnx_bytes"]


def test_its_input_and_output_take_any_size(model: bytes) -> None:
    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    (source,), (result,) = session.get_inputs(), session.get_outputs()
    assert (source.name, source.shape) == ("x", ["n", 6, "h", "w"])
    assert (result.name, result.shape) == ("logits", ["n", 3, "h", "w"])
    (logits,) = session.run(None, {"x": np.zeros((2, 6, 40, 24), dtype=np.float32)})
    assert logits.shape == (2, 3, 40, 24)


def test_it_beats_thresholds_on_an_unseen_scene(model: bytes, record: dict[str, Any]) -> None:
    assert UNSEEN_SEED not in TRAINING_SEEDS
    assert UNSEEN_SEED not in HELD_OUT_SEEDS
    scene = make_flood_scene(spec_of_seed(UNSEEN_SEED, 256))
    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    (logits,) = session.run(None, {"x": scaled(scene.counts)[None]})
    network = class_iou(confusion(scene.truth, logits[0].argmax(axis=0).astype(np.uint8)))
    for thresholds in (Thresholds(), Thresholds(**record["mndwi_tuned"])):
        baseline = class_iou(confusion(scene.truth, mndwi_classes(scene.counts, thresholds)))
        assert network["water"] > baseline["water"] + 0.03
        assert network["mean"] > baseline["mean"]
    assert network["water"] > 0.8


def test_the_record_agrees_with_the_code(record: dict[str, Any]) -> None:
    assert record["macs_per_px"] == macs_per_px() <= 25_000
    assert range(record["training_seeds"][0], record["training_seeds"][1] + 1) == TRAINING_SEEDS
    assert range(record["held_out_seeds"][0], record["held_out_seeds"][1] + 1) == HELD_OUT_SEEDS
    assert not set(TRAINING_SEEDS) & set(HELD_OUT_SEEDS)
    for band in BANDS:
        measured = record["band_statistics"][band.name]
        assert [band.mean, band.stddev] == pytest.approx(measured, abs=2)
    iou = record["held_out_iou"]
    for name in ("land", "water", "cloud", "mean"):
        assert iou["network"][name] > iou["mndwi_tuned"][name]


def test_equal_weights_give_equal_bytes() -> None:
    assert onnx_bytes(some_weights(1)) == onnx_bytes(some_weights(1))
    assert onnx_bytes(some_weights(1)) != onnx_bytes(some_weights(2))


def test_widths_suit_an_accelerator() -> None:
    for layer in PLAN:
        if layer.kind is Kind.UP:
            assert layer.channels_in <= 128
        if layer.kind in (Kind.UP, Kind.CONV):
            assert layer.channels_out % 16 == 0


def test_iou_of_known_maps() -> None:
    truth = np.array([[0, 0, 1, 1], [2, 2, 255, 255]], dtype=np.uint8)
    found = np.array([[0, 1, 1, 1], [2, 0, 1, 0]], dtype=np.uint8)
    iou = class_iou(confusion(truth, found))
    expected = {"land": 1 / 3, "water": 2 / 3, "cloud": 1 / 2, "mean": 0.5}
    assert iou == {name: pytest.approx(value) for name, value in expected.items()}
    with pytest.raises(ValueError, match="below 3"):
        confusion(truth, np.full_like(truth, 3))
