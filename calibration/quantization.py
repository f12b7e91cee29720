"""A graph quantized to 8 bits by ONNX Runtime's quantizer, with ranges measured before."""

import logging
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
import onnx
from onnxruntime.quantization.calibrate import TensorData
from onnxruntime.quantization.qdq_quantizer import QDQQuantizer
from onnxruntime.quantization.quant_utils import QuantType

from edgers.calibration.half import LARGEST, half_model
from edgers.calibration.layers import named
from edgers.calibration.placement import Form, Placement, placement_of
from edgers.calibration.preparation import HALF_OPSET, LEAST_OPSET, keep_ends, prepared
from edgers.calibration.quantized_names import shorten
from edgers.calibration.ranges import METHODS, Ranges, Span, graph_sha256
from edgers.calibration.tidying import graph_bytes
from edgers.errors import BadInputError

FLOAT, FLOAT16 = onnx.TensorProto.FLOAT, onnx.TensorProto.FLOAT16


@dataclass(frozen=True, slots=True, kw_only=True)
class QuantizationPlan:
    """How a graph is quantized."""

    form: Form = "u8s8"
    """How activations are kept."""
    method: str = "min-max"
    """How their ranges were chosen, one of `ranges.METHODS`."""
    kept: frozenset[str] = frozenset()
    """Layers, by name in `layers_of`, that are not quantized but computed as the rest is."""
    rest: Literal["fp32", "fp16"] = "fp32"
    """What is computed where there are no 8 bits; with fp16 the scales are FP16 too."""
    wide: frozenset[str] = frozenset()
    """Nodes that are computed in FP32 where the rest is FP16, because FP16 does not hold them."""
    excluded: frozenset[str] = frozenset()
    """Operators that are not quantized, such as ConvTranspose: slower than FP16 on some TensorRT
    (NVIDIA/TensorRT issue 1699)."""
    equalised: bool = False
    """Whether the graph is one of `equalisation.equalised`; for the record."""
    bias_corrected: bool = False
    """Whether biases are corrected afterwards: every layer is given one."""

    def __post_init__(self) -> None:
        """Raise ValueError where the plan names no method, or what no runtime takes."""
        if self.method not in METHODS:
            raise ValueError(f"method {self.method!r} is none of {', '.join(METHODS)}")
        if self.form == "u8s8" and self.rest == "fp16":
            # ONNX Runtime's kernels for 8 bits take FP32 scales only, and refuse to load others.
            raise ValueError("u8s8 is for CPUs, where the rest is fp32")


def quantized(graph: bytes, ranges: Ranges, plan: QuantizationPlan) -> bytes:
    """Quantize a graph; its inputs and outputs keep their names, shapes and types.

    The same arguments give the same bytes. Raises BadInputError where the ranges are not those of
    this graph, GraphError where the graph cannot be prepared.
    """
    if graph_sha256(graph) != ranges.graph_sha256:
        raise BadInputError(
            "the ranges were measured on another graph.",
            seen=f"They are of graph {ranges.graph_sha256[:12]}…, "
            f"this is {graph_sha256(graph)[:12]}….",
            rule="An equalised graph is a graph of its own.",
        )
    _check_names(graph, plan)
    model = prepared(graph, HALF_OPSET if plan.rest == "fp16" else LEAST_OPSET)
    if plan.bias_corrected:
        _add_biases(model)
    if plan.rest == "fp16":
        model = half_model(model, plan.wide)
    placement = placement_of(model, plan.form, plan.kept, plan.excluded)
    if not placement.nodes:
        return graph_bytes(model)
    types = _types(model)
    floats = {name for name, kind in types.items() if kind in (FLOAT, FLOAT16)}
    # Shapes go through the same operators as images.
    placement = replace(placement, tensors=placement.tensors & floats)
    spans = _spans(model.graph, ranges.by_method(plan.method), placement.tensors, types)
    made = _inserted(model, spans, placement, plan.form)
    _read_raw(made.graph, placement.raw)
    shorten(made.graph)
    keep_ends(made.graph, model.graph)
    return graph_bytes(made)


def _check_names(graph: bytes, plan: QuantizationPlan) -> None:
    """Refuse a plan that names a node the graph does not have: it would be quantized unnoticed."""
    names = {node.name for node in named(onnx.load_model_from_string(graph)).graph.node}
    if unknown := sorted((plan.kept | plan.wide) - names):
        raise BadInputError(
            f"the graph has no layer {unknown[0]!r} to keep.",
            rule="Names are those of `layers_of`, or of the graph's nodes.",
        )


class _Quantizer(QDQQuantizer):  # type: ignore[misc]  # onnxruntime is untyped to the checker
    """ONNX Runtime's quantizer, which rounds activations where we say."""

    rounded: frozenset[str] = frozenset()

    def quantize_activation_tensor(self, tensor_name: str) -> None:
        if tensor_name in self.rounded:
            super().quantize_activation_tensor(tensor_name)

    def quantize_output_same_as_input(
        self, output_name: str, input_name: str, node_name: str
    ) -> None:
        if output_name in self.rounded:
            super().quantize_output_same_as_input(output_name, input_name, node_name)


