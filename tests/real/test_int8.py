"""A really trained network in INT8: calibrated on a part of a real chip, judged on another."""

import json
from pathlib import Path

import onnx
from builders.ml4floods import ml4floods_contract
from rasterio.windows import Window

from edgers.bench.int8 import cut
from edgers.calibration.labels import scheme_from_words
from edgers.contract import contract_from_file
from edgers.export.accuracy import AccuracyDemand
from edgers.export.compile import compile_bundle

LEFT, RIGHT = Window(0, 128, 256, 256), Window(256, 128, 256, 256)


def test_simplecnn_in_int8_loses_less_than_a_point_and_is_a_quarter_as_large(
    real_data: Path, tmp_path: Path
) -> None:
    graph, contract = real_data / "models" / "ml4floods_simplecnn.onnx", tmp_path / "c.json"
    contract.write_text(json.dumps(ml4floods_contract("simplecnn")))
    chip = real_data / "flood" / "Spain_7370579_S2Hand.tif"
    cut(chip, tmp_path / "left_image.tif", LEFT)
    cut(chip, tmp_path / "right_image.tif", RIGHT)
    label = real_data / "flood" / "Spain_7370579_LabelHand.tif"
    cut(label, tmp_path / "right_label.tif", RIGHT)
    words = ("0=land+cloud", "1=water", "-1=ignore")
    demand = AccuracyDemand(
        calibrate=(tmp_path / "left_image.tif",), judge=(tmp_path / "right_image.tif",),
        labels=(tmp_path / "right_label.tif",),
        scheme=scheme_from_words(words, contract_from_file(contract).outputs[0]),
    )  # fmt: skip
    done = compile_bundle(
        graph, contract, tmp_path / "b.edgers", engine="onnxruntime", precisions=("int8",),
        demand=demand,
    )  # fmt: skip
    certificate = done.bundle.measured["certificate"]
    assert isinstance(certificate, dict)
    assert certificate["verdict"]["pooled"][0]["truth"] == "labels"
    assert abs(certificate["verdict"]["drop"]) <= 0.01
    assert certificate["judged_on_calibration_scenes"] == []
    shipped = done.bundle.entries["graph/int8.onnx"]
    assert len(shipped) <= 0.30 * graph.stat().st_size
    assert done.path.stat().st_size < 0.40 * graph.stat().st_size
    assert done.proof is not None
    assert done.proof.difference == 0
    onnx.checker.check_model(onnx.load_from_string(shipped))
