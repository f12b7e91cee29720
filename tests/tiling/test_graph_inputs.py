"""The halo of graphs with several inputs, and of series of dates."""

from collections.abc import Sequence
from typing import Any

import onnx
import pytest
from builders.graphs import AXES, GraphBuilder
from builders.stacks import (
    closed_stack,
    fusion_document,
    fusion_net,
    input_document,
    series_document,
    series_net,
    stack_document,
)

from edgers.contract import ModelInput, contract_from_document
from edgers.engines import ENGINES
from edgers.errors import GraphError
from edgers.export.proof import compare_tiled
from edgers.tiling.graph import halo_from_graph
from edgers.tiling.grid import plan_grid
from edgers.tiling.halo import Halo


def inputs_of(document: dict[str, Any]) -> Sequence[ModelInput]:
    return contract_from_document(document).inputs


def two(first: str = "a", second: str = "b") -> Sequence[ModelInput]:
    return inputs_of(stack_document(*(input_document(name, ("B02",)) for name in (first, second))))


def two_images() -> GraphBuilder:
    graph = GraphBuilder()
    graph.channels |= {"a": 1, "b": 1}
    return graph


def closed_two(graph: GraphBuilder, output: str, *sides: int | str) -> onnx.ModelProto:
    height, width = sides or ("h", "w")
    return closed_stack(graph, output, {name: ["n", 1, height, width] for name in ("a", "b")})


def sides(halo: Halo) -> tuple[int, int, int, int]:
    return (
        halo.height.before_px, halo.height.after_px, halo.width.before_px, halo.width.after_px
    )  # fmt: skip


def assert_tiles(model: onnx.ModelProto, inputs: Sequence[ModelInput], halo: Halo) -> None:
    engine = ENGINES["onnxruntime"](model.SerializeToString())
    for side, tile_px in ((50, 16), (37, 20)):
        grid = plan_grid(side, side + 3, tile_px, halo)
        assert len(grid) > 3
        assert compare_tiled(engine, inputs, "y", AXES, grid).difference == 0.0


def test_the_halo_is_what_any_input_needs() -> None:
    inputs = inputs_of(fusion_document())
    halo = halo_from_graph(fusion_net(), inputs, "y")
    assert (halo.is_exact, sides(halo)) == (True, (2, 2, 2, 2))
    assert_tiles(fusion_net(), inputs, halo)


def test_each_side_is_the_largest_of_the_inputs() -> None:
    graph = two_images()
    model = closed_two(
        graph,
        graph.add(graph.conv("a", 1, pads=[2, 1, 0, 1]), graph.conv("b", 1, pads=[0, 1, 2, 1])),
    )
    halo = halo_from_graph(model, two(), "y")
    assert sides(halo) == (2, 2, 1, 1)
    assert_tiles(model, two(), halo)


def test_the_order_of_inputs_changes_nothing() -> None:
    inputs = inputs_of(fusion_document())
    assert halo_from_graph(fusion_net(), inputs, "y") == halo_from_graph(
        fusion_net(), inputs[::-1], "y"
    )


def test_an_input_that_the_output_does_not_depend_on_needs_nothing() -> None:
    graph = two_images()
    graph.conv("b", 1, kernel=7)
    model = closed_two(graph, graph.conv("a", 1))
    assert sides(halo_from_graph(model, two(), "y")) == (1, 1, 1, 1)


def test_strided_inputs_that_meet_on_one_grid_are_exact() -> None:
    graph = two_images()
    pooled = graph.pool("b", "AveragePool")
    model = closed_two(
        graph, graph.add(graph.conv("a", 1, kernel=2, stride=2, pads=[0] * 4), pooled)
    )
    halo = halo_from_graph(model, two(), "y")
    assert (halo.height.stride, halo.height.align_px) == (2, 2)
    assert_tiles(model, two(), halo)


def test_inputs_that_meet_at_different_steps_are_refused() -> None:
    graph = two_images()
    small = graph.pool("b", "AveragePool")
    pads = graph.constant([0, 0, 16, 16, 0, 0, 16, 16], "int64")
    model = closed_two(graph, graph.add("a", graph.node("Pad", [small, pads], channels=1)), 64, 64)
    with pytest.raises(GraphError, match=r"inputs a, b reach .* at different resolutions"):
        halo_from_graph(model, two(), "y")


def test_inputs_of_different_fixed_size_are_refused() -> None:
    graph = two_images()
    model = closed_stack(
        graph, graph.add("a", graph.resize("b")), {"a": [1, 1, 64, 64], "b": [1, 1, 32, 32]}
    )
    with pytest.raises(GraphError, match="the graph's inputs differ in height") as caught:
        halo_from_graph(model, two(), "y")
    assert "'a' takes 64 px, 'b' takes 32 px" in str(caught.value)


