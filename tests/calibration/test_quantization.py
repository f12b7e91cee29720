"""What quantized graphs are made of, on small networks of every kind."""

import subprocess
import sys
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Literal

import numpy as np
import onnx
import pytest
from builders.calibration import ListTiles, noise_tiles, plain_ranges
from builders.graphs import image_input
from builders.networks import unet
from builders.quantizable import NETWORKS, chain, depthwise, gemm_head, residual
from onnx import TensorProto, numpy_helper

from edgers.calibration.half import half_graph
from edgers.calibration.layers import layers_of
from edgers.calibration.output_error import output_error
from edgers.calibration.quantization import QuantizationPlan, quantized
from edgers.calibration.ranges import METHODS
from edgers.calibration.simulation import Simulation
from edgers.engines import ENGINES
from edgers.errors import BadInputError
from edgers.tiling.graph import halo_from_graph

TILES = noise_tiles()
FLOAT_KINDS = (TensorProto.FLOAT, TensorProto.FLOAT16)
FORMS = [
    QuantizationPlan(form="u8s8"),
    QuantizationPlan(form="s8s8"),
    QuantizationPlan(form="s8s8", rest="fp16"),
]


EACH_FORM = [pytest.param(plan, id=f"{plan.form} {plan.rest}") for plan in FORMS]


def made(model: onnx.ModelProto, plan: QuantizationPlan) -> onnx.ModelProto:
    graph = model.SerializeToString()
    return onnx.load_model_from_string(quantized(graph, plain_ranges(graph, TILES), plan))


class Read:
    """A quantized graph by names."""

    def __init__(self, model: onnx.ModelProto) -> None:
        self.model = model
        self.by_name = {node.name: node for node in model.graph.node}
        self.maker = {name: node for node in model.graph.node for name in node.output}
        self.constants = {
            entry.name: numpy_helper.to_array(entry) for entry in model.graph.initializer
        }
        self.readers: dict[str, list[onnx.NodeProto]] = {}
        for node in model.graph.node:
            for name in node.input:
                self.readers.setdefault(name, []).append(node)

    def ops(self, op: str) -> list[onnx.NodeProto]:
        return [node for node in self.model.graph.node if node.op_type == op]

    def op_before(self, name: str) -> str:
        return self.maker[name].op_type if name in self.maker else ""

    def rounded(self, name: str) -> bool:
        """Tell whether a tensor went through 8 bits just before."""
        if self.op_before(name) != "DequantizeLinear":
            return False
        return self.op_before(self.maker[name].input[0]) == "QuantizeLinear"


@pytest.mark.parametrize("plan", EACH_FORM)
@pytest.mark.parametrize("name", NETWORKS)
def test_a_quantized_network_keeps_its_ends_and_nearly_its_answer(
    name: str, plan: QuantizationPlan
) -> None:
    model = NETWORKS[name]()
    read = made(model, plan)
    for before, after in (
        (model.graph.input, read.graph.input), (model.graph.output, read.graph.output)
    ):  # fmt: skip
        assert [one.SerializeToString() for one in before] == [
            one.SerializeToString() for one in after
        ]
    graph = read.SerializeToString()
    expected = Simulation(model.SerializeToString())
    for engine in (Simulation(graph), *(maker(graph) for maker in ENGINES.values())):
        error = output_error(expected, engine, TILES, "y", 1)
        assert 24 < error.sqnr_db < 90, engine.info
        engine.close()


@pytest.mark.parametrize("plan", EACH_FORM)
@pytest.mark.parametrize("name", NETWORKS)
def test_weights_have_8_bits_and_a_scale_a_channel(name: str, plan: QuantizationPlan) -> None:
    read = Read(made(NETWORKS[name](), plan))
    layers = [node for op in ("Conv", "ConvTranspose", "MatMul", "Gemm") for node in read.ops(op)]
    assert layers
    for node in layers:
        back = read.maker[node.input[1]]
        weights, scale, zero = (read.constants[one] for one in back.input)
        axis = {"Conv": 0, "ConvTranspose": 1, "MatMul": 1, "Gemm": 0}[node.op_type]
        assert [one.i for one in back.attribute if one.name == "axis"] == [axis]
        assert weights.dtype == np.int8
        assert scale.shape == zero.shape == (weights.shape[axis],)
        assert scale.dtype == (np.float16 if plan.rest == "fp16" else np.float32)
        assert not zero.any()
        assert weights.min() >= -127
        others = tuple(one for one in range(weights.ndim) if one != axis)
        assert (np.abs(weights.astype(int)).max(axis=others) >= 126).all()
        assert read.rounded(node.input[0])


