"""A small network with one layer that 8 bits are bad for, and layers of it quantized alone."""

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
from builders.graphs import BANDS, GraphBuilder
from onnx import numpy_helper
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, quantize_static

from edgers.engines import Tensors

WILD = 3
"""Which of the convolutions has weights that differ a thousandfold."""


@dataclass(frozen=True)
class TestLayer:
    __test__ = False

    name: str
    output: str


@dataclass
class NoiseTiles:
    """Tiles of normal noise, made anew each time."""

    count: int = 2
    size_px: int = 24
    read: int = 0
    """Tiles given so far."""

    def __len__(self) -> int:
        return self.count

    def __iter__(self) -> Iterator[Tensors]:
        random = np.random.default_rng(5)
        for _ in range(self.count):
            self.read += 1
            shape = (1, BANDS, self.size_px, self.size_px)
            yield {"x": random.normal(size=shape).astype(np.float32)}


class _Reader(CalibrationDataReader):
    def __init__(self, tiles: NoiseTiles) -> None:
        self._tiles = iter(tiles)

    def get_next(self) -> Tensors | None:
        return next(self._tiles, None)


def wild_net() -> onnx.ModelProto:
    """Give five convolutions; in one a few weights are a thousand times the others."""
    graph = GraphBuilder(seed=3)
    x = "x"
    for _ in range(4):
        x = graph.relu(graph.conv(x, 6))
    model = graph.model(graph.conv(x, 3, kernel=1))
    weight = model.graph.initializer[2 * (WILD - 1)]
    values = numpy_helper.to_array(weight).copy()
    # The channel is always 0: in FP32 its weights do nothing, in 8 bits they take all the range.
    values[:, 0] *= 1000
    weight.CopyFrom(numpy_helper.from_array(values, weight.name))
    for dead in model.graph.initializer[2 * (WILD - 2) : 2 * (WILD - 1)]:
        values = numpy_helper.to_array(dead).copy()
        values[0] = 0
        dead.CopyFrom(numpy_helper.from_array(values, dead.name))
    return model


def layers_of(model: onnx.ModelProto) -> list[TestLayer]:
    """Give the convolutions in the order of the graph."""
    return [
        TestLayer(node.name, node.output[0]) for node in model.graph.node if node.op_type == "Conv"
    ]


def quantized_only(model: onnx.ModelProto, *names: str) -> bytes:
    """Quantize these nodes to 8 bits as ONNX Runtime does, with a range a tensor."""
    with tempfile.TemporaryDirectory() as folder:
        there = Path(folder) / "quantized.onnx"
        # It moves the weights of a model it is given out to a file.
        own = onnx.load_from_string(model.SerializeToString())
        quantize_static(
            own, there, _Reader(NoiseTiles()), quant_format=QuantFormat.QDQ,
            nodes_to_quantize=list(names), per_channel=False,
        )  # fmt: skip
        return there.read_bytes()
