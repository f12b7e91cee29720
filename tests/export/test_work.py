"""Counting the work of a graph: against formulas by hand, and against counting one by one."""

from collections.abc import Iterator
from importlib.resources import as_file, files
from itertools import product
from typing import Any

import numpy as np
import onnx
import pytest
from builders.graphs import BANDS, GraphBuilder
from builders.qdq import QdqBuilder
from onnx.reference import ReferenceEvaluator

from edgers.errors import GraphError
from edgers.export.work import work_of_graph
from edgers.targets.roofline import GraphWork, Traffic

SIDE = 32


def work(graph: GraphBuilder, output: str, side: int = SIDE) -> GraphWork:
    return work_of_graph(graph.model(output), {"x": (1, BANDS, side, side)})


def test_a_convolution_by_its_formula() -> None:
    graph = GraphBuilder()
    found = work(graph, graph.conv("x", 8, kernel=5, stride=2))
    (layer,) = found.layers
    # Output values × inputs × kernel, each a multiplication and an addition.
    assert layer.operations == 2 * (8 * 16 * 16) * BANDS * 5 * 5
    assert layer.weights == Traffic(floats=8 * BANDS * 5 * 5 + 8)
    assert layer.activations == Traffic(floats=BANDS * 32 * 32 + 8 * 16 * 16)
    assert found.ends == Traffic(floats=BANDS * 32 * 32 + 8 * 16 * 16)
    assert found.not_counted == ()


def test_groups_and_dilation_by_their_formula() -> None:
    graph = GraphBuilder()
    wide = graph.conv("x", 8)
    found = work(graph, graph.conv(wide, 8, kernel=3, dilation=2, group=8))
    assert found.layers[1].operations == 2 * (8 * 32 * 32) * 1 * 3 * 3


def test_a_transposed_convolution_by_its_formula() -> None:
    graph = GraphBuilder()
    (layer,) = work(graph, graph.transposed("x", 5, kernel=2, stride=2)).layers
    assert layer.operations == 2 * (BANDS * 32 * 32) * 5 * 2 * 2
    assert layer.activations == Traffic(floats=BANDS * 32 * 32 + 5 * 64 * 64)


def test_a_product_of_matrices_by_its_formula() -> None:
    graph = GraphBuilder()
    found = work(graph, graph.node("MatMul", ["x", graph.constant(np.ones((SIDE, 7)))]))
    assert found.operations == 2 * (BANDS * SIDE * 7) * SIDE
    graph = GraphBuilder()
    flat = graph.node("Flatten", ["x"])
    gemm = graph.node("Gemm", [flat, graph.constant(np.ones((BANDS * SIDE * SIDE, 4)))])
    assert work(graph, gemm).layers[-1].operations == 2 * 4 * BANDS * SIDE * SIDE


def test_pooling_and_resizing_by_their_formulas() -> None:
    graph = GraphBuilder()
    pooled = graph.pool("x", "AveragePool", kernel=2, stride=2)
    found = work(graph, graph.resize(pooled, 2.0, mode="linear"))
    assert found.layers[0].operations == (BANDS * 16 * 16) * 4
    assert found.layers[1].operations == (BANDS * 32 * 32) * 7
    # The scales of a resize are no data.
    assert found.layers[1].weights == Traffic()


def test_what_works_value_by_value_is_done_as_the_result_is_made() -> None:
    graph = GraphBuilder()
    first = graph.relu(graph.conv("x", 4))
    second = graph.conv(first, 4)
    found = work(graph, graph.relu(graph.add(second, first)))
    assert [layer.ops for layer in found.layers] == [("Conv", "Relu"), ("Conv", "Add", "Relu")]
    values = 4 * 32 * 32
    assert found.layers[1].operations == 2 * values * 4 * 9 + values + values
    # The first result is read once for both, and the last is written; nothing between.
    assert found.layers[1].activations == Traffic(floats=2 * values)


def test_a_result_that_others_read_is_written() -> None:
    graph = GraphBuilder()
    made = graph.conv("x", 4)
    found = work(graph, graph.concat(graph.relu(made), made))
    assert [layer.ops for layer in found.layers] == [("Conv",), ("Relu",)]


def test_sizes_worked_out_in_the_graph_cost_nothing() -> None:
    graph = GraphBuilder()
    small = graph.pool("x")
    found = work(graph, graph.resize_like(small, "x", mode="nearest"))
    assert [layer.ops for layer in found.layers] == [("MaxPool",), ("Resize",)]
    assert found.layers[1].activations == Traffic(floats=BANDS * 16 * 16 + BANDS * 32 * 32)
    assert found.not_counted == ()