@pytest.mark.parametrize("name", NETWORKS)
def test_u8s8_is_what_cpus_take(name: str) -> None:
    read = Read(made(NETWORKS[name](), FORMS[0]))
    for node in read.ops("QuantizeLinear"):
        assert read.constants[node.input[2]].dtype == np.uint8
    for node in read.ops("Conv") + read.ops("Gemm"):
        if len(node.input) > 2:
            assert read.constants[read.maker[node.input[2]].input[0]].dtype == np.int32
    outputs = {entry.name for entry in read.model.graph.output}
    for op in ("Relu", "Clip", "MaxPool", "Concat"):
        for node in read.ops(op):
            of_shapes = op == "Concat" and read.op_before(node.input[0]) == "Slice"
            if not of_shapes and not outputs & set(node.output):
                assert {
                    one.op_type for one in read.readers[node.output[0]] if one.op_type != "Shape"
                } == {"QuantizeLinear"}


@pytest.mark.parametrize("plan", EACH_FORM)
@pytest.mark.parametrize("name", NETWORKS)
def test_nothing_is_rounded_before_an_activation_nor_behind_the_last_layer(
    name: str, plan: QuantizationPlan
) -> None:
    read = Read(made(NETWORKS[name](), plan))
    for op in ("Relu", "Clip", "Sigmoid"):
        for node in read.ops(op):
            assert not read.rounded(node.input[0])
    wanted = {entry.name for entry in read.model.graph.output}
    while wanted:
        node = read.maker[wanted.pop()]
        assert node.op_type not in ("QuantizeLinear", "DequantizeLinear")
        if node.op_type not in ("Conv", "Gemm"):
            wanted |= {node.input[0]}


@pytest.mark.parametrize("plan", EACH_FORM[1:])
@pytest.mark.parametrize("name", NETWORKS)
def test_s8s8_rounds_inputs_of_layers_and_residual_branches_only(
    name: str, plan: QuantizationPlan
) -> None:
    read = Read(made(NETWORKS[name](), plan))
    for node in read.ops("QuantizeLinear") + read.ops("DequantizeLinear"):
        assert read.constants[node.input[1]].size
        assert read.constants[node.input[2]].dtype == np.int8
        assert not read.constants[node.input[2]].any()
    for node in read.ops("QuantizeLinear"):
        assert read.constants[node.input[1]].shape == ()
        (back,) = read.readers[node.output[0]]
        for reader in read.readers[back.output[0]]:
            assert reader.op_type in ("Conv", "ConvTranspose", "Gemm", "MatMul", "Add")
            if reader.op_type != "Add":
                assert reader.input[0] == back.output[0]
    for node in read.ops("Add"):
        assert all(read.rounded(name) for name in node.input)
    for node in read.ops("Conv"):
        if len(node.input) > 2:
            assert read.constants[node.input[2]].dtype.kind == "f"


def test_a_pool_shares_the_scale_of_what_it_reads() -> None:
    read = Read(made(unet(), FORMS[0]))
    for node in read.ops("MaxPool"):
        (after,) = read.readers[node.output[0]]
        assert after.input[1] == read.maker[node.input[0]].input[1]


