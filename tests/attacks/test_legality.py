"""Graphs that are damaged, odd or hostile, held against the rules of TensorRT."""

import time
from typing import Any

import numpy as np
import onnx
import pytest
from builders.networks import unet
from builders.qdq import QdqBuilder
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from onnx import TensorProto, helper

from edgers.calibration.legality import ALL, check_legality, require_legal
from edgers.errors import GraphError

OPS = (
    "Add", "ArgMax", "Cast", "Concat", "Constant", "ConstantOfShape", "Conv", "ConvTranspose",
    "DequantizeLinear", "Dropout", "DynamicQuantizeLinear", "EyeLike", "Gemm", "Identity", "If",
    "Loop", "MatMul", "MaxPool", "Mystery", "OneHot", "QLinearConv", "QuantizeLinear",
    "RandomNormal", "Relu", "Reshape", "Scan", "Shape", "Split", "Sum", "TopK", "Transpose",
    "Where", "",
)  # fmt: skip
NAMES = st.sampled_from(["", "x", "w", "a", "b", "c", "d"])


@st.composite
def tensors(draw: st.DrawFn) -> TensorProto:
    tensor = TensorProto()
    tensor.name = draw(NAMES)
    tensor.data_type = draw(st.integers(0, 30))
    tensor.dims.extend(draw(st.lists(st.integers(-2, 5), max_size=3)))
    tensor.raw_data = draw(st.binary(max_size=16))
    tensor.data_location = draw(st.sampled_from([0, 0, 0, 1]))
    return tensor


@st.composite
def attributes(draw: st.DrawFn, depth: int) -> onnx.AttributeProto:
    found = onnx.AttributeProto()
    found.name = draw(
        st.sampled_from(["axis", "to", "value", "value_ints", "output_dtype", "then_branch",
                         "body", "dtype", "transB", ""])
    )  # fmt: skip
    found.type = draw(st.integers(0, 14))
    found.i = draw(st.integers(-(2**63), 2**63 - 1))
    found.ints.extend(draw(st.lists(st.integers(-3, 3), max_size=3)))
    if draw(st.booleans()):
        found.t.CopyFrom(draw(tensors()))
    if depth and draw(st.booleans()):
        found.g.CopyFrom(draw(graphs(depth - 1)))
    return found


@st.composite
def graphs(draw: st.DrawFn, depth: int = 2) -> onnx.GraphProto:
    graph = onnx.GraphProto()
    graph.initializer.extend(draw(st.lists(tensors(), max_size=3)))
    for name in draw(st.lists(NAMES, max_size=2)):
        entry = graph.input.add()
        entry.name = name
        entry.type.tensor_type.elem_type = draw(st.integers(0, 30))
    made = ["x", "w"]
    for _ in range(draw(st.integers(0, 5))):
        node = graph.node.add()
        node.op_type = draw(st.sampled_from(OPS))
        node.domain = draw(st.sampled_from(["", "", "", "ai.onnx", "com.microsoft"]))
        node.input.extend(draw(st.lists(st.sampled_from(["", *made]), max_size=4)))
        fresh = f"n{len(made)}"
        node.output.extend(draw(st.sampled_from([[fresh], [fresh], [fresh, "", "o" + fresh], []])))
        made.extend(name for name in node.output if name)
        node.attribute.extend(draw(st.lists(attributes(depth), max_size=2)))
    for name in draw(st.lists(st.sampled_from(made), max_size=1)):
        graph.output.add().name = name
    return graph


def model_of(graph: onnx.GraphProto, opset: int) -> onnx.ModelProto:
    model = onnx.ModelProto()
    model.graph.CopyFrom(graph)
    model.opset_import.add().version = opset
    return model


def in_words(graph: Any) -> str:
    """Give the verdicts of a graph, or the refusal, as text."""
    try:
        return str(check_legality(graph))
    except GraphError as error:
        return str(error)


