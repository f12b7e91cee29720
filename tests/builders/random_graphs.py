"""Random convolutional graphs: encoders, decoders with skips, every way of going down and up."""

from dataclasses import dataclass

import onnx
from builders.graphs import GraphBuilder
from hypothesis import strategies as st

DOWN = ("max_pool", "average_pool", "strided_conv", "strided_even_conv", "same_upper_conv")
UP = (
    "transposed_2",
    "transposed_3",
    "transposed_4",
    "nearest_floor",
    "nearest_half_pixel",
    "linear_half_pixel",
    "linear_asymmetric",
    "cubic",
    "like_the_skip",
    "depth_to_space",
)
NARROW = 4
"""Channels of every tensor: 4 · 5 · 5 = 100 summands at most, below the 128 from which ONNX Runtime
splits sums of a transposed convolution in another way on maps of 64 pixels or fewer."""


@dataclass(frozen=True)
class RandomGraph:
    """A graph and how it was put together, for the failure message."""

    model: onnx.ModelProto
    recipe: tuple[str, ...]

    def __repr__(self) -> str:
        return " → ".join(self.recipe)


@st.composite
def random_graphs(draw: st.DrawFn) -> RandomGraph:
    """Draw a graph with up to two levels, skips by concat or add, and an optional coarse output."""
    graph = GraphBuilder(seed=draw(st.integers(0, 2**16)))
    recipe: list[str] = []
    tensor, skips = _convs(draw, graph, "x", recipe), []
    for _ in range(draw(st.integers(0, 2))):
        skips.append(tensor)
        tensor = _down(draw, graph, tensor, recipe)
        tensor = _convs(draw, graph, tensor, recipe)
    stay_coarse = draw(st.integers(0, len(skips))) if draw(st.booleans()) else 0
    for skip in reversed(skips[stay_coarse:]):
        tensor = _up(draw, graph, tensor, skip, recipe)
        join = draw(st.sampled_from(["concat", "add"]))
        tensor = graph.concat(tensor, skip) if join == "concat" else graph.add(tensor, skip)
        recipe.append(join)
        tensor = _convs(draw, graph, tensor, recipe)
    tensor = graph.conv(tensor, 3, kernel=1)
    return RandomGraph(model=graph.model(tensor), recipe=tuple(recipe))


def _convs(draw: st.DrawFn, graph: GraphBuilder, tensor: str, recipe: list[str]) -> str:
    """Add one or two convolutions of any kernel and dilation, the padding not always matching."""
    for _ in range(draw(st.integers(1, 2))):
        kernel = draw(st.sampled_from([1, 3, 3, 5]))
        dilation = draw(st.integers(1, 3)) if kernel > 1 else 1
        tensor = graph.relu(graph.conv(tensor, NARROW, kernel, dilation=dilation))
        recipe.append(f"conv k{kernel} d{dilation}")
    return tensor


def _down(draw: st.DrawFn, graph: GraphBuilder, tensor: str, recipe: list[str]) -> str:
    way = draw(st.sampled_from(DOWN))
    recipe.append(way)
    if way == "max_pool":
        return graph.pool(tensor)
    if way == "average_pool":
        return graph.pool(tensor, "AveragePool", kernel=3, pads=[1, 1, 1, 1])
    if way == "strided_conv":
        return graph.conv(tensor, NARROW, 3, stride=2)
    if way == "strided_even_conv":
        return graph.conv(tensor, NARROW, 4, stride=2, pads=[1, 1, 1, 1])
    return graph.conv(tensor, NARROW, 3, stride=2, auto_pad="SAME_UPPER")


def _up(draw: st.DrawFn, graph: GraphBuilder, tensor: str, skip: str, recipe: list[str]) -> str:
    way = draw(st.sampled_from(UP))
    recipe.append(way)
    half, floor = "half_pixel", "asymmetric"
    if way == "transposed_2":
        return graph.transposed(tensor, NARROW)
    if way == "transposed_3":
        return graph.transposed(tensor, NARROW, kernel=3, pad=1, extra=1)
    if way == "transposed_4":
        return graph.transposed(tensor, NARROW, kernel=4, pad=1)
    if way == "nearest_floor":
        return graph.resize(tensor, coordinate_transformation_mode=floor, nearest_mode="floor")
    if way == "nearest_half_pixel":
        return graph.resize(tensor, coordinate_transformation_mode=half)
    if way == "linear_half_pixel":
        return graph.resize(tensor, mode="linear", coordinate_transformation_mode=half)
    if way == "linear_asymmetric":
        return graph.resize(tensor, mode="linear", coordinate_transformation_mode=floor)
    if way == "cubic":
        return graph.resize(tensor, mode="cubic", coordinate_transformation_mode=half)
    if way == "like_the_skip":
        return graph.resize_like(tensor, skip, mode="linear", coordinate_transformation_mode=half)
    wide = graph.conv(tensor, 4 * NARROW, kernel=1)
    return graph.node("DepthToSpace", [wide], channels=NARROW, blocksize=2)