@pytest.mark.parametrize("plan", EACH_FORM)
@pytest.mark.parametrize("name", ["chain", "residual", "depthwise", "U-Net"])
def test_kept_layers_are_left_as_they_were(name: str, plan: QuantizationPlan) -> None:
    model = NETWORKS[name]()
    for layer in layers_of(model):
        read = Read(made(model, replace(plan, kept=frozenset({layer.name}))))
        node = read.by_name[layer.name]
        assert read.constants[node.input[1]].dtype == (
            np.float16 if plan.rest == "fp16" else np.float32
        )
        assert not any(read.op_before(name) == "DequantizeLinear" for name in node.input)
        assert sum(one.op_type in ("Conv", "ConvTranspose") for one in read.by_name.values()) > 1
        others = [one for one in layers_of(model) if one.name != layer.name]
        for one in others:
            assert read.op_before(read.by_name[one.name].input[1]) == "DequantizeLinear"


@pytest.mark.parametrize("plan", EACH_FORM)
def test_with_every_layer_kept_no_8_bits_are_left(plan: QuantizationPlan) -> None:
    model = unet()
    kept = frozenset(layer.name for layer in layers_of(model))
    read = Read(made(model, replace(plan, kept=kept)))
    assert not read.ops("QuantizeLinear") + read.ops("DequantizeLinear")


@pytest.mark.parametrize("plan", EACH_FORM)
def test_operators_can_be_excluded(plan: QuantizationPlan) -> None:
    read = Read(made(unet(), replace(plan, excluded=frozenset({"ConvTranspose"}))))
    for node in read.ops("ConvTranspose"):
        assert read.constants[node.input[1]].dtype.kind == "f"
    assert all(read.rounded(node.input[0]) for node in read.ops("Conv"))


@pytest.mark.parametrize("plan", EACH_FORM)
@pytest.mark.parametrize("name", ["chain", "depthwise", "residual", "U-Net", "gemm head"])
def test_the_halo_is_that_of_the_float_graph(name: str, plan: QuantizationPlan) -> None:
    model = NETWORKS[name]()
    assert halo_from_graph(made(model, plan), image_input(), "y") == halo_from_graph(
        model, image_input(), "y"
    )


@pytest.mark.parametrize("method", METHODS)
def test_the_ranges_of_the_method_asked_for_are_used(method: str) -> None:
    graph = chain().SerializeToString()
    ranges = plain_ranges(graph, TILES)
    plan = QuantizationPlan(form="s8s8", method=method)
    read = Read(onnx.load_model_from_string(quantized(graph, ranges, plan)))
    for node in read.ops("QuantizeLinear"):
        low, high = ranges.spans[node.input[0]][method]
        assert read.constants[node.input[1]] == pytest.approx(max(-low, high) / 127, rel=1e-5)


def test_bytes_are_the_same_in_another_process() -> None:
    code = (
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        "from hashlib import sha256\n"
        "from builders.calibration import plain_ranges, noise_tiles\n"
        "from builders.networks import unet\n"
        "from edgers.calibration.quantization import QuantizationPlan, quantized\n"
        "graph = unet().SerializeToString(); ranges = plain_ranges(graph, noise_tiles())\n"
        "for form, rest in (('u8s8', 'fp32'), ('s8s8', 'fp32'), ('s8s8', 'fp16')):\n"
        "    plan = QuantizationPlan(form=form, rest=rest)\n"
        "    print(sha256(quantized(graph, ranges, plan)).hexdigest())\n"
    )
    found = subprocess.run(
        [sys.executable, "-c", code, str(Path(__file__).parents[1])],
        check=True, capture_output=True, text=True, env={"PYTHONHASHSEED": "7"} | _paths(),
    ).stdout.split()  # fmt: skip
    graph = unet().SerializeToString()
    ranges = plain_ranges(graph, TILES)
    assert found == [sha256(quantized(graph, ranges, plan)).hexdigest() for plan in FORMS]


def _paths() -> dict[str, str]:
    return {"PYTHONPATH": str(Path(__file__).parents[2])}


def test_no_tool_leaves_its_name_or_its_operator_sets() -> None:
    for plan in FORMS:
        model = made(unet(), plan)
        assert [one.domain for one in model.opset_import] == [""]
        assert model.opset_import[0].version == (19 if plan.rest == "fp16" else 17)
        assert (model.producer_name, model.producer_version) == ("edgers", "")
        assert not model.metadata_props
        assert not model.graph.value_info