@settings(max_examples=80, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(graphs(), st.sampled_from([13, 17, 21, 0, -1, 2**40]))
def test_a_graph_of_odd_parts_is_judged_or_refused(graph: onnx.GraphProto, opset: int) -> None:
    for name in ("x", "w"):
        if name not in {one.name for one in (*graph.input, *graph.initializer)}:
            graph.input.add().name = name
    assert in_words(model_of(graph, opset))


@settings(max_examples=80, deadline=None)
@given(st.binary(max_size=200))
def test_bytes_are_judged_or_refused(data: bytes) -> None:
    assert in_words(data)


@settings(max_examples=80, deadline=None)
@given(st.data())
def test_an_altered_file_is_judged_or_refused(data: st.DataObject) -> None:
    net = QdqBuilder()
    whole = bytearray(net.model(net.conv(net.conv("x"))).SerializeToString())
    for _ in range(data.draw(st.integers(1, 4))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    assert in_words(bytes(whole))


def relu(source: str, made: str) -> onnx.NodeProto:
    return helper.make_node("Relu", [source], [made])


@pytest.mark.parametrize(
    ("nodes", "words"),
    [
        ([], "no nodes"),
        ([relu("b", "a"), relu("a", "b")], "which nothing before it makes"),
        ([relu("x", "a"), relu("x", "a")], "twice"),
        ([relu("x", "x")], "twice"),
        ([relu("nowhere", "a")], "which nothing before it makes"),
        ([relu("x", "b")], "made by no node"),
    ],
)
def test_a_broken_graph_is_refused(nodes: list[onnx.NodeProto], words: str) -> None:
    ends = [helper.make_tensor_value_info(name, 1, None) for name in ("x", "a")]
    model = helper.make_model(helper.make_graph(nodes, "g", ends[:1], ends[1:]))
    with pytest.raises(GraphError, match=words):
        check_legality(model)
    with pytest.raises(GraphError, match=words):
        check_legality(model.SerializeToString())


def test_a_graph_without_an_opset_is_refused() -> None:
    net = QdqBuilder()
    model = net.model(net.node("Relu", "x"))
    model.ClearField("opset_import")
    with pytest.raises(GraphError, match="which opset"):
        check_legality(model)


def test_graphs_inside_each_other_have_an_end() -> None:
    inner = helper.make_graph([relu("x", "z")], "g", [], [])
    for _ in range(20):
        node = helper.make_node("If", ["x"], ["z"], then_branch=inner)
        inner = helper.make_graph([node], "g", [], [])
    inner.input.add().name = "x"
    with pytest.raises(GraphError, match="inside each other"):
        check_legality(model_of(inner, 17))


def test_a_rule_that_is_broken_in_a_branch_is_found_there() -> None:
    net = QdqBuilder()
    branch = helper.make_graph(
        [helper.make_node("QLinearConv", ["x", "w0"], ["z"], "inner")], "branch", [],
        [helper.make_tensor_value_info("z", TensorProto.FLOAT, None)],
    )  # fmt: skip
    net.constant(np.zeros(1, np.int8))
    chosen = net.node("If", net.constant(np.array(True)), then_branch=branch, else_branch=branch)
    verdict = check_legality(net.model(chosen)).of(ALL[0])
    found = {one.node for one in verdict.findings if one.rule.name == "integer-ops"}
    assert found == {"inner in If#0.then_branch", "inner in If#0.else_branch"}


def test_weights_in_other_files_are_not_read(tmp_path: Any, monkeypatch: Any) -> None:
    monkeypatch.chdir(tmp_path)
    net = QdqBuilder()
    model = net.model(net.conv("x"))
    stored = next(one for one in model.graph.initializer if list(one.dims) == [8, 8, 1, 1])
    stored.ClearField("raw_data")
    stored.data_location = TensorProto.EXTERNAL
    entry = stored.external_data.add()
    entry.key, entry.value = "location", "not-there.bin"
    assert check_legality(model.SerializeToString()).legal


def test_a_graph_of_500_nodes_takes_well_under_a_second() -> None:
    net = QdqBuilder()
    x = "x"
    while len(net.nodes) < 500:
        x = net.node("Relu", net.conv(x))
    model = net.model(x)
    check_legality(model)
    began = time.perf_counter()
    assert check_legality(model).legal
    assert time.perf_counter() - began < 1


def test_the_file_is_left_as_it_is() -> None:
    model = unet()
    before = model.SerializeToString()
    require_legal(model)
    assert model.SerializeToString() == before


def test_names_that_are_no_text_are_told_nevertheless() -> None:
    scale = helper.make_tensor("s", TensorProto.FLOAT, [], [1.0])
    zero = helper.make_tensor("z", TensorProto.INT8, [], [0])
    nodes = [
        helper.make_node("QuantizeLinear", ["x", "s", "z"], ["q"]),
        helper.make_node("Sqrt", ["q"], ["a"], name="NAMELESS"),
    ]
    ends = [helper.make_tensor_value_info(name, 1, [1]) for name in ("x", "a")]
    graph = helper.make_graph(nodes, "g", ends[:1], ends[1:], [scale, zero])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
    whole = model.SerializeToString().replace(b"NAMELESS", b"\xff\xfeMELESS")
    assert r"\xff\xfeMELESS" in in_words(whole)
