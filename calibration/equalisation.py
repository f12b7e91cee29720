"""Cross-layer weight equalisation: channels between two layers brought to one scale.

Nagel et al. 2019, "Data-free quantization through weight equalization and bias correction",
arXiv:1906.04721. Rounding takes one step for all channels of an activation, so a channel that is a
hundred times weaker than its neighbour keeps almost no levels. What lies between two layers may be
divided by any positive number a channel, as long as the second layer's weights are multiplied by
it: Relu and pooling let the factor through.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import onnx
from onnx import numpy_helper

from edgers.calibration.preparation import prepared
from edgers.calibration.tidying import graph_bytes

TRANSPARENT = ("Relu", "LeakyRelu", "MaxPool", "AveragePool", "Identity")
"""Operators f with f(s·x) = s·f(x) for every positive s, channel by channel."""

ROUNDS = 20
"""Most passes over all pairs; chains settle in a few."""

SETTLED = 1e-3
"""Passes end when no factor is further from 1."""

MOST = 1e4
"""Largest factor: beyond it a channel is as good as dead, and dividing by it would lift noise."""

Array = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """Two layers with nothing between that mixes channels."""

    first: str
    """Name of the layer that gives the channels."""
    second: str
    """Name of the layer that takes them."""


def equalised(graph: bytes) -> bytes:
    """Equalise a graph; in float32 it computes what it did, up to rounding.

    This comes before calibration: it is another graph with other ranges, so ranges are collected on
    what this gives. Where there is nothing to equalise the graph comes back prepared, no more.
    Raises GraphError where the graph cannot be prepared.
    """
    model = prepared(graph)
    nodes = {node.name: node for node in model.graph.node}
    constants = {entry.name: entry for entry in model.graph.initializer}
    values = {name: _array(entry) for name, entry in constants.items() if _is_float(entry)}
    pairs = pairs_of(model)
    for _ in range(ROUNDS):
        moved = [_equalise(nodes[pair.first], nodes[pair.second], values) for pair in pairs]
        if max(moved, default=1.0) - 1.0 < SETTLED:
            break
    touched = {name for pair in pairs for one in (pair.first, pair.second)
               for name in nodes[one].input[1:]}  # fmt: skip
    for name in touched & values.keys():
        constants[name].CopyFrom(numpy_helper.from_array(values[name].astype(np.float32), name))
    return graph_bytes(model)


def pairs_of(model: onnx.ModelProto) -> tuple[Pair, ...]:
    """List the pairs of a prepared graph that may be equalised.

    The tensors between must have one reader each, and be no outputs of the graph.
    """
    constants = {entry.name for entry in model.graph.initializer if _is_float(entry)}
    outputs = {entry.name for entry in model.graph.output}
    readers: dict[str, list[onnx.NodeProto]] = {}
    for node in model.graph.node:
        for name in node.input:
            readers.setdefault(name, []).append(node)
    found = []
    for first in model.graph.node:
        if not _gives(first, constants):
            continue
        tensor = first.output[0]
        while tensor not in outputs and len(readers.get(tensor, [])) == 1:
            node = readers[tensor][0]
            if node.op_type in ("Conv", "ConvTranspose"):
                if node.input[0] == tensor and _takes(node, constants):
                    found.append(Pair(first=first.name, second=node.name))
                break
            if node.op_type not in TRANSPARENT or len(node.output) > 1:
                break
            tensor = node.output[0]
    return tuple(found)


def _gives(node: onnx.NodeProto, constants: set[str]) -> bool:
    """Tell whether a layer's output channels can be scaled by its weights and bias."""
    if node.op_type == "ConvTranspose" and _groups(node) != 1:
        return False
    return node.op_type in ("Conv", "ConvTranspose") and set(node.input[1:]) <= constants


def _takes(node: onnx.NodeProto, constants: set[str]) -> bool:
    """Tell whether a layer's input channels can be scaled by its weights."""
    return node.input[1] in constants


def _equalise(first: onnx.NodeProto, second: onnx.NodeProto, values: dict[str, Array]) -> float:
    """Scale the channels between two layers; gives the largest factor that was needed."""
    out = _by_output(first, values[first.input[1]])
    into = _by_input(second, values[second.input[1]])
    given, taken = np.abs(out).max(axis=1), np.abs(into).max(axis=1)
    live = (given > 0) & (taken > 0)
    # Both ranges become the geometric mean of the two.
    factor = np.ones(len(given))
    factor[live] = np.clip(np.sqrt(given[live] / taken[live]), 1 / MOST, MOST)
    out /= factor[:, None]
    into *= factor[:, None]
    if len(first.input) > 2:
        values[first.input[2]] = values[first.input[2]] / factor
    values[first.input[1]] = _from_output(first, out, values[first.input[1]].shape)
    values[second.input[1]] = _from_input(second, into, values[second.input[1]].shape)
    return float(np.maximum(factor, 1 / factor).max(initial=1.0))


def _by_output(node: onnx.NodeProto, weights: Array) -> Array:
    """Give weights as [output channel, all else]."""
    axis = 0 if node.op_type == "Conv" else 1
    return np.moveaxis(weights, axis, 0).reshape(weights.shape[axis], -1).copy()


def _from_output(node: onnx.NodeProto, rows: Array, shape: tuple[int, ...]) -> Array:
    if node.op_type == "Conv":
        return rows.reshape(shape)
    return np.moveaxis(rows.reshape(shape[1], shape[0], *shape[2:]), 0, 1)


def _by_input(node: onnx.NodeProto, weights: Array) -> Array:
    """Give weights as [input channel, all else]; the channels of a group lie one after another."""
    if node.op_type == "ConvTranspose":
        return weights.reshape(weights.shape[0], -1).copy()
    groups = _groups(node)
    split = weights.reshape(groups, weights.shape[0] // groups, *weights.shape[1:])
    return np.moveaxis(split, 2, 1).reshape(groups * weights.shape[1], -1).copy()


def _from_input(node: onnx.NodeProto, rows: Array, shape: tuple[int, ...]) -> Array:
    if node.op_type == "ConvTranspose":
        return rows.reshape(shape)
    groups = _groups(node)
    split = rows.reshape(groups, shape[1], shape[0] // groups, *shape[2:])
    return np.moveaxis(split, 1, 2).reshape(shape)


def _groups(node: onnx.NodeProto) -> int:
    return int(next((one.i for one in node.attribute if one.name == "group"), 1))


def _is_float(entry: onnx.TensorProto) -> bool:
    return bool(entry.data_type == onnx.TensorProto.FLOAT)


def _array(entry: onnx.TensorProto) -> Array:
    values: Array = numpy_helper.to_array(entry).astype(np.float64)
    return values
