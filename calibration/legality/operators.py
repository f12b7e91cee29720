"""Which operators have an importer."""

from collections.abc import Iterator, Mapping

from edgers.calibration.legality.bands import ALL, TRT_8_5, TRT_8_6, TRT_10_0, TRT_10_6, Band
from edgers.calibration.legality.graph_view import GraphView, nodes_of
from edgers.calibration.legality.rule import Level, Trouble, rule

ABSENT = frozenset({
    "AffineGrid", "Bernoulli", "BitShift", "BitwiseAnd", "BitwiseNot", "BitwiseOr", "BitwiseXor",
    "CenterCropPad", "Col2Im", "Compress", "ConcatFromSequence", "DFT", "Det", "ImageDecoder",
    "MaxRoiPool", "MaxUnpool", "MelWeightMatrix", "Multinomial", "NegativeLogLikelihoodLoss",
    "Optional", "OptionalGetElement", "OptionalHasElement", "RegexFullMatch", "SequenceAt",
    "SequenceConstruct", "SequenceEmpty", "SequenceErase", "SequenceInsert", "SequenceLength",
    "SequenceMap", "SoftmaxCrossEntropyLoss",
})  # fmt: skip
"""Operators with N in the table of 10.15; those that compute with integers have their own rule."""

SINCE: Mapping[str, Band] = {
    "GroupNormalization": TRT_8_6, "IsInf": TRT_8_6, "LayerNormalization": TRT_8_6,
    "Hardmax": TRT_10_0,
    "BlackmanWindow": TRT_10_6, "DeformConv": TRT_10_6, "HammingWindow": TRT_10_6,
    "HannWindow": TRT_10_6, "STFT": TRT_10_6,
}  # fmt: skip
"""First band all of whose versions have an operator."""


@rule(Level.REFUSED, ALL)
def importers(view: GraphView, band: Band) -> Iterator[Trouble]:
    """Every operator is one that some TensorRT imports.

    Source: onnx-tensorrt 10.15 docs/operators.md, the rows with N.
    """
    for node in nodes_of(view, ABSENT):
        yield Trouble(
            node=node.label, what=f"{node.label}: TensorRT does not import {node.op}.",
            fix="Write the network with other operators.",
        )  # fmt: skip


@rule(Level.REFUSED, (TRT_8_5, TRT_8_6, TRT_10_0))
def importers_since(view: GraphView, band: Band) -> Iterator[Trouble]:
    """Every operator is one that this band imports already.

    Source: onnx-tensorrt docs/Changelog.md: 8.6 LayerNormalization, GroupNormalization, IsInf; 9.2
    Hardmax; 10.1 DeformConv; 10.4 the windows; 10.5 STFT.
    """
    late = frozenset(op for op, since in SINCE.items() if ALL.index(band) < ALL.index(since))
    for node in nodes_of(view, late):
        yield Trouble(
            node=node.label,
            what=f"{node.label}: {node.op} is imported from {SINCE[node.op].name} on.",
            fix="Export the network in an opset where this is written with other operators.",
        )


RULES = (importers, importers_since)
