"""Q and DQ that stand where they may not."""

import numpy as np
import onnx
from builders.legality.pair import Case, case
from builders.qdq import QdqBuilder
from onnx import TensorProto


def integer_op(op: str) -> Case:
    def made(broken: bool) -> onnx.ModelProto:
        net = QdqBuilder()
        weight = net.constant(np.ones((4, 4), np.int8))
        whole = net.node(op, "x", weight) if broken else net.node("Identity", "x")
        found = net.node("Cast", whole, to=TensorProto.FLOAT)
        return net.model(found, input_kind=TensorProto.INT8)

    return made


for name in ("ConvInteger", "MatMulInteger", "QLinearConv", "QLinearMatMul"):
    case("integer-ops")(integer_op(name))


@case("pairs")
def integers_into_an_operator(broken: bool) -> onnx.ModelProto:
    net = QdqBuilder()
    scale, zero = net.scale(), net.zeros()
    q = net.node("QuantizeLinear", "x", scale, zero)
    if broken:
        return net.model(net.node("Cast", net.node("Relu", q), to=TensorProto.FLOAT))
    return net.model(net.node("Relu", net.node("DequantizeLinear", q, scale, zero)))


@case("pairs")
def integers_as_output(broken: bool) -> onnx.ModelProto:
    net = QdqBuilder()
    scale, zero = net.scale(), net.zeros()
    q = net.node("QuantizeLinear", "x", scale, zero)
    if broken:
        return net.model(q, TensorProto.INT8)
    return net.model(net.node("DequantizeLinear", q, scale, zero))


@case("pairs")
def integers_as_input(broken: bool) -> onnx.ModelProto:
    net = QdqBuilder()
    if not broken:
        return net.model(net.pair("x"))
    dq = net.node("DequantizeLinear", "x", net.scale(), net.zeros())
    return net.model(dq, input_kind=TensorProto.INT8)


@case("activation-first")
def quantized_before_the_activation(broken: bool) -> onnx.ModelProto:
    net = QdqBuilder()
    found = net.conv("x")
    found = net.node("Relu", net.pair(found)) if broken else net.pair(net.node("Relu", found))
    return net.model(found)


@case("both-or-none")
def only_the_weight(broken: bool) -> onnx.ModelProto:
    net = QdqBuilder()
    return net.model(net.node("Conv", "x" if broken else net.pair("x"), net.weight()))


@case("both-or-none")
def only_the_activation(broken: bool) -> onnx.ModelProto:
    net = QdqBuilder()
    weight = net.floats(np.ones((8, 8, 1, 1))) if broken else net.weight()
    return net.model(net.node("Conv", net.pair("x"), weight))


@case("add-branches")
def one_branch(broken: bool) -> onnx.ModelProto:
    net = QdqBuilder()
    skipped = net.pair("x")
    other = net.float_conv("x") if broken else net.conv("x")
    return net.model(net.node("Add", other, skipped))
