"""Quantized ONNX graphs for tests, built node by node."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
from onnx import TensorProto, helper, numpy_helper

SCALE = 0.5
SHAPE = [1, 8, 4, 4]


@dataclass
class QdqBuilder:
    """A graph in the making; each method gives its output tensor."""

    opset: int = 17
    half: bool = False
    imports: dict[str, int] = field(default_factory=dict)
    nodes: list[onnx.NodeProto] = field(default_factory=list)
    weights: list[onnx.TensorProto] = field(default_factory=list)

    @property
    def kind(self) -> int:
        return TensorProto.FLOAT16 if self.half else TensorProto.FLOAT

    def floats(self, value: npt.ArrayLike) -> str:
        return self.constant(np.asarray(value, np.float16 if self.half else np.float32))

    def constant(self, value: npt.NDArray[Any] | onnx.TensorProto) -> str:
        name = f"w{len(self.weights)}"
        tensor = value if isinstance(value, onnx.TensorProto) else numpy_helper.from_array(value)
        tensor.name = name
        self.weights.append(tensor)
        return name

    def node(self, op: str, *inputs: str, domain: str = "", **attributes: Any) -> str:
        name = f"t{len(self.nodes)}"
        self.nodes.append(
            helper.make_node(
                op, list(inputs), [name], f"{op}{len(self.nodes)}", domain=domain, **attributes
            )
        )
        return name

    def scale(self, value: npt.ArrayLike = SCALE) -> str:
        return self.floats(value)

    def zeros(self, count: int = 0, kind: str = "int8") -> str:
        return self.constant(np.zeros((count,) if count else (), kind))

    def pair(self, x: str, scale: str = "", zero_point: str = "", **attributes: Any) -> str:
        """Quantize and dequantize, per tensor where nothing else is said."""
        scale, zero_point = scale or self.scale(), zero_point or self.zeros()
        quantized = self.node("QuantizeLinear", x, scale, zero_point, **attributes)
        return self.node("DequantizeLinear", quantized, scale, zero_point, **attributes)

    def weight(self, shape: tuple[int, ...] = (8, 8, 1, 1), axis: int = 0) -> str:
        """Dequantize a weight with a scale a channel."""
        stored = self.constant(np.ones(shape, np.int8))
        scale, zero_point = self.scale([SCALE] * shape[axis]), self.zeros(shape[axis])
        return self.node("DequantizeLinear", stored, scale, zero_point, axis=axis)

    def conv(self, x: str) -> str:
        """Convolve in INT8."""
        return self.node("Conv", self.pair(x), self.weight(), self.floats(np.zeros(8)))

    def float_conv(self, x: str) -> str:
        """Convolve in floating point."""
        return self.node("Conv", x, self.floats(np.ones((8, 8, 1, 1))))

    def model(
        self, output: str, kind: int = 0, input_kind: int = 0, shape: list[int] | None = None
    ) -> onnx.ModelProto:
        """Close the graph; input and output are of its floating-point type unless told."""
        self.nodes.append(helper.make_node("Identity", [output], ["y"], "last"))
        graph = helper.make_graph(
            self.nodes, "test",
            [helper.make_tensor_value_info("x", input_kind or self.kind, shape or SHAPE)],
            [helper.make_tensor_value_info("y", kind or self.kind, None)],
            self.weights,
        )  # fmt: skip
        opsets = [helper.make_opsetid(d, v) for d, v in {"": self.opset, **self.imports}.items()]
        model = helper.make_model(graph, opset_imports=opsets)
        model.ir_version = 9
        return model
