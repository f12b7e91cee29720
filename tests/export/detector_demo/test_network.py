"""The shipped network: what it is, and how well it finds what it was trained to find."""

import json
from importlib.resources import files

import onnx
import pytest

from edgers.export.detector_demo.onnx_graph import IR_VERSION, OPSET, onnx_bytes
from edgers.export.detector_demo.plan import HEADS, PLAN, Kind, macs_per_px, parameter_count
from edgers.export.detector_demo.samples import HELD_OUT_SEEDS, TRAINING_SEEDS
from edgers.export.detector_demo.stage import CLASS_NAMES

FOLDER = files("edgers.export.detector_demo")
MODEL = (FOLDER / "detector.onnx").read_bytes()
TRAINING = json.loads((FOLDER / "training.json").read_text())


def test_the_file_is_built_from_the_plan_and_small() -> None:
    model = onnx.load_from_string(MODEL)
    weights = {one.name: onnx.numpy_helper.to_array(one) for one in model.graph.initializer}
    assert onnx_bytes(weights) == MODEL
    assert model.opset_import[0].version == OPSET
    assert model.ir_version == IR_VERSION
    assert [one.name for one in model.graph.output] == [name for name, _ in HEADS]
    assert sum(array.size for array in weights.values()) == parameter_count() < 500_000
    assert len(MODEL) < 5_000_000


def test_macs_are_those_of_the_layers() -> None:
    # By hand: 3x3 of 4 to 16 channels on a quarter of the pixels, and so on down and up.
    first = PLAN[0]
    assert (first.kind, first.channels_in * first.channels_out * 9 / 4) == (Kind.DOWN, 144)
    assert macs_per_px() == pytest.approx(TRAINING["macs_per_px"])


def test_training_json_tells_of_this_file() -> None:
    assert TRAINING["onnx_bytes"] == len(MODEL)
    assert TRAINING["parameters"] == parameter_count()
    assert TRAINING["held_out_ap50"].keys() == {*CLASS_NAMES, "mean"}
    assert TRAINING["held_out_ap50"]["mean"] >= 0.85
    assert TRAINING["largest_onnx_difference"] <= 1e-4
    assert not set(TRAINING_SEEDS) & set(HELD_OUT_SEEDS)
    assert TRAINING["training_seeds"] == [TRAINING_SEEDS.start, TRAINING_SEEDS.stop - 1]