def test_a_graph_of_an_old_opset_is_raised() -> None:
    assert made(NETWORKS["normed"](), FORMS[0]).opset_import[0].version == 13


def test_batch_norm_is_folded_before() -> None:
    assert not Read(made(NETWORKS["normed"](), FORMS[0])).ops("BatchNormalization")


def test_ranges_of_another_graph_are_refused() -> None:
    graph = chain().SerializeToString()
    with pytest.raises(BadInputError, match="another graph"):
        quantized(graph, plain_ranges(unet().SerializeToString(), TILES), FORMS[0])


def test_a_layer_that_is_not_there_cannot_be_kept() -> None:
    with pytest.raises(BadInputError, match="'Conv9'"):
        made(chain(), QuantizationPlan(kept=frozenset({"Conv9"})))


def test_a_tensor_without_a_range_is_named() -> None:
    graph = chain().SerializeToString()
    ranges = plain_ranges(graph, TILES)
    spans = {name: one for name, one in ranges.spans.items() if name != "t1"}
    with pytest.raises(BadInputError, match="'t1'"):
        quantized(graph, replace(ranges, spans=spans), FORMS[0])


@pytest.mark.parametrize(("form", "rest"), [("u8s8", "fp16")])
def test_plans_that_no_runtime_takes_are_refused(
    form: Literal["u8s8"], rest: Literal["fp16"]
) -> None:
    with pytest.raises(ValueError, match="u8s8"):
        QuantizationPlan(form=form, rest=rest)
    with pytest.raises(ValueError, match="guess"):
        QuantizationPlan(method="guess")


def test_a_layer_that_fp16_does_not_hold_is_quantized_in_a_wide_island() -> None:
    """Scores of a million before the last layer brings them down: FP16 has no such number."""
    model = chain()
    constants = {entry.name: entry for entry in model.graph.initializer}
    for name, factor in (("w2", 1e6), ("w3", 1e6), ("w4", 1e-6)):
        values = numpy_helper.to_array(constants[name]) * np.float32(factor)
        constants[name].CopyFrom(numpy_helper.from_array(values.astype(np.float32), name))
    graph = model.SerializeToString()
    ranges = plain_ranges(graph, TILES)
    plan = QuantizationPlan(form="s8s8", rest="fp16")
    with pytest.raises(BadInputError, match="FP16"):
        quantized(graph, ranges, plan)
    nodes = frozenset({"Conv2", "Relu3", "Conv4"})
    made = quantized(graph, ranges, replace(plan, wide=nodes))
    error = output_error(Simulation(graph), Simulation(made), TILES, "y", 1)
    assert error.sqnr_db > 24
    assert half_graph(graph) != made


def test_shared_weights_are_kept_and_quantized_apart() -> None:
    model = chain()
    second = model.graph.node[2]
    third = onnx.NodeProto()
    third.CopyFrom(second)
    third.name, third.input[0], third.output[0] = "again", "t3", "more"
    model.graph.node.insert(4, third)
    model.graph.node[5].input[0] = "more"
    read = Read(made(model, QuantizationPlan(kept=frozenset({"again"}))))
    assert read.constants[read.by_name["again"].input[1]].dtype == np.float32
    assert read.op_before(read.by_name[second.name].input[1]) == "DequantizeLinear"


def test_the_first_tile_alone_gives_other_ranges() -> None:
    """The builder's tiles are gone through as often as asked."""
    tiles = ListTiles(TILES.tensors[:1])
    graph = residual().SerializeToString()
    assert plain_ranges(graph, tiles).spans != plain_ranges(graph, TILES).spans
    assert len(list(tiles)) == len(list(tiles)) == 1


def test_gemm_and_depthwise_networks_are_wholly_quantized() -> None:
    for model, count in ((gemm_head(), 3), (depthwise(), 3)):
        read = Read(made(model, FORMS[0]))
        weights = [one for one in read.constants.values() if one.dtype == np.int8 and one.ndim > 1]
        assert len(weights) == count
