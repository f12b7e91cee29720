"""Tensors of types that a band has not."""

import numpy as np
import onnx
from builders.legality.pair import Case, case
from builders.qdq import QdqBuilder
from onnx import TensorProto, helper

from edgers.calibration.legality.bands import ALL, BEFORE_10, FROM_10


def through(kind: int, opset: int = 17) -> Case:
    """Cast to a type and back."""

    def made(broken: bool) -> onnx.ModelProto:
        net = QdqBuilder(opset=opset)
        there = net.node("Cast", "x", to=kind if broken else TensorProto.FLOAT)
        return net.model(net.node("Cast", there, to=TensorProto.FLOAT))

    return made


case("element-types")(through(TensorProto.INT16))
case("element-types")(through(TensorProto.UINT32))
case("no-float64")(through(TensorProto.DOUBLE))
case("no-bfloat16", BEFORE_10)(through(TensorProto.BFLOAT16))
case("uint8-at-the-ends")(through(TensorProto.UINT8))


@case("element-types")
def text(broken: bool) -> onnx.ModelProto:
    net = QdqBuilder()
    if broken:
        net.constant(helper.make_tensor("", TensorProto.STRING, [1], [b"a"]))
    return net.model(net.node("Relu", "x"))


@case("int64-at-the-ends", BEFORE_10)
def integer_output(broken: bool) -> onnx.ModelProto:
    net = QdqBuilder()
    found = net.node("ArgMax", "x", axis=1)
    kind = TensorProto.INT64 if broken else TensorProto.INT32
    return net.model(net.node("Cast", found, to=kind), kind)


@case("one-type", FROM_10)
def scales_left_in_fp32(broken: bool) -> onnx.ModelProto:
    net = QdqBuilder(opset=19, half=True)
    mixed = net.floats(np.zeros(8))
    if broken:
        mixed = net.node("Cast", mixed, to=TensorProto.FLOAT)
    return net.model(net.node("Conv", net.pair("x"), net.weight(), mixed))


@case("one-type", ALL[5:])
def types_mixed_in_a_sum(broken: bool) -> onnx.ModelProto:
    net = QdqBuilder(opset=17)
    quantized = net.pair("x")
    kind = TensorProto.FLOAT16 if broken else TensorProto.FLOAT
    return net.model(net.node("Mul", quantized, net.node("Cast", net.floats(1), to=kind)))


@case("rest-in-fp32", ALL[5:])
def scales_in_fp32(broken: bool) -> onnx.ModelProto:
    net = QdqBuilder(opset=19, half=not broken)
    return net.model(net.conv("x"))


@case("rest-in-fp32", ALL[5:])
def nothing_in_half(broken: bool) -> onnx.ModelProto:
    return (net := QdqBuilder(half=not broken)).model(net.node("Relu", "x"))
