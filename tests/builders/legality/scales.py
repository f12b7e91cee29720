"""Scales that are no positive constants of the right type and axis."""

import numpy as np
import onnx
from builders.legality.pair import Case, case
from builders.qdq import QdqBuilder
from onnx import TensorProto

from edgers.calibration.legality.bands import BEFORE_10, FROM_10, TRT_10_15


@case("scale-constant")
def computed_scale(broken: bool) -> onnx.ModelProto:
    net = QdqBuilder()
    scale, computed = net.scale(), net.node("ReduceMax", "x", keepdims=0)
    return net.model(net.pair("x", scale=computed if broken else scale))


@case("scale-constant")
def scale_in_another_file(broken: bool) -> onnx.ModelProto:
    net = QdqBuilder()
    model = net.model(net.pair("x", scale=net.scale()))
    if broken:
        model.graph.initializer[0].data_location = TensorProto.EXTERNAL
    return model


def scale_of(value: float, opset: int = 17) -> Case:
    def made(broken: bool) -> onnx.ModelProto:
        net = QdqBuilder(opset=opset)
        return net.model(net.pair("x", scale=net.scale(value if broken else 0.5)))

    return made


for value in (0.0, -0.5, float("nan"), float("inf")):
    case("scale-positive")(scale_of(value))


@case("scale-positive", legal_on=FROM_10)
def scale_too_small_for_half(broken: bool) -> onnx.ModelProto:
    net = QdqBuilder(opset=19, half=True)
    stored = net.constant(np.array(1e-9 if broken else 0.5, np.float32))
    return net.model(net.pair("x", scale=net.node("Cast", stored, to=TensorProto.FLOAT16)))


@case("scale-type", BEFORE_10)
def half_scale(broken: bool) -> onnx.ModelProto:
    net = QdqBuilder(opset=17, half=broken)
    return net.model(net.conv("x"))


@case("scale-type", also=["no-float64", "one-type"])
def double_scale(broken: bool) -> onnx.ModelProto:
    net = QdqBuilder()
    scale = net.constant(np.array(0.5, np.float64 if broken else np.float32))
    dq = net.node("Cast", net.pair("x", scale=scale), to=TensorProto.FLOAT)
    return net.model(dq)


@case("scale-type")
def integer_scale(broken: bool) -> onnx.ModelProto:
    net = QdqBuilder()
    weight = net.constant(np.ones((8, 8, 1, 1), np.int8))
    scale = net.constant(np.array(1, np.int32 if broken else np.float32))
    dq = net.node("DequantizeLinear", weight, scale, net.zeros())
    return net.model(net.node("Conv", net.pair("x"), net.node("Cast", dq, to=TensorProto.FLOAT)))


@case("half-scale-opset", FROM_10)
def half_scale_too_early(broken: bool) -> onnx.ModelProto:
    net = QdqBuilder(opset=18 if broken else 19, half=True)
    return net.model(net.conv("x"))


@case("activation-per-tensor")
def activation_per_channel(broken: bool) -> onnx.ModelProto:
    net = QdqBuilder()
    many = net.scale([0.5] * 8), net.zeros(8)
    return net.model(net.pair("x", *(many if broken else ("", "")), axis=1))


@case("scale-shape")
def scales_of_another_count(broken: bool) -> onnx.ModelProto:
    net = QdqBuilder()
    count = 5 if broken else 8
    weight = net.constant(np.ones((8, 8, 1, 1), np.int8))
    dq = net.node(
        "DequantizeLinear", weight, net.scale([0.5] * count), net.zeros(count), axis=0
    )  # fmt: skip
    return net.model(net.node("Conv", net.pair("x"), dq))


@case("scale-shape")
def axis_that_is_not_there(broken: bool) -> onnx.ModelProto:
    net = QdqBuilder()
    weight = net.constant(np.ones((8, 8, 1, 1), np.int8))
    axis = -9 if broken else -4
    dq = net.node("DequantizeLinear", weight, net.scale([0.5] * 8), net.zeros(8), axis=axis)
    return net.model(net.node("Add", net.floats(0), dq))


def weight_of(op: str, shape: tuple[int, ...], good: int, bad: int, **attributes: int) -> Case:
    def made(broken: bool) -> onnx.ModelProto:
        net = QdqBuilder()
        weight = net.weight(shape, bad if broken else good)
        return net.model(
            net.node(op, net.pair("x"), weight, **attributes),
            shape=[8, 8] if op == "Gemm" else None,
        )

    return made


case("weight-axis")(weight_of("Conv", (8, 8, 1, 1), 0, 1))
case("weight-axis")(weight_of("ConvTranspose", (8, 8, 1, 1), 1, 0))
case("weight-axis")(weight_of("MatMul", (4, 4), 1, 0))
case("weight-axis")(weight_of("Gemm", (8, 8), 1, 0))
case("weight-axis")(weight_of("Gemm", (8, 8), 0, 1, transB=1))


@case("weight-axis")
def weight_on_the_left(broken: bool) -> onnx.ModelProto:
    net = QdqBuilder()
    return net.model(net.node("MatMul", net.weight((4, 4), 1 if broken else 0), net.pair("x")))


@case("weight-axis")
def float_weight_along_the_inputs(broken: bool) -> onnx.ModelProto:
    net = QdqBuilder()
    many = net.scale([0.5] * 8), net.zeros(8)
    weight = net.pair(net.floats(np.ones((8, 8, 1, 1))), *many, axis=1 if broken else 0)
    return net.model(net.node("Conv", net.pair("x"), weight))


@case("half-scales-on-orin", [TRT_10_15])
def half_scales(broken: bool) -> onnx.ModelProto:
    net = QdqBuilder(opset=19, half=broken)
    return net.model(net.conv("x"))
