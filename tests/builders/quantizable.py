"""Small networks of the kinds that are quantized, each with the input `x` and the output `y`."""

from collections.abc import Callable, Mapping

import numpy as np
import onnx
from builders.graphs import GraphBuilder
from builders.networks import unet


def chain() -> onnx.ModelProto:
    """Convolutions and Relus; the last gives the scores."""
    graph = GraphBuilder(seed=1)
    x = graph.relu(graph.conv("x", 8))
    x = graph.relu(graph.conv(x, 8))
    return graph.model(graph.conv(x, 3, kernel=1))


def normed() -> onnx.ModelProto:
    """A convolution without bias, and batch norm behind it."""
    graph = GraphBuilder(seed=2, opset=11)
    weight = graph.constant(graph.random.normal(0, 0.2, (8, 3, 3, 3)))
    x = graph.node("Conv", ["x", weight], channels=8, pads=[1] * 4)
    norm = [graph.constant(graph.random.uniform(0.5, 2, 8)) for _ in range(4)]
    x = graph.relu(graph.node("BatchNormalization", [x, *norm]))
    return graph.model(graph.conv(x, 3, kernel=1))


def residual() -> onnx.ModelProto:
    """A block whose input is added to its output."""
    graph = GraphBuilder(seed=3)
    first = graph.relu(graph.conv("x", 8))
    block = graph.conv(graph.relu(graph.conv(first, 8)), 8)
    return graph.model(graph.conv(graph.relu(graph.add(block, first)), 3, kernel=1))


def depthwise() -> onnx.ModelProto:
    """A 1 × 1 convolution, one channel by channel, and a 1 × 1 again, with Relu6 as Clip."""
    graph = GraphBuilder(seed=4)
    low, high = graph.constant(0.0), graph.constant(6.0)
    x = graph.node("Clip", [graph.conv("x", 8, kernel=1), low, high])
    x = graph.relu(graph.conv(x, 8, group=8))
    return graph.model(graph.conv(x, 3, kernel=1))


def sigmoid_output() -> onnx.ModelProto:
    """Probabilities."""
    graph = GraphBuilder(seed=5)
    x = graph.relu(graph.conv("x", 8))
    return graph.model(graph.node("Sigmoid", [graph.conv(x, 3, kernel=1)]))


def gemm_head() -> onnx.ModelProto:
    """Every pixel through a matrix: Gemm on [pixel, channel], MatMul on channels last."""
    graph = GraphBuilder(seed=6)
    x = graph.node("Transpose", [graph.relu(graph.conv("x", 8))], perm=[0, 2, 3, 1])
    weight = graph.constant(graph.random.normal(0, 0.3, (8, 8)))
    x = graph.relu(graph.node("MatMul", [x, weight]))
    shape = graph.node("Shape", [x])
    flat = graph.node("Reshape", [x, graph.constant([-1, 8], "int64")])
    head = [graph.constant(graph.random.normal(0, 0.3, (5, 8))), graph.constant(np.arange(5.0))]
    scores = graph.node("Gemm", [flat, *head], transB=1)
    sides = graph.node("Slice", [shape, graph.constant([0], "int64"), graph.constant([3], "int64")])
    back = graph.node("Concat", [sides, graph.constant([5], "int64")], axis=0)
    scores = graph.node("Reshape", [scores, back])
    return graph.model(graph.node("Transpose", [scores], perm=[0, 3, 1, 2]))


def resized() -> onnx.ModelProto:
    """Halved and brought back to the size of what it is joined to, worked out at run time."""
    graph = GraphBuilder(seed=7)
    skip = graph.relu(graph.conv("x", 8))
    deep = graph.relu(graph.conv(graph.pool(skip), 8))
    back = graph.resize_like(deep, skip, mode="nearest")
    x = graph.relu(graph.conv(graph.concat(back, skip), 8))
    return graph.model(graph.conv(x, 3, kernel=1))


NETWORKS: Mapping[str, Callable[[], onnx.ModelProto]] = {
    "chain": chain, "normed": normed, "residual": residual, "depthwise": depthwise,
    "sigmoid output": sigmoid_output, "gemm head": gemm_head, "U-Net": unet,
    "resized": resized,
}  # fmt: skip