def test_an_operator_that_is_not_known_is_named_and_its_values_counted() -> None:
    graph = GraphBuilder()
    found = work(graph, graph.node("CumSum", ["x", graph.constant(2, "int64")]))
    assert found.not_counted == ("CumSum",)
    assert found.operations == 0
    assert found.layers[0].activations.floats == 2 * BANDS * SIDE * SIDE


def test_a_tile_that_the_graph_does_not_take_is_refused() -> None:
    graph = GraphBuilder()
    up = graph.resize(graph.pool("x"), 2.0)
    with pytest.raises(GraphError, match="cannot be told for this tile"):
        work(graph, graph.add(up, "x"), side=33)


def quantized(model: onnx.ModelProto) -> GraphWork:
    (entry,) = model.graph.input
    shape = tuple(dim.dim_value for dim in entry.type.tensor_type.shape.dim)
    return work_of_graph(model, {entry.name: shape})


def test_quantized_values_are_a_quarter_of_float32_ones() -> None:
    graph, plain = QdqBuilder(), QdqBuilder()
    narrow = quantized(graph.model(graph.conv(graph.conv("x"))))
    wide = quantized(plain.model(plain.float_conv(plain.float_conv("x"))))
    (first, second), (_, second_wide) = narrow.layers, wide.layers
    assert first.is_int8
    assert second.is_int8
    assert narrow.operations == wide.operations
    # What passes between the two is written and read at 8 bits; the last result is not quantized.
    between = 8 * 4 * 4
    assert first.activations == Traffic(eight_bit=2 * between)
    assert second.activations == Traffic(eight_bit=between, floats=between)
    assert second_wide.activations.size_bytes("fp32") == 4 * 2 * between
    assert first.activations.size_bytes("int8") * 4 == second_wide.activations.size_bytes("fp32")
    assert second.weights == Traffic(eight_bit=8 * 8, floats=8)


def test_a_weight_stored_wide_and_quantized_in_the_graph_is_of_8_bits() -> None:
    graph = QdqBuilder()
    weight = graph.pair(graph.floats(np.ones((8, 8, 1, 1))))
    (layer,) = quantized(graph.model(graph.node("Conv", graph.pair("x"), weight))).layers
    assert layer.is_int8
    assert layer.weights == Traffic(eight_bit=64)


def counted_one_by_one(model: onnx.ModelProto, feed: dict[str, Any]) -> int:
    """Run a graph on the slow evaluator of ONNX, and count step by step over what it gave."""
    sizes = {name: value.size for name, value in _tensors(model, feed)}
    weights = {tensor.name: tuple(tensor.dims) for tensor in model.graph.initializer}
    counted = 0
    for node in model.graph.node:
        if node.op_type in ("Conv", "ConvTranspose"):
            over = node.output[0] if node.op_type == "Conv" else node.input[0]
            for _ in product(*map(range, weights[node.input[1]][1:])):
                counted += sizes[over]  # products
                counted += sizes[over]  # sums
        elif node.op_type == "Relu":
            counted += sizes[node.output[0]]
        elif node.op_type == "MaxPool":
            # Tiles of 2 × 2, side by side.
            counted += sizes[node.input[0]]
        else:
            assert node.op_type == "Concat"
    return counted


def _tensors(model: onnx.ModelProto, feed: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    opened = onnx.ModelProto()
    opened.CopyFrom(model)
    names = [name for node in opened.graph.node for name in node.output]
    del opened.graph.output[:]
    opened.graph.output.extend(onnx.ValueInfoProto(name=name) for name in names)
    found: Any = ReferenceEvaluator(opened).run(names, feed)
    yield from zip(names, found, strict=True)
    yield from feed.items()


def test_the_demo_network_has_the_operations_that_counting_one_by_one_gives() -> None:
    with as_file(files("edgers.export.flood_demo") / "flood_unet.onnx") as path:
        model = onnx.load(path)
    entry = model.graph.input[0]
    channels = entry.type.tensor_type.shape.dim[1].dim_value
    shape = (1, channels, SIDE, SIDE)
    found = work_of_graph(model, {entry.name: shape})
    assert found.not_counted == ()
    assert found.operations == counted_one_by_one(model, {entry.name: np.zeros(shape, np.float32)})
