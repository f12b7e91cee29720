"""Which element type each operator gives, from those it takes (onnx.ai, operators)."""

from collections.abc import Callable, Mapping, Sequence

from onnx import TensorProto

from edgers.calibration.legality.graph_view import Node, integer

UNKNOWN: int = TensorProto.UNDEFINED

FIXED: Mapping[str, tuple[int, ...]] = {
    **dict.fromkeys(("ArgMax", "ArgMin", "NonMaxSuppression", "NonZero", "Shape", "Size"), (7,)),
    **dict.fromkeys(
        (
            "And", "Equal", "Greater", "GreaterOrEqual", "IsInf", "IsNaN", "Less", "LessOrEqual",
            "Not", "Or", "Xor",
        ),
        (9,),
    ),
    **dict.fromkeys(("ConvInteger", "MatMulInteger"), (6,)),
    "DynamicQuantizeLinear": (2, 1, 2),
}  # fmt: skip
"""Types of the outputs, whatever goes in."""

SECOND: Mapping[str, int] = {"Dropout": 9, "MaxPool": 7, "TopK": 7}
"""Type of the second output, where it is not that of the first input."""

TAKEN_FROM: Mapping[str, int] = {"CastLike": 1, "OneHot": 2, "QLinearConv": 7, "Where": 1}
"""The input whose type the output has, where it is not the first."""


def output_types(
    node: Node, known: Callable[[str], int], inner: Mapping[str, Sequence[int]]
) -> list[int]:
    """Give the type of each output; UNKNOWN where the operator does not say.

    `known` gives the type of an input, `inner` those of the outputs of the graphs inside.
    """
    inputs = [known(name) if name else UNKNOWN for name in node.inputs]
    if node.op in FIXED:
        given = list(FIXED[node.op])
    elif inner:
        given = _of_inner(node, inner)
    else:
        first = _first(node, inputs)
        given = [first] * len(node.outputs)
        if node.op in SECOND and len(given) > 1:
            given[1] = SECOND[node.op]
    return (given + [UNKNOWN] * len(node.outputs))[: len(node.outputs)]


def quantized_type(node: Node, known: Callable[[str], int]) -> int:
    """Give the type of the quantized side of a Q or DQ: ONNX takes UINT8 where nothing is said."""
    if node.op == "DequantizeLinear":
        return known(node.inputs[0]) if node.inputs and node.inputs[0] else UNKNOWN
    if len(node.inputs) > 2 and node.inputs[2]:
        return known(node.inputs[2])
    return integer(node, "output_dtype", 0) or int(TensorProto.UINT8)


def _first(node: Node, inputs: list[int]) -> int:
    if node.domain:
        return UNKNOWN
    if node.op == "Cast":
        return integer(node, "to", 0)
    if node.op in ("EyeLike", "RandomNormalLike", "RandomUniformLike"):
        return integer(node, "dtype", 0) or (inputs[0] if inputs else UNKNOWN)
    if node.op in ("RandomNormal", "RandomUniform"):
        return integer(node, "dtype", TensorProto.FLOAT)
    if node.op == "ConstantOfShape":
        value = node.attributes.get("value")
        return int(value.t.data_type) if value is not None else TensorProto.FLOAT
    if node.op == "DequantizeLinear":
        scale = inputs[1] if len(inputs) > 1 else UNKNOWN
        return integer(node, "output_dtype", 0) or scale
    place = TAKEN_FROM.get(node.op, 0)
    return inputs[place] if place < len(inputs) else UNKNOWN


def _of_inner(node: Node, inner: Mapping[str, Sequence[int]]) -> list[int]:
    if node.op == "If":
        return list(inner.get("then_branch", ()))
    found = list(inner.get("body", ()))
    return found[1:] if node.op == "Loop" else found