def test_an_input_that_is_wanted_smaller_is_refused() -> None:
    graph = two_images()
    model = closed_two(graph, graph.add("a", graph.resize("b")))
    with pytest.raises(GraphError, match="All inputs have the same"):
        halo_from_graph(model, two(), "y")


def test_an_image_that_picks_from_another_has_no_bound() -> None:
    graph = two_images()
    place = graph.node("Cast", ["b"], to=onnx.TensorProto.INT64)
    picked = graph.node("Gather", ["a", place], axis=1)
    model = closed_two(graph, graph.node("ReduceMax", [picked], axes=[2, 3, 4]), 8, 8)
    halo = halo_from_graph(model, two(), "y")
    assert halo.unbounded is not None
    assert "it weighs one image by another" in halo.unbounded


@pytest.mark.parametrize("dates", ["t", 3])
def test_a_convolution_over_each_date_is_exact(dates: int | str) -> None:
    inputs = inputs_of(series_document(-1 if dates == "t" else 3))
    halo = halo_from_graph(series_net(dates), inputs, "y")
    assert (halo.is_exact, sides(halo)) == (True, (1, 1, 1, 1))
    assert_tiles(series_net(dates), inputs, halo)


def test_a_window_over_dates_and_pixels_has_the_halo_of_its_pixels() -> None:
    graph = GraphBuilder(seed=5)
    weight = graph.constant(graph.random.normal(0, 0.3, (2, 3, 2, 5, 3)))
    turned = graph.node("Transpose", ["x"], perm=[0, 2, 1, 3, 4])
    seen = graph.node(
        "Conv", [turned, weight], kernel_shape=[2, 5, 3], pads=[0, 3, 0, 0, 1, 2],
        strides=[1, 1, 1], dilations=[1, 1, 1],
    )  # fmt: skip
    pooled = graph.node(
        "MaxPool", [seen], kernel_shape=[2, 3, 3], strides=[2, 1, 1], pads=[0, 1, 1, 0, 1, 1]
    )
    model = closed_stack(
        graph,
        graph.node("ReduceMean", [pooled], axes=[2], keepdims=0),
        {"x": ["n", 4, 3, "h", "w"]},
    )
    inputs = inputs_of(series_document(4))
    halo = halo_from_graph(model, inputs, "y")
    assert (halo.is_exact, sides(halo)) == (True, (4, 2, 1, 3))
    assert_tiles(model, inputs, halo)


def test_dates_folded_into_the_batch_are_exact() -> None:
    graph = GraphBuilder(seed=6)
    graph.channels["x"] = 3
    shape = graph.node("Shape", ["x"])
    tail = graph.node("Slice", [shape, graph.constant([2], "int64"), graph.constant([5], "int64")])
    folded = graph.node(
        "Reshape",
        ["x", graph.node("Concat", [graph.constant([-1], "int64"), tail], axis=0)],
        channels=3,
    )
    seen = graph.conv(folded, 2, kernel=5)
    head = graph.node("Slice", [shape, graph.constant([0], "int64"), graph.constant([2], "int64")])
    space = graph.node("Slice", [shape, graph.constant([3], "int64"), graph.constant([5], "int64")])
    back = graph.node(
        "Reshape",
        [
            seen,
            graph.node("Concat", [head, graph.constant([-1], "int64"), space], axis=0),
        ],
    )
    model = closed_stack(
        graph, graph.node("ReduceSum", [back, graph.constant([1], "int64")], keepdims=0),
        {"x": ["n", "t", 3, "h", "w"]},
    )  # fmt: skip
    inputs = inputs_of(series_document())
    halo = halo_from_graph(model, inputs, "y")
    assert (halo.is_exact, sides(halo)) == (True, (2, 2, 2, 2))
    assert_tiles(model, inputs, halo)


def test_a_transposed_window_over_dates_is_exact() -> None:
    graph = GraphBuilder(seed=7)
    weight = graph.constant(graph.random.normal(0, 0.3, (3, 2, 1, 3, 2)))
    turned = graph.node("Transpose", ["x"], perm=[0, 2, 1, 3, 4])
    grown = graph.node(
        "ConvTranspose", [turned, weight], kernel_shape=[1, 3, 2], strides=[1, 2, 2],
        pads=[0, 1, 0, 0, 0, 0],
    )  # fmt: skip
    model = closed_stack(
        graph, graph.node("ReduceMean", [grown], axes=[2], keepdims=0), {"x": ["n", 2, 3, "h", "w"]}
    )
    inputs = inputs_of(series_document(2))
    halo = halo_from_graph(model, inputs, "y")
    assert halo.is_exact
    assert halo.height.stride == halo.width.stride == 0.5
    assert_tiles(model, inputs, halo)
