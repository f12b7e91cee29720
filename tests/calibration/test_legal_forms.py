"""What quantization makes for TensorRT is what TensorRT takes, band by band."""

from importlib.resources import files

import numpy as np
import onnx
import pytest
from builders.calibration import ListTiles, noise_tiles, plain_ranges
from builders.judged import calm_net
from builders.quantizable import NETWORKS

from edgers.calibration.half import half_graph
from edgers.calibration.legality import ALL, check_legality
from edgers.calibration.quantization import QuantizationPlan, quantized

DEMO = (files("edgers.export.flood_demo") / "flood_unet.onnx").read_bytes()


def graph_of(name: str) -> bytes:
    if name == "demo":
        return DEMO
    net = calm_net if name == "calm" else NETWORKS[name]
    data: bytes = net().SerializeToString()
    return data


def tiles_of(graph: bytes) -> ListTiles:
    dims = onnx.load_from_string(graph).graph.input[0].type.tensor_type.shape.dim
    return noise_tiles(2, 32, bands=dims[1].dim_value)


NAMES = ("demo", "calm", *NETWORKS)


@pytest.mark.parametrize("name", NAMES)
def test_scales_in_fp32_are_legal_in_every_band(name: str) -> None:
    graph = graph_of(name)
    ranges = plain_ranges(graph, tiles_of(graph))
    found = check_legality(quantized(graph, ranges, QuantizationPlan(form="s8s8")))
    assert found.legal, str(found)
    assert len(found.verdicts) == len(ALL)
    # In a strongly typed network all that is not quantized runs in FP32: legal, and worth knowing.
    last = found.verdicts[-1]
    assert [one.rule.name for one in last.remarks if one.rule.name == "rest-in-fp32"]


@pytest.mark.parametrize("name", NAMES)
def test_scales_in_fp16_are_legal_from_10_on(name: str) -> None:
    graph = graph_of(name)
    ranges = plain_ranges(graph, tiles_of(graph))
    made = quantized(graph, ranges, QuantizationPlan(form="s8s8", rest="fp16"))
    found = check_legality(made)
    legal = {verdict.band.name: verdict.legal for verdict in found.verdicts}
    assert {name for name, is_legal in legal.items() if not is_legal} == {"8.5", "8.6"}, str(found)


@pytest.mark.parametrize("name", NAMES)
def test_layers_that_are_kept_leave_it_legal(name: str) -> None:
    graph = graph_of(name)
    ranges = plain_ranges(graph, tiles_of(graph))
    weighted = next(n for n in onnx.load_from_string(graph).graph.node
                    if n.op_type in ("Conv", "Gemm", "MatMul"))  # fmt: skip
    plan = QuantizationPlan(form="s8s8", kept=frozenset({weighted.name or weighted.output[0]}))
    found = check_legality(quantized(graph, ranges, plan))
    assert found.legal, str(found)


@pytest.mark.parametrize("name", NAMES)
def test_graphs_in_fp16_are_legal(name: str) -> None:
    found = check_legality(half_graph(graph_of(name)))
    assert found.legal, str(found)


def test_the_form_for_cpus_is_not_for_tensorrt() -> None:
    graph = graph_of("demo")
    found = check_legality(quantized(graph, plain_ranges(graph, tiles_of(graph)),
                                     QuantizationPlan(form="u8s8")))  # fmt: skip
    assert not any(verdict.legal for verdict in found.verdicts)
    assert np.all([verdict.findings for verdict in found.verdicts])
