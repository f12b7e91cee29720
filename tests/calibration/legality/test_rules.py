"""For each rule a file that is legal, and the same with the one thing broken."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
import pytest
from builders.qdq import QdqBuilder
from onnx import TensorProto, helper

from edgers.calibration.legality import ALL, RULES, Band, Legality, Level, check_legality
from edgers.calibration.legality.bands import BEFORE_10, FROM_10, TRT_8_5, TRT_8_6, TRT_10_15

Case = Callable[[bool], onnx.ModelProto]
"""Give the legal file, or the one with the rule broken."""


@dataclass(frozen=True, kw_only=True)
class Pair:
    """A legal file and a broken one."""

    name: str
    """The rule that is broken."""
    bands: Sequence[Band]
    """Where it is."""
    made: Case
    """The files."""
    also: frozenset[str]
    """Other rules that cannot be kept when this one is broken."""
    legal_on: Sequence[Band]
    """Where the legal file is legal."""


CASES: list[Pair] = []


def case(
    name: str,
    bands: Sequence[Band] = ALL,
    *,
    also: Sequence[str] = (),
    legal_on: Sequence[Band] = ALL,
) -> Callable[[Case], Case]:
    def entered(made: Case) -> Case:
        pair = Pair(name=name, bands=bands, made=made, also=frozenset(also), legal_on=legal_on)
        CASES.append(pair)
        return made

    return entered


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


def broken_rules(legality: Legality, band: Band) -> set[str]:
    """Name the rules of which a band has findings or remarks."""
    verdict = legality.of(band)
    return {finding.rule.name for finding in (*verdict.findings, *verdict.remarks)}


@pytest.mark.parametrize(
    "pair", CASES, ids=[f"{pair.name}-{position}" for position, pair in enumerate(CASES)]
)
def test_a_rule_finds_what_breaks_it_and_nothing_else(pair: Pair) -> None:
    legal, broken = check_legality(pair.made(False)), check_legality(pair.made(True))
    for band in ALL:
        before, after = broken_rules(legal, band), broken_rules(broken, band)
        if band not in pair.bands:
            assert pair.name not in after - before, band.name
            continue
        assert pair.name in after - before, band.name
        assert after - before <= {pair.name} | pair.also, band.name
        if band in pair.legal_on:
            assert legal.of(band).legal, band.name
            is_remark = RULES[pair.name].level is Level.REMARK
            assert broken.of(band).legal == is_remark, band.name


def test_every_rule_has_a_file_that_breaks_it_alone_on_each_of_its_bands() -> None:
    shown: dict[str, set[str]] = {name: set() for name in RULES}
    for pair in CASES:
        if not pair.also:
            shown[pair.name] |= {band.name for band in pair.bands if band in pair.legal_on}
    assert shown == {name: {band.name for band in rule.bands} for name, rule in RULES.items()}


def test_every_rule_says_what_it_asks_and_where_it_was_read() -> None:
    for name, rule in RULES.items():
        assert name == rule.name
        assert rule.text.endswith("."), name
        assert len(rule.source) > 20, name
