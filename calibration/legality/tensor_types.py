"""Which element types a file may hold."""

from collections.abc import Iterator

from onnx import TensorProto

from edgers.calibration.legality.bands import ALL, BEFORE_10, FROM_10, TRT_11, Band
from edgers.calibration.legality.graph_view import GraphView, Node, nodes_of, type_name
from edgers.calibration.legality.placement import WEIGHTED
from edgers.calibration.legality.rule import Level, Trouble, rule
from edgers.calibration.legality.typing_strategy import HALF_TYPES, typing_of

LACKING = frozenset({
    TensorProto.INT16, TensorProto.UINT16, TensorProto.UINT32, TensorProto.UINT64,
    TensorProto.STRING, TensorProto.COMPLEX64, TensorProto.COMPLEX128,
})  # fmt: skip
"""Types that no version of TensorRT has."""

ELEMENTWISE = frozenset({
    "Add", "Concat", "Div", "Equal", "Greater", "GreaterOrEqual", "Less", "LessOrEqual", "Max",
    "Mean", "Min", "Mod", "Mul", "PRelu", "Sub", "Sum", "Where",
})  # fmt: skip
"""Operators whose inputs are of one type, but for the condition of Where."""

FREE_SCALE_OPSET = 23
"""First opset in which a Q may take another type than its scale (onnx.ai, QuantizeLinear)."""


@rule(Level.REFUSED, ALL)
def element_types(view: GraphView, band: Band) -> Iterator[Trouble]:
    """No tensor is of a type that TensorRT has not: INT16, UINT16, UINT32, UINT64, text, complex.

    Source: onnx-tensorrt 10.15 docs/operators.md lists the types that are read.
    """
    yield from _of_types(view, LACKING, "Cast it to FP32, INT32 or INT64 before export.")


@rule(Level.UNFIT, ALL)
def no_float64(view: GraphView, band: Band) -> Iterator[Trouble]:
    """No tensor is FP64.

    Source: onnx-tensorrt 10.15 docs/operators.md: DOUBLE is cast to FLOAT, and clamped; what the
    file states is then not what runs.
    """
    yield from _of_types(view, frozenset({TensorProto.DOUBLE}), "Export the network in FP32.")


@rule(Level.REFUSED, BEFORE_10)
def no_bfloat16(view: GraphView, band: Band) -> Iterator[Trouble]:
    """No tensor is BF16 before 10.

    Source: onnx-tensorrt docs/Changelog.md: "Added support for FP8 and BF16 datatypes" in 9.0.
    """
    yield from _of_types(view, frozenset({TensorProto.BFLOAT16}), "Export the network in FP32.")


@rule(Level.REFUSED, ALL)
def uint8_at_the_ends(view: GraphView, band: Band) -> Iterator[Trouble]:
    """UINT8 is the type of inputs and outputs alone; inside, a Cast makes it floating point.

    Source: onnx-tensorrt 10.15 docs/operators.md: "UINT8 is only supported as network input or
    output tensor types"; docs/Changelog.md: so since 8.5.
    """
    ends = {*view.inputs, *view.outputs}
    for one in _of_types(view, frozenset({TensorProto.UINT8}), "Cast it to FP32 where it enters."):
        if one.tensor not in ends:
            yield one


@rule(Level.REMARK, BEFORE_10)
def int64_at_the_ends(view: GraphView, band: Band) -> Iterator[Trouble]:
    """An INT64 input or output is INT32 in the engine.

    Source: onnx-tensorrt docs/Changelog.md, 9.0 EA: "prior to this release, such models required
    INT32 bindings".
    """
    for name in dict.fromkeys((*view.inputs, *view.outputs)):
        if view.types.get(name) == TensorProto.INT64:
            yield Trouble(
                tensor=name, what=f"{name!r} is INT64; the engine has it as INT32.",
                fix="Feed and read it as INT32.",
            )  # fmt: skip


@rule(Level.REFUSED, FROM_10)
def one_type(view: GraphView, band: Band) -> Iterator[Trouble]:
    """Where the network is strongly typed, the inputs of an operator are of one type.

    Source: TensorRT documentation, Strongly Typed Networks: types are those of the graph, and no
    cast is put in; a DequantizeLinear gives the type of its scale. onnx.ai asks the same.
    """
    if not typing_of(view, band).strongly_typed:
        return
    ops = ELEMENTWISE | WEIGHTED | {"QuantizeLinear"}
    for node in nodes_of(view, ops):
        found = {view.types.get(name, 0) for name in _of_one_type(view, node)} - {0}
        if len(found) > 1:
            names = " and ".join(type_name(kind) for kind in sorted(found))
            yield Trouble(
                node=node.label, what=f"{node.label}: takes {names}.",
                fix="Convert the network to FP16 first and quantize it then, so that scales are"
                " FP16 too.",
            )  # fmt: skip


@rule(Level.REMARK, (TRT_11,))
def rest_in_fp32(view: GraphView, band: Band) -> Iterator[Trouble]:
    """With FP32 scales, all that is not INT8 runs in FP32.

    Source: TensorRT documentation, Strongly Typed Networks: a DequantizeLinear gives the type of
    its scale; the FP16 flag is gone from the bindings of 11.0 and 11.4.
    """
    whole = any(view.types.get(one.scale) == TensorProto.FLOAT for one in view.quantizers)
    if whole or not any(kind in HALF_TYPES for kind in view.types.values()):
        yield Trouble(
            what="Nothing in the file is FP16." if not whole else "The scales are FP32.",
            fix="It is accepted, and all that is not INT8 runs in FP32; convert the network to FP16"
            " in opset 19 or later, then quantize it, for half precision.",
        )


def _of_types(view: GraphView, kinds: frozenset[int], fix: str) -> Iterator[Trouble]:
    """Report tensors of some types, but for those that rules on quantizers report."""
    reported = {
        name for one in view.quantizers
        for name in ((one.x, one.scale, one.zero_point) if one.dequantizes else
                     (one.scale, one.zero_point, *one.node.outputs))
    }  # fmt: skip
    for name, kind in view.types.items():
        if kind in kinds and name not in reported:
            node = view.producers.get(name)
            yield Trouble(
                node=node.label if node else "", tensor=name,
                what=f"{name!r} is {type_name(kind)}.", fix=fix,
            )  # fmt: skip


def _of_one_type(view: GraphView, node: Node) -> tuple[str, ...]:
    if node.op == "Where":
        return node.inputs[1:]
    if node.op == "QuantizeLinear":
        return node.inputs[:2] if view.opset < FREE_SCALE_OPSET else ()
    return node.inputs


RULES = (
    element_types,
    no_float64,
    no_bfloat16,
    uint8_at_the_ends,
    int64_at_the_ends,
    one_type,
    rest_in_fp32,
)
