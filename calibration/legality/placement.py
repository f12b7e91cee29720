"""Where Q and DQ may stand."""

from collections.abc import Iterator

from edgers.calibration.legality.bands import ALL, Band
from edgers.calibration.legality.graph_view import (
    GraphView,
    constant,
    dequantizer,
    maker,
    nodes_of,
    passed_on,
    readers,
)
from edgers.calibration.legality.rule import Level, Trouble, rule

WEIGHTED = frozenset({"Conv", "ConvTranspose", "Gemm", "MatMul"})
"""Operators that TensorRT computes in INT8 when both inputs are dequantized."""

FUSED = frozenset({
    "BatchNormalization", "Clip", "Elu", "Gelu", "HardSigmoid", "HardSwish", "LeakyRelu", "Mish",
    "PRelu", "Relu", "Selu", "Sigmoid", "Softplus", "Tanh",
})  # fmt: skip
"""Operators that TensorRT computes together with the weighted one before them."""

INTEGER_OPS = frozenset({
    "ConvInteger", "DynamicQuantizeLinear", "MatMulInteger", "QLinearConv", "QLinearMatMul",
})  # fmt: skip
"""ONNX operators that compute with integers; all have N in the table of operators.md."""


@rule(Level.REFUSED, ALL)
def integer_ops(view: GraphView, band: Band) -> Iterator[Trouble]:
    """Quantization is told by Q/DQ, not by operators that compute with integers.

    Source: onnx-tensorrt docs/operators.md of 8.4 and 10.15: QLinearConv, QLinearMatMul,
    ConvInteger, MatMulInteger and DynamicQuantizeLinear have no importer.
    """
    for node in nodes_of(view, INTEGER_OPS):
        yield Trouble(
            node=node.label, what=f"{node.label}: is {node.op}.",
            fix="Quantize statically with QuantFormat.QDQ.",
        )  # fmt: skip


@rule(Level.REFUSED, ALL)
def pairs(view: GraphView, band: Band) -> Iterator[Trouble]:
    """A QuantizeLinear feeds DequantizeLinear alone, which takes nothing else but constants.

    Source: onnx-tensorrt 10.15 docs/operators.md: INT8 is supported "only through quantization
    from a floating-point type"; TensorRT documentation, Explicit Quantization.
    """
    for one in view.quantizers:
        if one.dequantizes:
            node = maker(view, one.x)
            if constant(view, one.x) is None and not (node and node.op == "QuantizeLinear"):
                yield Trouble(
                    node=one.node.label, tensor=one.x,
                    what=f"{one.node.label}: dequantizes {one.x!r}, which no QuantizeLinear makes.",
                    fix="Let the network take and give floating point.",
                )  # fmt: skip
            continue
        for output in filter(None, one.node.outputs):
            found = [
                node.label for node, _ in readers(view, output)
                if node.domain or node.op != "DequantizeLinear"
            ]  # fmt: skip
            if not view.results.isdisjoint(passed_on(view, output)):
                found.append("an output of the graph")
            if found or not view.consumers.get(output):
                yield Trouble(
                    node=one.node.label, tensor=output,
                    what=f"{one.node.label}: feeds {', '.join(found) or 'nothing'}.",
                    fix="Put a DequantizeLinear after it.",
                )  # fmt: skip


@rule(Level.UNFIT, ALL)
def activation_first(view: GraphView, band: Band) -> Iterator[Trouble]:
    """No Q/DQ stands between a weighted operator and its activation.

    Source: TensorRT documentation, Explicit Quantization, placement recommendations: the two are
    fused only when they are next to each other; ONNX Runtime places them so when activations are
    symmetric.
    """
    for node in nodes_of(view, FUSED):
        before = maker(view, node.inputs[0]) if node.inputs else None
        if before is None or before.op != "DequantizeLinear" or not before.inputs:
            continue
        quantizer = maker(view, before.inputs[0])
        if quantizer is None or quantizer.op != "QuantizeLinear" or not quantizer.inputs:
            continue
        weighted = maker(view, quantizer.inputs[0])
        if weighted and weighted.op in WEIGHTED:
            yield Trouble(
                node=quantizer.label, tensor=quantizer.inputs[0],
                what=f"{quantizer.label}: stands between {weighted.label} and {node.label}.",
                fix="Quantize with OpTypesToExcludeOutputQuantization set to the quantized types.",
            )  # fmt: skip


@rule(Level.UNFIT, ALL)
def both_or_none(view: GraphView, band: Band) -> Iterator[Trouble]:
    """Of a weighted operator both inputs are quantized, or none.

    Source: TensorRT documentation, Explicit Quantization, placement recommendations: quantize all
    inputs of weighted operations; INT8 weights with floating-point activations have no kernels.
    """
    for node in nodes_of(view, WEIGHTED):
        if len(node.inputs) < 2:
            continue
        given = [dequantizer(view, name) is not None for name in node.inputs[:2]]
        if given[0] != given[1]:
            yield Trouble(
                node=node.label, tensor=node.inputs[given.index(False)],
                what=f"{node.label}: only its {'second' if given[1] else 'first'} input is"
                " quantized.",
                fix="Quantize the other one too, or leave the node out (nodes_to_exclude).",
            )  # fmt: skip


@rule(Level.REMARK, ALL)
def add_branches(view: GraphView, band: Band) -> Iterator[Trouble]:
    """Both branches of an Add are quantized, or none, or one and the other comes out of a
    weighted operator in INT8.

    Source: TensorRT documentation, Explicit Quantization, placement recommendations: quantize the
    residual input of skip connections; otherwise the sum is computed in floating point.
    """
    for node in nodes_of(view, frozenset({"Add", "Sum"})):
        branches = [name for name in node.inputs if name and constant(view, name) is None]
        bare = [name for name in branches if dequantizer(view, name) is None]
        if len(bare) in (0, len(branches)) or all(_is_int8(view, name) for name in bare):
            continue
        yield Trouble(
            node=node.label, tensor=bare[0],
            what=f"{node.label}: {bare[0]!r} is not quantized while another branch is.",
            fix="Quantize both branches, or leave the node out (nodes_to_exclude).",
        )  # fmt: skip


def _is_int8(view: GraphView, tensor: str) -> bool:
    """Tell whether a tensor comes out of a weighted operator both of whose inputs are quantized."""
    node = maker(view, tensor)
    if node is None or node.op not in WEIGHTED or len(node.inputs) < 2:
        return False
    return all(dequantizer(view, name) for name in node.inputs[:2])


RULES = (integer_ops, pairs, activation_first, both_or_none, add_branches)
