"""Where a graph is quantized: which nodes work on 8 bits, and which tensors are rounded to them."""

from collections.abc import Collection, Set
from dataclasses import dataclass
from typing import Literal

import onnx

from edgers.calibration.layers import layers_of

Form = Literal["u8s8", "s8s8"]
"""How activations are kept. u8s8: unsigned, any zero point, for CPUs. s8s8: signed, zero point 0,
for TensorRT. Weights are signed, one scale a channel, in both."""

PASSING = (
    "Add", "Concat", "MaxPool", "AveragePool", "GlobalAveragePool", "LeakyRelu", "Mul", "Resize",
    "Sigmoid", "Pad", "Slice", "Split", "Transpose", "Reshape", "Squeeze", "Unsqueeze", "Flatten",
)  # fmt: skip
"""Operators beside the layers that ONNX Runtime computes on 8 bits (registry.py of its quantizer),
so that a tensor need not become float32 between two layers."""

ACTIVATIONS = ("Relu", "Clip")
"""What engines join to the layer before: rounding comes after it, never between."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Placement:
    """Where 8 bits are used."""

    nodes: frozenset[str]
    """Names of the nodes that work on them."""
    tensors: frozenset[str]
    """Activations that are rounded to them."""
    raw: frozenset[str]
    """Names of the nodes that read what was there before rounding."""


def placement_of(
    model: onnx.ModelProto, form: Form, kept: Set[str], excluded: Set[str]
) -> Placement:
    """Choose where a prepared graph is quantized, without layers `kept` and operators `excluded`.

    u8s8: layers and the operators between them; a tensor is rounded where one of them reads it, and
    behind a layer, since CPUs compute a layer on 8 bits only where its output has 8 bits too.
    s8s8: inputs of layers and both branches of residual Adds; all else is left to TensorRT.
    Nothing is rounded behind the last layer: classes hang on small differences of scores.
    """
    constants = {entry.name for entry in model.graph.initializer}
    layers = {
        layer.name
        for layer in layers_of(model)
        if layer.name not in kept and layer.op not in excluded
    }
    layers -= {node.name for node in model.graph.node if not _fits(node, form, model.graph)}
    ahead = _ahead(model.graph, layers)
    nodes = set(layers)
    for node in model.graph.node:
        if node.name in kept or node.op_type in excluded or node.domain:
            continue
        if form == "u8s8":
            passes = _passes(node, constants)
        else:
            passes = node.op_type == "Add" and not constants & set(node.input)
        if passes and ahead & set(node.output):
            nodes.add(node.name)
    tensors = _rounded(model.graph, form, nodes, layers, ahead, kept) - constants
    others = {node.name for node in model.graph.node} - nodes
    return Placement(
        nodes=frozenset(nodes),
        tensors=frozenset(tensors),
        raw=frozenset(others if form == "s8s8" else others & kept),
    )


def _ahead(graph: onnx.GraphProto, layers: Set[str]) -> set[str]:
    """Find the tensors that some layer still depends on."""
    found: set[str] = set()
    for node in reversed(graph.node):
        if node.name in layers:
            found.add(node.input[0])
        if found & set(node.output):
            found.update(node.input)
    return found


def _rounded(
    graph: onnx.GraphProto, form: Form, nodes: Set[str], layers: Set[str], ahead: Set[str],
    kept: Set[str],
) -> set[str]:  # fmt: skip
    """Choose the tensors that are rounded."""
    tensors: set[str] = set()
    readers: dict[str, list[onnx.NodeProto]] = {}
    for node in graph.node:
        for name in node.input:
            readers.setdefault(name, []).append(node)
        if node.name in nodes:
            tensors.update(node.input[:1] if node.name in layers else filter(None, node.input))
    if form == "s8s8":
        return tensors
    for node in graph.node:
        if node.name in nodes:
            tensors.update(
                name
                for name in ahead & set(node.output)
                if any(
                    one.name not in kept and one.op_type not in ACTIVATIONS for one in readers[name]
                )
            )
    return tensors


def _passes(node: onnx.NodeProto, constants: Collection[str]) -> bool:
    """Tell whether a node hands 8 bits on as well as it would hand on float32."""
    if node.op_type not in PASSING:
        return False
    words = {one.name: one.s.decode() for one in node.attribute if one.s}
    if node.op_type == "Resize" and words.get("mode") == "cubic":
        return False  # ONNX Runtime has no 8-bit kernel for it.
    # A constant would get one scale over all its channels.
    return node.op_type not in ("Add", "Mul", "Concat") or not set(node.input) & set(constants)


def _fits(node: onnx.NodeProto, form: Form, graph: onnx.GraphProto) -> bool:
    """Tell whether a layer's bias has one scale a channel of its weights, as int32 biases need."""
    if form == "s8s8" or len(node.input) < 3 or not node.input[2]:
        return True
    numbers = {one.name: one.i for one in node.attribute}
    if node.op_type == "ConvTranspose":
        return bool(numbers.get("group", 1) == 1)
    bias = next((one for one in graph.initializer if one.name == node.input[2]), None)
    return node.op_type != "Gemm" or (bias is not None and len(bias.dims) == 1)
