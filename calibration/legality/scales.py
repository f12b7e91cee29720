"""What a scale may be: a constant, positive, of a type the band takes, along the right axis."""

from collections.abc import Iterator

import numpy as np
from onnx import TensorProto

from edgers.calibration.legality.bands import ALL, FROM_10, TRT_10_15, Band
from edgers.calibration.legality.graph_view import (
    GraphView,
    Node,
    Quantizer,
    constant,
    count,
    dims,
    integer,
    quantized_source,
    readers,
    type_name,
    values,
)
from edgers.calibration.legality.rule import Level, Trouble, rule
from edgers.calibration.legality.typing_strategy import HALF_TYPES

HALF_SCALE_OPSET = 19
"""First opset whose scales may be FP16 (onnx.ai, QuantizeLinear and DequantizeLinear 19)."""

PER_CHANNEL = "Quantize weights with per_channel set, and nothing else so."


@rule(Level.REFUSED, ALL)
def scale_constant(view: GraphView, band: Band) -> Iterator[Trouble]:
    """A scale is known when the engine is built, and its values are in the file.

    Source: TensorRT 8.6.1 operator page of Quantize: "The scale tensor must be a build-time
    constant".
    """
    for one in view.quantizers:
        if constant(view, one.scale) is None:
            yield Trouble(
                node=one.node.label, tensor=one.scale,
                what=f"{one.node.label}: the scale {one.scale!r} is computed or missing.",
                fix="Fold constants, or quantize statically.",
            )  # fmt: skip
        elif values(view, one.scale) is None:
            yield Trouble(
                node=one.node.label, tensor=one.scale,
                what=f"{one.node.label}: the scale {one.scale!r} is in another file.",
                fix="Save the graph with all weights inside.",
            )  # fmt: skip


@rule(Level.REFUSED, ALL)
def scale_positive(view: GraphView, band: Band) -> Iterator[Trouble]:
    """All values of a scale are above zero and finite.

    Source: onnx-tensorrt, QuantDequantLinearHelper ("Scale coefficients must all be positive"). A
    scale below 6e-8 is 0 once it is FP16.
    """
    for one in view.quantizers:
        found = values(view, one.scale)
        if found is None:
            continue
        wrong = found[~(np.isfinite(found) & (found > 0))]
        if wrong.size:
            yield Trouble(
                node=one.node.label, tensor=one.scale,
                what=f"{one.node.label}: a scale is {wrong.flat[0]:g}.",
                fix="Calibrate on tiles where this tensor is not constant, or leave it in float.",
            )  # fmt: skip


@rule(Level.REFUSED, ALL)
def scale_type(view: GraphView, band: Band) -> Iterator[Trouble]:
    """Scales are FP32 before 10, and FP32, FP16 or BF16 from 10 on.

    Source: TensorRT 8.6.1 operator page of Quantize (T2: float32), onnx-tensorrt 10.x,
    QuantDequantLinearHelper. What 8.5 takes is assumed to be what 8.6 takes.
    """
    for one in view.quantizers:
        found = view.types.get(one.scale, 0)
        if found and found not in band.scale_types:
            yield Trouble(
                node=one.node.label, tensor=one.scale,
                what=f"{one.node.label}: the scale is {type_name(found)}.",
                fix=f"For TensorRT {band.name}, quantize the FP32 graph; INT8 and FP16 are flags.",
            )  # fmt: skip


@rule(Level.REFUSED, FROM_10)
def half_scale_opset(view: GraphView, band: Band) -> Iterator[Trouble]:
    """FP16 scales need opset 19.

    Source: onnx.ai, QuantizeLinear and DequantizeLinear: until 13 a scale is float32; ONNX Runtime
    does not load such a file either.
    """
    for one in view.quantizers:
        if view.types.get(one.scale) in HALF_TYPES and view.opset < HALF_SCALE_OPSET:
            yield Trouble(
                node=one.node.label, tensor=one.scale,
                what=f"{one.node.label}: the scale is FP16 in opset {view.opset}.",
                fix="Export the network at opset 19 or later, then convert and quantize it.",
            )  # fmt: skip


