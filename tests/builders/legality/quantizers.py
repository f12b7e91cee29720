"""Quantizers that are no signed, symmetric ones."""

from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
from builders.legality.pair import Case, case
from builders.qdq import QdqBuilder
from onnx import TensorProto, helper

from edgers.calibration.legality.bands import BEFORE_10


def zero_point_of(value: npt.NDArray[Any] | onnx.TensorProto) -> Case:
    """A Q/DQ whose zero point is another one than 0 of INT8."""

    def made(broken: bool) -> onnx.ModelProto:
        net = QdqBuilder()
        return net.model(net.pair("x", zero_point=net.constant(value) if broken else net.zeros()))

    return made


@case("zero-point-constant")
def computed_zero_point(broken: bool) -> onnx.ModelProto:
    net = QdqBuilder()
    found = net.node("ReduceMin", "x", keepdims=0) if broken else net.zeros(kind="int32")
    cast = net.node("Cast", net.node("Identity", found), to=TensorProto.INT8)
    return net.model(net.pair("x", zero_point=cast))


@case("zero-point-constant")
def zero_point_in_another_file(broken: bool) -> onnx.ModelProto:
    net = QdqBuilder()
    model = net.model(net.pair("x", zero_point=net.zeros()))
    if broken:
        model.graph.initializer[0].data_location = TensorProto.EXTERNAL
    return model


@case("symmetric")
def asymmetric_in_one_channel(broken: bool) -> onnx.ModelProto:
    net = QdqBuilder()
    zeros = np.zeros(8, np.int8)
    zeros[7] = broken
    weight = net.constant(np.ones((8, 8, 1, 1), np.int8))
    scale = net.scale([0.5] * 8)
    dq = net.node("DequantizeLinear", weight, scale, net.constant(zeros), axis=0)
    return net.model(net.node("Conv", net.pair("x"), dq))


case("symmetric")(zero_point_of(np.array(-128, np.int8)))
case("signed-int8")(zero_point_of(np.array(0, np.uint8)))
case("signed-int8")(zero_point_of(np.array(0, np.int16)))
case("signed-int8", also=["symmetric"])(zero_point_of(np.array(128, np.uint8)))
case("eight-bit-integers")(zero_point_of(helper.make_tensor("", TensorProto.INT4, [], [0])))


@case("signed-int8", also=["three-inputs"])
def unsigned_by_default(broken: bool) -> onnx.ModelProto:
    net = QdqBuilder()
    scale, zero = net.scale(), net.zeros()
    q = net.node("QuantizeLinear", "x", scale, *([] if broken else [zero]))
    return net.model(net.node("DequantizeLinear", q, scale, *([] if broken else [zero])))


@case("float-bias")
def integer_bias(broken: bool) -> onnx.ModelProto:
    net = QdqBuilder()
    if broken:
        stored = net.constant(np.zeros(8, np.int32))
        bias = net.node("DequantizeLinear", stored, net.scale(), net.zeros(kind="int32"))
    else:
        bias = net.floats(np.zeros(8))
    return net.model(net.node("Conv", net.pair("x"), net.weight(), bias))


@case("three-inputs", BEFORE_10)
def no_zero_point(broken: bool) -> onnx.ModelProto:
    net = QdqBuilder()
    weight = net.constant(np.ones((8, 8, 1, 1), np.int8))
    given = [] if broken else [net.zeros()]
    dq = net.node("DequantizeLinear", weight, net.scale(), *given)
    return net.model(net.node("Conv", net.pair("x"), dq))


@case("as-many-zero-points")
def fewer_zero_points(broken: bool) -> onnx.ModelProto:
    net = QdqBuilder()
    weight = net.constant(np.ones((8, 8, 1, 1), np.int8))
    zeros = net.zeros() if broken else net.zeros(8)
    dq = net.node("DequantizeLinear", weight, net.scale([0.5] * 8), zeros, axis=0)
    return net.model(net.node("Conv", net.pair("x"), dq))
