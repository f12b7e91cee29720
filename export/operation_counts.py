"""How many arithmetic operations an operator takes; a multiplication and its addition are two."""

from collections.abc import Callable
from math import prod
from typing import TYPE_CHECKING

from edgers.export.graph_values import GraphValues

if TYPE_CHECKING:
    import onnx

Count = Callable[["onnx.NodeProto", GraphValues], int]

VIEWS = (
    "Concat", "Dropout", "Expand", "Flatten", "Identity", "Pad", "Reshape", "Shape", "Slice",
    "Split", "Squeeze", "Unsqueeze",
)  # fmt: skip
"""What a builder can leave out, by writing to the right place in the first place."""

VALUE_OPERATIONS = {
    **dict.fromkeys(("Abs", "Add", "And", "Cast", "Ceil", "Div", "Equal", "Exp", "Floor", "Greater",
                     "Less", "Log", "Max", "Min", "Mul", "Neg", "Not", "Or", "Reciprocal", "Relu",
                     "Round", "Sign", "Sqrt", "Sub", "Where"), 1),
    **dict.fromkeys(("Clip", "LeakyRelu", "PRelu", "Pow", "ThresholdedRelu"), 2),
    **dict.fromkeys(("BatchNormalization",), 2),
    **dict.fromkeys(("Elu", "Erf", "Gelu", "HardSigmoid", "HardSwish", "Mish", "Selu", "Sigmoid",
                     "Softplus", "Tanh"), 4),
}  # fmt: skip
"""Operations a value, few rather than many, as for a bound."""

POINTWISE = tuple(VALUE_OPERATIONS)
"""Operators that work value by value."""

NORM_OPERATIONS = 5
"""Mean, deviation, and putting them to use: operations a value of a norm over more than one."""


def operations_of(node: "onnx.NodeProto", values: GraphValues) -> int | None:
    """Count the operations of a node; None where its operator is not known."""
    count = COUNTS.get(node.op_type)
    return None if count is None else count(node, values)


def _conv(node: "onnx.NodeProto", values: GraphValues) -> int:
    """Each output value: inputs of its group × kernel (weights are [out, in / group, ...])."""
    weight = _weight(node, values)
    return 2 * values.count(node.output[0]) * prod(weight[1:])


def _transposed(node: "onnx.NodeProto", values: GraphValues) -> int:
    """Each input value goes to outputs of its group × kernel (weights: [in, out / group, ...])."""
    weight = _weight(node, values)
    return 2 * values.count(values.source(node.input[0])[0]) * prod(weight[1:])


def _gemm(node: "onnx.NodeProto", values: GraphValues) -> int:
    shape = values.shapes.get(values.source(node.input[0])[0], ())
    turned = any(a.name == "transA" and a.i for a in node.attribute)
    return 2 * values.count(node.output[0]) * (shape[0 if turned else -1] if shape else 0)


def _pool(node: "onnx.NodeProto", values: GraphValues) -> int:
    kernel = next((tuple(a.ints) for a in node.attribute if a.name == "kernel_shape"), ())
    operations: int = values.count(node.output[0]) * prod(kernel)
    return operations


def _all_read(node: "onnx.NodeProto", values: GraphValues) -> int:
    return values.count(values.source(node.input[0])[0])


def _resize(node: "onnx.NodeProto", values: GraphValues) -> int:
    """Nearest copies; linear mixes four values: four products, three sums."""
    mode = next((a.s.decode() for a in node.attribute if a.name == "mode"), "nearest")
    return 0 if mode == "nearest" else 7 * values.count(node.output[0])


def _each(operations: int) -> Count:
    return lambda node, values: operations * values.count(node.output[0])


def _weight(node: "onnx.NodeProto", values: GraphValues) -> tuple[int, ...]:
    return values.shapes.get(values.source(node.input[1])[0], (0, 0))


COUNTS: dict[str, Count] = {
    **{op: _each(operations) for op, operations in VALUE_OPERATIONS.items()},
    **dict.fromkeys(("InstanceNormalization", "LayerNormalization", "GroupNormalization", "Softmax",
                     "LogSoftmax"), _each(NORM_OPERATIONS)),
    **dict.fromkeys(("MaxPool", "AveragePool"), _pool),
    **dict.fromkeys(("GlobalAveragePool", "GlobalMaxPool", "ReduceMean", "ReduceSum", "ReduceMax",
                     "ReduceMin", "ArgMax", "ArgMin"), _all_read),
    **dict.fromkeys(("Resize", "Upsample"), _resize),
    **dict.fromkeys(("Gather", "Transpose", "DepthToSpace", "SpaceToDepth", "Tile"), _each(0)),
    **dict.fromkeys(("Gemm", "MatMul"), _gemm),
    "Conv": _conv,
    "ConvTranspose": _transposed,
}  # fmt: skip
"""Operations by operator."""
