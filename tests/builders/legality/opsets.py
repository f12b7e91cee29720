"""Operator sets and operators that a band has not."""

import onnx
from builders.legality.pair import Case, case
from builders.qdq import QdqBuilder
from onnx import helper

from edgers.calibration.legality.bands import ALL, BEFORE_10, TRT_8_5, TRT_8_6


def opset_of(good: int, bad: int) -> Case:
    return lambda broken: (net := QdqBuilder(opset=bad if broken else good)).model(
        net.node("Relu", "x")
    )


case("opset-window")(opset_of(17, 8))
case("opset-window", BEFORE_10)(opset_of(17, 18))
case("opset-window", ALL[2:3])(opset_of(20, 21))
case("opset-window", ALL[3:4])(opset_of(22, 23))
case("opset-window", ALL[4:])(opset_of(24, 25))


@case("quantizer-opset")
def early_quantizers(broken: bool) -> onnx.ModelProto:
    net = QdqBuilder(opset=12 if broken else 13)
    return net.model(net.pair("x"))


@case("default-domain")
def contrib_operator(broken: bool) -> onnx.ModelProto:
    net = QdqBuilder()
    return net.model(net.node("Gelu", "x", domain="com.microsoft" if broken else ""))


@case("stray-imports")
def unused_import(broken: bool) -> onnx.ModelProto:
    net = QdqBuilder(imports={"com.microsoft.nchwc": 1} if broken else {"ai.onnx": 17})
    return net.model(net.node("Relu", "x"))


@case("local-functions")
def own_function(broken: bool) -> onnx.ModelProto:
    net = QdqBuilder()
    model = net.model(net.node("Relu", "x"))
    if broken:
        opsets = [helper.make_opsetid("", 17)]
        inside = [helper.make_node("Relu", ["a"], ["b"])]
        model.functions.append(helper.make_function("own", "F", ["a"], ["b"], inside, opsets))
    return model


def operator(op: str, opset: int = 20) -> Case:
    def made(broken: bool) -> onnx.ModelProto:
        net = QdqBuilder(opset=opset)
        return net.model(net.node(op if broken else "Relu", "x"))

    return made


case("importers")(operator("MaxUnpool", 17))
case("importers-since", [TRT_8_5])(operator("LayerNormalization", 17))
case("importers-since", [TRT_8_5, TRT_8_6])(operator("Hardmax", 17))
case("importers-since", ALL[:3])(operator("DeformConv", 17))
