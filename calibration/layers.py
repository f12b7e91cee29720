"""The layers of a graph that have weights, and names to speak of them by."""

from dataclasses import dataclass
from math import prod

import onnx

WEIGHTED = ("Conv", "ConvTranspose", "Gemm", "MatMul")
"""Operators whose second input is weights."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Layer:
    """A node with constant weights."""

    name: str
    """Name of the node in `named(model)`."""
    op: str
    """Operator, one of `WEIGHTED`."""
    output: str
    """Tensor it gives."""
    weights: int
    """Number of its weights, biases left out."""


def layers_of(model: onnx.ModelProto) -> tuple[Layer, ...]:
    """List the layers in graph order; batch norm is no layer, it is folded into the one before."""
    sizes = _constant_sizes(model.graph)
    return tuple(
        Layer(name=node.name, op=node.op_type, output=node.output[0], weights=sizes[node.input[1]])
        for node in named(model).graph.node
        if node.op_type in WEIGHTED and not node.domain and node.input[1] in sizes
    )


def named(model: onnx.ModelProto) -> onnx.ModelProto:
    """Copy a graph so that every node has a name of its own.

    A node without a name is called as its first output; of two nodes of one name the second gets a
    number. The same graph gives the same names.
    """
    made = onnx.ModelProto()
    made.CopyFrom(model)
    taken = {node.name for node in made.graph.node}
    seen = {""}
    for node in made.graph.node:
        if node.name in seen:
            node.name = _free(node.name or next(filter(None, node.output)), taken)
            taken.add(node.name)
        seen.add(node.name)
    return made


def _free(wanted: str, taken: set[str]) -> str:
    """Give a name that no node has."""
    name, count = wanted, 1
    while name in taken:
        count += 1
        name = f"{wanted}_{count}"
    return name


def _constant_sizes(graph: onnx.GraphProto) -> dict[str, int]:
    """Count the elements of each constant."""
    sizes = {entry.name: prod(entry.dims) for entry in graph.initializer}
    for node in graph.node:
        for attribute in node.attribute:
            if node.op_type == "Constant" and attribute.name == "value":
                sizes[node.output[0]] = prod(attribute.t.dims)
    return sizes
