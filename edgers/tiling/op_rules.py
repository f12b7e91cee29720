"""The table of halo rules by operator.

Operator semantics are those of the ONNX operator documentation (onnx.ai/onnx/operators), opset 7
and later. An operator that stands in neither table is taken as unbounded, and named.
"""

from collections.abc import Mapping

from edgers.tiling import op_layout, op_window
from edgers.tiling.op_node import Rule


def _rule(rule: Rule, operators: str) -> dict[str, Rule]:
    """Give one rule to all operators named in a text."""
    return dict.fromkeys(operators.split(), rule)


RULES: Mapping[str, Rule] = {
    **_rule(
        op_layout.pointwise,
        """Abs Acos Acosh Add And Asin Asinh Atan Atanh BitShift Cast Ceil Celu Clip Cos Cosh Div
        Elu Equal Erf Exp Floor Gelu Greater GreaterOrEqual HardSigmoid HardSwish Identity IsInf
        IsNaN LeakyRelu Less LessOrEqual Log Max Mean Min Mish Mod Mul Neg Not Or PRelu Pow
        Reciprocal Relu Round Selu Shrink Sigmoid Sign Sin Sinh Softplus Softsign Sqrt Sub Sum
        Swish Tan Tanh ThresholdedRelu Where Xor""",
    ),
    **_rule(
        op_layout.per_channel, "BatchNormalization DequantizeLinear Dropout LRN QuantizeLinear"
    ),
    **_rule(
        op_layout.reduction,
        """ReduceL1 ReduceL2 ReduceLogSum ReduceLogSumExp ReduceMax ReduceMean ReduceMin ReduceProd
        ReduceSum ReduceSumSquare""",
    ),
    **_rule(
        op_layout.along_axis,
        "ArgMax ArgMin Hardmax LogSoftmax LpNormalization Softmax Split TopK",
    ),
    **_rule(op_layout.layer_norm, "LayerNormalization"),
    **_rule(op_layout.reshape, "Reshape Squeeze Unsqueeze Flatten"),
    **_rule(op_layout.transpose, "Transpose"),
    **_rule(op_layout.concat, "Concat"),
    **_rule(op_layout.gather, "Gather"),
    **_rule(op_layout.matmul, "MatMul"),
    **_rule(op_window.window, "Conv ConvInteger QLinearConv MaxPool AveragePool LpPool"),
    **_rule(op_window.transposed_window, "ConvTranspose"),
    **_rule(op_window.resize, "Resize Upsample"),
    **_rule(op_window.pad, "Pad"),
    **_rule(op_window.cut, "Slice"),
    **_rule(op_window.depth_to_space, "DepthToSpace"),
    **_rule(op_window.space_to_depth, "SpaceToDepth"),
}

WHOLE_IMAGE = (
    "Attention",
    "GlobalAveragePool",
    "GlobalLpPool",
    "GlobalMaxPool",
    "GroupNormalization",
    "InstanceNormalization",
    "MeanVarianceNormalization",
    "MultiHeadAttention",
    "NonMaxSuppression",
)
"""Operators known to look at the whole image, so that the message can say so."""