@rule(Level.REFUSED, ALL)
def activation_per_tensor(view: GraphView, band: Band) -> Iterator[Trouble]:
    """What is computed at run time has one scale; only constants have one a channel.

    Source: onnx-tensorrt 8.x, builtin_op_importers.cpp: "Activations-quantization does not support
    per-axis quantization"; TensorRT documentation, Explicit Quantization.
    """
    for one in view.quantizers:
        scales = count(view, one.scale)
        if scales is None or scales == 1:
            continue
        source = quantized_source(view, one)
        if constant(view, source) is None:
            yield Trouble(
                node=one.node.label, tensor=source,
                what=f"{one.node.label}: {source!r} is an activation with {scales} scales.",
                fix=PER_CHANNEL,
            )  # fmt: skip


@rule(Level.REFUSED, ALL)
def scale_shape(view: GraphView, band: Band) -> Iterator[Trouble]:
    """A scale is one value, or one a channel along an axis that the weight has.

    Source: onnx-tensorrt, QuantDequantLinearHelper ("The number of scales is not equal to the
    number of output channels"); blocks are for INT4, which EdgeRS does not make.
    """
    for one in view.quantizers:
        scales, shape = dims(view, one.scale), dims(view, quantized_source(view, one))
        if scales is None or count(view, one.scale) == 1:
            continue
        wrong = f"has scales of shape {list(scales)}"
        if len(scales) == 1 and shape is None:
            continue
        if len(scales) == 1 and shape is not None:
            axis = _axis(one, len(shape))
            if 0 <= axis < len(shape) and shape[axis] == scales[0]:
                continue
            wrong += f" along axis {axis} of a weight of shape {list(shape)}"
        yield Trouble(
            node=one.node.label, tensor=one.scale,
            what=f"{one.node.label}: {wrong}.", fix=PER_CHANNEL,
        )  # fmt: skip


@rule(Level.REFUSED, ALL)
def weight_axis(view: GraphView, band: Band) -> Iterator[Trouble]:
    """Scales of a weight run along its output channels: axis 0 of Conv, 1 of ConvTranspose, the
    last of MatMul and Gemm, the first but one or the first where the weight is on the left or
    transposed.

    Source: TensorRT documentation, Explicit Quantization: per-channel weights are folded into
    kernels that scale each output channel; onnx.ai, Conv, ConvTranspose, MatMul, Gemm.
    """
    for one in view.quantizers:
        shape = dims(view, quantized_source(view, one))
        if not one.dequantizes or shape is None or count(view, one.scale) in (None, 1):
            continue
        axis = _axis(one, len(shape))
        for output in filter(None, one.node.outputs):
            for node, position in readers(view, output):
                wanted = _channel_axis(node, position, len(shape))
                if wanted is not None and wanted != axis:
                    yield Trouble(
                        node=one.node.label, tensor=one.x,
                        what=f"{one.node.label}: the scales of a weight of {node.op} run along"
                        f" axis {axis}, its output channels along {wanted}.",
                        fix=f"Quantize it with axis {wanted}, or per tensor.",
                    )  # fmt: skip


@rule(Level.REMARK, (TRT_10_15,))
def half_scales_on_orin(view: GraphView, band: Band) -> Iterator[Trouble]:
    """A DequantizeLinear with FP16 scales may fail to compile on Orin.

    Source: NVIDIA/TensorRT #4832: 10.16.2 on Orin, while the same file built on Thor.
    """
    if any(view.types.get(one.scale) == TensorProto.FLOAT16 for one in view.quantizers):
        yield Trouble(
            what="The scales are FP16, which 10.16.2 failed to build on Orin.",
            fix="Keep the file with FP32 scales as a second attempt.",
        )


def _axis(quantizer: Quantizer, rank: int) -> int:
    """Give the axis of the scales, counted from the front; ONNX takes 1 where nothing is said."""
    axis = integer(quantizer.node, "axis", 1)
    return axis + rank if axis < 0 else axis


def _channel_axis(node: Node, position: int, rank: int) -> int | None:
    """Give the axis of the output channels of a weight; None where the input is none."""
    if node.domain:
        return None
    if position == 1 and node.op in ("Conv", "ConvTranspose"):
        return 0 if node.op == "Conv" else 1
    if rank < 2 or position > 1:
        return None
    if node.op == "MatMul":
        return rank - 1 if position == 1 else rank - 2
    if node.op == "Gemm":
        turned = integer(node, "transB" if position == 1 else "transA", 0) != 0
        return int(turned != (position == 1))
    return None


RULES = (
    scale_constant,
    scale_positive,
    scale_type,
    half_scale_opset,
    activation_per_tensor,
    scale_shape,
    weight_axis,
    half_scales_on_orin,
)