def _inserted(
    model: onnx.ModelProto, spans: Mapping[str, TensorData], placement: Placement, form: Form
) -> onnx.ModelProto:
    """Let ONNX Runtime quantize weights and biases and insert the nodes that round."""
    signed = form == "s8s8"
    with _quiet():
        quantizer = _Quantizer(
            model,
            per_channel=True,
            reduce_range=False,
            weight_qType=QuantType.QInt8,
            activation_qType=QuantType.QInt8 if signed else QuantType.QUInt8,
            tensors_range=dict(spans),
            nodes_to_quantize=sorted(placement.nodes),
            nodes_to_exclude=[],
            op_types_to_quantize=sorted({node.op_type for node in model.graph.node}),
            extra_options={
                "ActivationSymmetric": signed,
                "WeightSymmetric": True,
                # TensorRT takes no int32 bias; CPUs take no other.
                "QuantizeBias": not signed,
                # So that a pool and what it reads share one scale, and the pool stays on 8 bits.
                "ForceQuantizeNoInputCheck": True,
                "QDQOpTypePerChannelSupportToAxis": {"MatMul": -1},
            },
        )
        quantizer.rounded = placement.tensors
        made: onnx.ModelProto = quantizer.quantize_model()
    return made


def _spans(
    graph: onnx.GraphProto, found: Mapping[str, Span], tensors: Iterable[str],
    types: Mapping[str, int],
) -> dict[str, TensorData]:  # fmt: skip
    """Give the range of every tensor that is rounded, in that tensor's type.

    Raises BadInputError where one was not measured, or is beyond that type.
    """
    known = _with_casts(graph, found)
    spans: dict[str, TensorData] = {}
    for name in sorted(tensors):
        if name not in known:
            raise BadInputError(
                f"the ranges have none for tensor {name!r}.", fix="Calibrate again."
            )
        low, high = known[name]
        half = types[name] == FLOAT16
        if half and max(-low, high) > LARGEST:
            raise BadInputError(
                f"tensor {name!r} does not fit into FP16.",
                seen=f"It goes from {low:g} to {high:g}.",
                rule=f"FP16 holds up to {LARGEST:g}.",
                fix="Name the nodes around it in the plan's `wide`; see `half.overflows`.",
            )
        dtype = np.float16 if half else np.float32
        spans[name] = TensorData(lowest=np.array(low, dtype), highest=np.array(high, dtype))
    return spans


def _with_casts(graph: onnx.GraphProto, found: Mapping[str, Span]) -> dict[str, Span]:
    """Give tensors that are others in another precision the range of those."""
    known = dict(found)
    casts = [node for node in graph.node if node.op_type == "Cast"]
    for node in (*casts, *reversed(casts)):
        for here, there in ((node.input[0], node.output[0]), (node.output[0], node.input[0])):
            if here in known:
                known.setdefault(there, known[here])
    return known


def _types(model: onnx.ModelProto) -> dict[str, int]:
    """Give the element type (TensorProto.DataType) of every tensor for which it can be told."""
    inferred = onnx.shape_inference.infer_shapes(model).graph
    entries = (*inferred.value_info, *inferred.input, *inferred.output)
    return {entry.name: entry.type.tensor_type.elem_type for entry in entries}


def _read_raw(graph: onnx.GraphProto, names: frozenset[str]) -> None:
    """Let nodes read what was there before it was rounded."""
    made_by = {name: node for node in graph.node for name in node.output}
    for node in graph.node:
        if node.name not in names:
            continue
        for index, name in enumerate(node.input):
            back = made_by.get(name)
            if back is not None and back.op_type == "DequantizeLinear":
                forth = made_by.get(back.input[0])
                if forth is not None:
                    node.input[index] = forth.input[0]


def _add_biases(model: onnx.ModelProto) -> None:
    """Give every convolution a bias of zeros where it has none."""
    constants = {entry.name: entry for entry in model.graph.initializer}
    for node in model.graph.node:
        if node.op_type not in ("Conv", "ConvTranspose") or node.input[1] not in constants:
            continue
        if len(node.input) > 2 and node.input[2]:
            continue
        groups = next((one.i for one in node.attribute if one.name == "group"), 1)
        dims = constants[node.input[1]].dims
        count = dims[0] if node.op_type == "Conv" else dims[1] * groups
        name = f"{node.name}.bias"
        while name in constants:
            name += "_"
        zeros = onnx.numpy_helper.from_array(np.zeros(count, np.float32), name)
        model.graph.initializer.append(zeros)
        del node.input[2:]
        node.input.append(name)


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep the quantizer's advice off the log: it asks for steps that were taken."""
    before: Any = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        yield
    finally:
        logging.disable(before)
