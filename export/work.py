"""The work of a graph on one tile, layer by layer: operations, and values moved.

For bounds: what a builder may leave out is taken to cost nothing. Views, concatenation and slicing
move nothing, Q/DQ are no layers but the size of what passes, and what is done value by value on a
result that nothing else reads is done as the result is made.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from edgers.export.graph_values import GraphValues, values_of_graph
from edgers.export.operation_counts import POINTWISE, VIEWS, operations_of
from edgers.targets.roofline import GraphWork, LayerWork, Traffic

if TYPE_CHECKING:
    import onnx

QUANTIZERS = ("QuantizeLinear", "DequantizeLinear")

PARAMETERS = {"Resize": 1, "Upsample": 1, "TopK": 1, "ReduceMean": 1, "ReduceSum": 1, "Clip": 1}
"""Operators whose inputs from this one on say how, and are no data."""


@dataclass(slots=True)
class _Layer:
    """A layer in the making."""

    name: str
    ops: list[str] = field(default_factory=list)
    operations: int = 0
    is_int8: bool = False
    weights: Traffic = field(default_factory=Traffic)
    reads: list[tuple[str, bool]] = field(default_factory=list)
    """Tensors of other layers, each with whether it is read at 8 bits."""
    output: str = ""


def work_of_graph(model: "onnx.ModelProto", shapes: Mapping[str, tuple[int, ...]]) -> GraphWork:
    """Count the work of a graph for inputs of these shapes, by name.

    Raises GraphError where the shapes of its tensors cannot be told.
    """
    values = values_of_graph(model, shapes)
    layers: list[_Layer] = []
    made_by: dict[str, _Layer] = {}
    unknown: dict[str, None] = {}
    for node in model.graph.node:
        if node.op_type in (*QUANTIZERS, *VIEWS, "Constant") or values.is_arithmetic(node):
            continue
        operations = operations_of(node, values)
        if operations is None or node.output[0] not in values.shapes:
            unknown[node.op_type] = None
        layer = _joined(node, values, made_by)
        if layer is None:
            layer = _Layer(name=node.name or node.output[0])
            layers.append(layer)
        _add(layer, node, values, operations or 0)
        made_by[node.output[0]] = layer
    return GraphWork(
        layers=tuple(_closed(layer, values) for layer in layers),
        ends=sum((values.traffic(name) for name in (*shapes, *values.outputs)), Traffic()),
        not_counted=tuple(unknown),
    )


def _joined(
    node: "onnx.NodeProto", values: GraphValues, made_by: Mapping[str, _Layer]
) -> _Layer | None:
    """Give the layer whose result nothing but this node reads, where it works value by value."""
    if node.op_type not in POINTWISE:
        return None
    for name in node.input:
        source, _ = values.source(name)
        layer = made_by.get(source)
        same_size = values.count(source) == values.count(node.output[0])
        alone = values.readers.get(source) == 1 and source not in values.outputs
        if layer and layer.output == source and same_size and alone:
            return layer
    return None


def _add(layer: _Layer, node: "onnx.NodeProto", values: GraphValues, operations: int) -> None:
    """Add a node to a layer."""
    layer.ops.append(node.op_type)
    layer.operations += operations
    data = list(node.input)[: PARAMETERS.get(node.op_type)]
    narrow = []
    for name in filter(None, data):
        source, is_eight_bit = values.source(name)
        narrow.append(is_eight_bit)
        if values.is_weight(source):
            layer.weights += values.traffic(source, is_eight_bit=is_eight_bit)
        elif source != layer.output:
            layer.reads.append((source, is_eight_bit))
    if len(layer.ops) == 1:
        # Data and weights; a bias is never of 8 bits.
        layer.is_int8 = len(narrow) > 1 and all(narrow[:2])
    layer.output = node.output[0]


def _closed(layer: _Layer, values: GraphValues) -> LayerWork:
    activations = values.traffic(layer.output, is_eight_bit=values.is_stored_narrow(layer.output))
    # A tensor that is read twice by a layer is read once.
    for source, is_eight_bit in dict.fromkeys(layer.reads):
        activations += values.traffic(source, is_eight_bit=is_eight_bit)
    return LayerWork(
        name=layer.name, ops=tuple(layer.ops), operations=layer.operations,
        is_int8=layer.is_int8, weights=layer.weights, activations=activations,
    )  # fmt: skip
