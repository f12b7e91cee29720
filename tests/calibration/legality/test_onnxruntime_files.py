"""What ONNX Runtime's quantization makes, with its defaults and with the options for TensorRT."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from edgers.calibration.legality import ALL, check_legality, require_legal
from edgers.calibration.legality.bands import BEFORE_10, FROM_10, TRT_11
from edgers.errors import GraphError

quantization = pytest.importorskip("onnxruntime.quantization")

FOR_TENSORRT: dict[str, Any] = {
    "activation_type": quantization.QuantType.QInt8,
    "weight_type": quantization.QuantType.QInt8,
    "per_channel": True,
    "extra_options": {
        "ActivationSymmetric": True,
        "WeightSymmetric": True,
        "QuantizeBias": False,
        "OpTypesToExcludeOutputQuantization": ["Conv", "Add"],
    },
}
"""Options that place Q/DQ before weighted operators only, symmetric, and leave the bias alone."""


def small_net(opset: int) -> onnx.ModelProto:
    """Conv, Relu, Conv, and the sum of both convolutions."""
    random = np.random.default_rng(0)
    weights = [
        numpy_helper.from_array(random.normal(0, 0.3, shape).astype(np.float32), name)
        for name, shape in
        (("w1", (8, 3, 3, 3)), ("b1", (8,)), ("w2", (8, 8, 3, 3)), ("b2", (8,)))
    ]  # fmt: skip
    nodes = [
        helper.make_node("Conv", ["x", "w1", "b1"], ["c1"], "conv1", pads=[1] * 4),
        helper.make_node("Relu", ["c1"], ["r1"], "relu1"),
        helper.make_node("Conv", ["r1", "w2", "b2"], ["c2"], "conv2", pads=[1] * 4),
        helper.make_node("Add", ["c2", "r1"], ["y"], "add"),
    ]
    x = helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 3, 16, 16])
    y = helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 8, 16, 16])
    graph = helper.make_graph(nodes, "small", [x], [y], weights)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)])
    model.ir_version = 9
    return model


class Noise(quantization.CalibrationDataReader):  # type: ignore[misc]
    """Two tiles of noise."""

    def __init__(self) -> None:
        random = np.random.default_rng(1)
        tiles = [random.normal(size=(1, 3, 16, 16)).astype(np.float32) for _ in range(2)]
        self.tiles: Iterator[Any] = iter(tiles)

    def get_next(self) -> dict[str, Any] | None:
        tile = next(self.tiles, None)
        return None if tile is None else {"x": tile}


def quantized(model: onnx.ModelProto, folder: Path, **options: Any) -> bytes:
    onnx.save(model, folder / "float.onnx")
    quantization.quantize_static(
        folder / "float.onnx", folder / "int8.onnx", Noise(),
        quant_format=quantization.QuantFormat.QDQ, **options,
    )  # fmt: skip
    return (folder / "int8.onnx").read_bytes()


def rules_broken(graph: bytes) -> list[set[str]]:
    """Name the rules that each band finds broken."""
    return [
        {one.rule.name for one in verdict.findings} for verdict in check_legality(graph).verdicts
    ]


def test_the_defaults_are_refused_for_their_zero_points_and_biases(tmp_path: Path) -> None:
    found = rules_broken(quantized(small_net(17), tmp_path))
    assert found == [{"symmetric", "float-bias"}] * len(ALL)


def test_what_suits_a_cpu_is_refused_for_its_unsigned_activations(tmp_path: Path) -> None:
    unsigned = quantization.QuantType.QUInt8
    found = rules_broken(quantized(small_net(17), tmp_path, activation_type=unsigned))
    assert found == [{"symmetric", "float-bias", "signed-int8"}] * len(ALL)


def test_symmetric_alone_is_refused_for_what_stands_before_the_activation(tmp_path: Path) -> None:
    graph = quantized(
        small_net(17), tmp_path, extra_options={"ActivationSymmetric": True, "QuantizeBias": False}
    )
    assert rules_broken(graph) == [{"activation-first"}] * len(ALL)
    finding = check_legality(graph).verdicts[0].findings[0]
    assert "between conv1 and relu1" in finding.what
    assert "OpTypesToExcludeOutputQuantization" in finding.fix


def test_a_refusal_names_bands_nodes_rules_and_options(tmp_path: Path) -> None:
    graph = quantized(small_net(17), tmp_path)
    with pytest.raises(GraphError, match=r"small\.onnx is not legal for TensorRT 8\.5, 8\.6") as e:
        require_legal(graph, name="small.onnx")
    assert "And 5 more." in e.value.seen
    assert "x_QuantizeLinear: the zero point is" in e.value.seen
    assert "zero" in e.value.rule
    assert "ActivationSymmetric" in e.value.fix


def test_the_options_for_tensorrt_are_legal_everywhere_with_fp32_scales(tmp_path: Path) -> None:
    legality = require_legal(quantized(small_net(17), tmp_path, **FOR_TENSORRT))
    for verdict in legality.verdicts:
        assert verdict.typing.strongly_typed == (verdict.band == TRT_11)
        if verdict.band == TRT_11:
            assert [one.rule.name for one in verdict.remarks] == ["rest-in-fp32"]
            assert "runs in FP32" in str(verdict)
        else:
            assert not verdict.remarks
            assert verdict.typing.builder_flags == ("INT8", "FP16")


def test_weights_kept_in_fp32_are_as_legal(tmp_path: Path) -> None:
    options = dict(FOR_TENSORRT)
    options["extra_options"] = {**FOR_TENSORRT["extra_options"], "AddQDQPairToWeight": True}
    assert require_legal(quantized(small_net(17), tmp_path, **options)).legal


def test_fp16_scales_are_legal_from_10_on_and_strongly_typed(tmp_path: Path) -> None:
    float16 = pytest.importorskip("onnxruntime.transformers.float16")
    half = float16.convert_float_to_float16(small_net(20), keep_io_types=True)
    graph = quantized(half, tmp_path, **FOR_TENSORRT)
    legality = require_legal(graph, FROM_10)
    for verdict in legality.verdicts:
        assert verdict.typing.strongly_typed
        assert verdict.typing.builder_flags == ()
    assert not legality.of(TRT_11).remarks
    for verdict in check_legality(graph, BEFORE_10).verdicts:
        assert {one.rule.name for one in verdict.findings} == {"scale-type", "opset-window"}


def test_a_plain_file_and_one_in_half_say_how_they_are_fed() -> None:
    plain = check_legality(small_net(17))
    assert plain.legal
    assert [str(one.typing) for one in plain.verdicts] == [
        *["weakly typed, flags FP16"] * 5, "strongly typed"
    ]  # fmt: skip
    float16 = pytest.importorskip("onnxruntime.transformers.float16")
    half = check_legality(float16.convert_float_to_float16(small_net(17)))
    assert half.legal
    assert [one.typing.strongly_typed for one in half.verdicts] == [False, False, *[True] * 4]
