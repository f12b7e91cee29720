"""FP16: a graph converted to it, and what of a graph does not fit into it."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal

import numpy as np
import onnx
from onnx import TensorProto, numpy_helper
from onnxruntime.transformers import float16

from edgers.calibration.layers import layers_of, named
from edgers.calibration.preparation import keep_ends, prepared
from edgers.calibration.ranges import Ranges
from edgers.calibration.tidying import graph_bytes, without_strays

LARGEST = 65504.0
"""Largest number of FP16 (IEEE 754-2019, binary16)."""

SMALLEST_NORMAL = 2.0**-14
"""Below this FP16 has fewer than 11 significant bits, and below 2^-25 it is zero."""

FP32_OPERATORS = ("NonMaxSuppression", "RoiAlign", "Range", "CumSum", "Upsample")
"""Operators left in FP32: those of ONNX Runtime's own list (float16.py) that networks on images
have, without Min, Max and TopK, which take FP16."""


CAST_ENDING = "_cast_to_fp16"
"""What the converter adds to the name of a tensor in FP32 that it rounds (float16.py)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Overflow:
    """Something that FP16 does not hold."""

    layer: str
    """Node that gives the tensor or has the weights, by name in `layers.named`."""
    tensor: str
    """The tensor."""
    value: float
    """Its largest value; of weights that are too small, the largest of the worst channel."""
    kind: Literal["too large", "too small"]
    """Which end of FP16 it is beyond."""
    nodes: tuple[str, ...]
    """Nodes that must be computed in FP32: `layer`, and for a tensor also those that read it."""


def half_graph(graph: bytes, kept: Collection[str] = ()) -> bytes:
    """Convert a graph to FP16, weights and activations; its inputs and outputs stay float32.

    Nodes named in `kept`, by name in `layers.named`, are computed in FP32; between two of them
    nothing is rounded to FP16. Raises GraphError where the graph cannot be prepared.
    """
    return graph_bytes(half_model(prepared(graph), kept))


def half_model(model: onnx.ModelProto, kept: Collection[str] = ()) -> onnx.ModelProto:
    """Convert a prepared graph, as `half_graph` does."""
    made: onnx.ModelProto = float16.convert_float_to_float16(
        onnx.shape_inference.infer_shapes(model),
        keep_io_types=True,
        disable_shape_infer=True,
        op_block_list=list(FP32_OPERATORS),
        node_block_list=sorted(kept),
    )
    _bypass(made.graph)
    without_strays(made)
    keep_ends(made.graph, model.graph)
    return made


def overflows(graph: bytes, ranges: Ranges) -> tuple[Overflow, ...]:
    """Find what FP16 does not hold: tensors by their measured range, weights by their values.

    Weights are too small where the largest of a channel is subnormal: the channel loses its digits.
    `half_graph(graph, kept)` with the `nodes` of all of them is right nevertheless.
    """
    model = prepared(graph)
    found = [*_large_tensors(model.graph, ranges), *_lost_weights(model)]
    return tuple(found)


def _large_tensors(graph: onnx.GraphProto, ranges: Ranges) -> list[Overflow]:
    spans = ranges.by_method("min-max")
    readers: dict[str, list[str]] = {}
    for node in graph.node:
        for name in node.input:
            readers.setdefault(name, []).append(node.name)
    found = []
    makers = {name: node.name for node in graph.node for name in node.output}
    for tensor in (*(entry.name for entry in graph.input), *makers):
        low, high = spans.get(tensor, (0.0, 0.0))
        if (largest := max(-low, high)) > LARGEST:
            makers_of = (makers[tensor],) if tensor in makers else ()
            found.append(
                Overflow(
                    layer=makers.get(tensor, tensor), tensor=tensor, value=largest,
                    kind="too large", nodes=(*makers_of, *readers.get(tensor, ())),
                )
            )  # fmt: skip
    return found


def _lost_weights(model: onnx.ModelProto) -> list[Overflow]:
    constants = {entry.name: entry for entry in model.graph.initializer}
    nodes = {node.name: node for node in named(model).graph.node}
    found = []
    for layer in layers_of(model):
        for name in nodes[layer.name].input[1:]:
            if name not in constants or constants[name].data_type != TensorProto.FLOAT:
                continue
            values = np.abs(numpy_helper.to_array(constants[name]).astype(np.float64))
            largest = float(values.max(initial=0.0))
            if largest > LARGEST:
                found.append(_weights(layer.name, name, largest, "too large"))
            elif name == nodes[layer.name].input[1]:
                axis = _channel_axis(layer.op, nodes[layer.name], values.ndim)
                channels = np.moveaxis(values, axis, 0).reshape(values.shape[axis], -1).max(axis=1)
                lost = channels[(channels > 0) & (channels < SMALLEST_NORMAL)]
                if lost.size:
                    found.append(_weights(layer.name, name, float(lost.min()), "too small"))
    return found


def _weights(
    layer: str, tensor: str, value: float, kind: Literal["too large", "too small"]
) -> Overflow:
    return Overflow(layer=layer, tensor=tensor, value=value, kind=kind, nodes=(layer,))


def _channel_axis(op: str, node: onnx.NodeProto, rank: int) -> int:
    """Give the axis of a layer's weights that its output channels lie on."""
    if op == "Gemm":
        transposed = any(one.name == "transB" and one.i for one in node.attribute)
        return 0 if transposed else 1
    return {"Conv": 0, "ConvTranspose": 1, "MatMul": rank - 1}[op]


def _bypass(graph: onnx.GraphProto) -> None:
    """Join nodes in FP32 to one another: the converter rounds what goes between them to FP16."""
    casts = {node.output[0]: node for node in graph.node if node.op_type == "Cast"}
    targets = {name: next(a.i for a in node.attribute) for name, node in casts.items()}
    sources = {
        name: casts[node.input[0]].input[0]
        for name, node in casts.items()
        if targets[name] == TensorProto.FLOAT and targets.get(node.input[0]) == TensorProto.FLOAT16
    }
    outputs = {entry.name for entry in graph.output}
    for node in graph.node:
        for index, name in enumerate(node.input):
            node.input[index] = sources.get(name, name)
        if node.op_type == "Cast" and node.output[0] in outputs & set(sources):
            node.input[0] = sources[node.output[0]]
            node.op_type = "Identity"
            del node.attribute[:]
    _name_back(graph, outputs)


def _name_back(graph: onnx.GraphProto, outputs: set[str]) -> None:
    """Give a tensor that is no longer rounded to FP16 the name that its rounded form had."""
    names: dict[str, str] = {}
    # First those back to FP32, then those to FP16, which only they read.
    for kind in (TensorProto.FLOAT, TensorProto.FLOAT16):
        read = {name for node in graph.node for name in node.input} | outputs
        for node in list(graph.node):
            if node.op_type == "Cast" and node.attribute[0].i == kind:
                if node.output[0] in read:
                    continue
                if node.input[0].endswith(CAST_ENDING) and kind == TensorProto.FLOAT16:
                    names[node.input[0]] = node.output[0]
                graph.node.remove(node)
    for node in graph.node:
        for field in (node.input, node.output):
            for index, name in enumerate(field):
                field[index] = names.get(name, name)
