"""What a QuantizeLinear or DequantizeLinear may be: signed 8 bits, symmetric."""

from collections.abc import Iterator

from onnx import TensorProto

from edgers.calibration.legality.bands import ALL, BEFORE_10, Band
from edgers.calibration.legality.graph_view import (
    GraphView,
    constant,
    count,
    type_name,
    values,
)
from edgers.calibration.legality.rule import Level, Trouble, rule

NARROW_TYPES = frozenset(
    getattr(TensorProto, name)
    for name in (
        "FLOAT8E4M3FN", "FLOAT8E4M3FNUZ", "FLOAT8E5M2", "FLOAT8E5M2FNUZ", "INT4", "UINT4",
        "FLOAT4E2M1", "INT2", "UINT2",
    )
    if hasattr(TensorProto, name)
)  # fmt: skip
"""Types of 8 bits of floating point, or of fewer bits; which ones there are depends on onnx."""

QUANTIZE_INT8 = "Quantize activations and weights with QuantType.QInt8."
SYMMETRIC = "Quantize with ActivationSymmetric and WeightSymmetric set."


@rule(Level.REFUSED, ALL)
def zero_point_constant(view: GraphView, band: Band) -> Iterator[Trouble]:
    """A zero point is known when the engine is built, and its values are in the file.

    Source: TensorRT 8.6.1 operator page of Quantize ("a build-time constant"); onnx-tensorrt reads
    it through Cast and Identity.
    """
    for one in view.quantizers:
        if not one.zero_point:
            continue
        if constant(view, one.zero_point) is None:
            yield Trouble(
                node=one.node.label, tensor=one.zero_point,
                what=f"{one.node.label}: the zero point {one.zero_point!r} is computed.",
                fix="Fold constants, or quantize statically.",
            )  # fmt: skip
        elif values(view, one.zero_point) is None:
            yield Trouble(
                node=one.node.label, tensor=one.zero_point,
                what=f"{one.node.label}: the zero point {one.zero_point!r} is in another file.",
                fix="Save the graph with all weights inside.",
            )  # fmt: skip


@rule(Level.REFUSED, ALL)
def symmetric(view: GraphView, band: Band) -> Iterator[Trouble]:
    """All values of a zero point are zero.

    Source: onnx-tensorrt, QuantDequantLinearHelper ("Non-zero zero point is not supported");
    asymmetric quantizers exist only on DLA, from 10.11 and behind a parser flag.
    """
    for one in view.quantizers:
        found = values(view, one.zero_point) if one.zero_point else None
        if found is not None and (found != 0).any():
            yield Trouble(
                node=one.node.label, tensor=one.zero_point,
                what=f"{one.node.label}: the zero point is {found[found != 0].flat[0]:g}, not 0.",
                fix=SYMMETRIC,
            )  # fmt: skip


@rule(Level.REFUSED, ALL)
def signed_int8(view: GraphView, band: Band) -> Iterator[Trouble]:
    """A quantizer gives or takes INT8: no UINT8 and no 16 bits.

    Source: onnx-tensorrt 10.15 docs/operators.md, DequantizeLinear; QuantDequantLinearHelper reads
    an unsigned zero point as INT8 with no more than a warning, and stops at a DequantizeLinear of
    UINT8. Without a zero point ONNX means UINT8 (onnx.ai, QuantizeLinear).
    """
    known = {TensorProto.UNDEFINED, TensorProto.INT8, *NARROW_TYPES}
    for one in view.quantizers:
        if one.kind in known or (one.dequantizes and one.kind == TensorProto.INT32):
            continue
        yield Trouble(
            node=one.node.label, tensor=one.x,
            what=f"{one.node.label}: quantized to {type_name(one.kind)}.", fix=QUANTIZE_INT8,
        )  # fmt: skip


@rule(Level.UNFIT, ALL)
def eight_bit_integers(view: GraphView, band: Band) -> Iterator[Trouble]:
    """EdgeRS makes no FP8, FP4 or INT4 files.

    Source: TensorRT documentation, Working with Quantized Types: FP8 needs compute capability 8.9,
    FP4 needs Blackwell, INT4 is for weights alone, and 8.x has none of them.
    """
    for one in view.quantizers:
        if one.kind in NARROW_TYPES:
            yield Trouble(
                node=one.node.label, tensor=one.x,
                what=f"{one.node.label}: quantized to {type_name(one.kind)}.", fix=QUANTIZE_INT8,
            )  # fmt: skip


@rule(Level.REFUSED, ALL)
def float_bias(view: GraphView, band: Band) -> Iterator[Trouble]:
    """A bias stays in floating point: nothing of INT32 is dequantized.

    Source: onnxruntime #14229 and #17738, onnx-tensorrt #850: "only activation types allowed as
    input to this layer".
    """
    for one in view.quantizers:
        if one.dequantizes and one.kind == TensorProto.INT32:
            yield Trouble(
                node=one.node.label, tensor=one.x,
                what=f"{one.node.label}: dequantizes INT32, as of a bias.",
                fix="Quantize with QuantizeBias set to False.",
            )  # fmt: skip


@rule(Level.REFUSED, BEFORE_10)
def three_inputs(view: GraphView, band: Band) -> Iterator[Trouble]:
    """A quantizer has a zero point, even if it is zero.

    Source: onnx-tensorrt 8.x, builtin_op_importers.cpp, QuantDequantLinearHelper ("This version of
    TensorRT requires 3 inputs"); later parsers ask for two.
    """
    for one in view.quantizers:
        if not one.zero_point:
            yield Trouble(
                node=one.node.label, tensor=one.x,
                what=f"{one.node.label}: has no zero point.", fix="Give it one of zeros.",
            )  # fmt: skip


@rule(Level.REFUSED, ALL)
def as_many_zero_points(view: GraphView, band: Band) -> Iterator[Trouble]:
    """A zero point has as many values as its scale.

    Source: onnx-tensorrt, QuantDequantLinearHelper ("The scale and zero point must have the same
    volume").
    """
    for one in view.quantizers:
        scales, zeros = count(view, one.scale), count(view, one.zero_point)
        if None not in (scales, zeros) and scales != zeros:
            yield Trouble(
                node=one.node.label, tensor=one.zero_point,
                what=f"{one.node.label}: has {scales} scales and {zeros} zero points.",
                fix="Give it one zero point a scale.",
            )  # fmt: skip


RULES = (
    zero_point_constant,
    symmetric,
    signed_int8,
    eight_bit_integers,
    float_bias,
    three_inputs,
    as_many_zero_points,
)
