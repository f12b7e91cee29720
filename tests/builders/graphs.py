"""ONNX graphs for tests, built node by node."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
from onnx import TensorProto, helper, numpy_helper

from edgers.contract import Band, ModelInput

BANDS = 3
AXES = ("batch", "channel", "height", "width")


def image_input(bands: int = BANDS, axes: tuple[str, ...] = AXES) -> ModelInput:
    """Give an input that takes normal noise as it is."""
    sizes = {"batch": -1, "channel": bands, "height": -1, "width": -1}
    return ModelInput(
        name="x",
        bands=tuple(Band(name=f"b{i}") for i in range(bands)),
        shape=tuple(sizes[axis] for axis in axes),
        dim_order=axes,
        data_type="float32",
    )


@dataclass
class GraphBuilder:
    """A graph in the making; each method adds a node and gives its output tensor."""

    seed: int = 0
    opset: int = 17
    nodes: list[onnx.NodeProto] = field(default_factory=list)
    weights: list[onnx.TensorProto] = field(default_factory=list)
    channels: dict[str, int] = field(default_factory=lambda: {"x": BANDS})

    def __post_init__(self) -> None:
        self.random = np.random.default_rng(self.seed)

    def constant(self, value: npt.ArrayLike, dtype: str = "float32") -> str:
        name = f"w{len(self.weights)}"
        self.weights.append(numpy_helper.from_array(np.asarray(value, dtype), name))
        return name

    def node(
        self, op: str, inputs: list[str], *, channels: int | None = None, **attributes: Any
    ) -> str:
        name = f"t{len(self.nodes)}"
        self.nodes.append(
            helper.make_node(op, inputs, [name], name=f"{op}{len(self.nodes)}", **attributes)
        )
        self.channels[name] = channels if channels is not None else self.channels.get(inputs[0], 1)
        return name

    def conv(
        self, x: str, out: int = 4, kernel: int = 3, stride: int = 1, dilation: int = 1,
        pads: list[int] | None = None, group: int = 1, **attributes: Any,
    ) -> str:  # fmt: skip
        """Convolve with zero padding that keeps the size at stride 1, unless told otherwise."""
        into = self.channels[x] // group
        scale = 1 / np.sqrt(into * kernel * kernel)
        weight = self.constant(self.random.normal(0, scale, (out, into, kernel, kernel)))
        bias = self.constant(self.random.normal(0, 1, out))
        side = dilation * (kernel - 1) // 2
        if "auto_pad" not in attributes:
            attributes["pads"] = pads if pads is not None else [side] * 4
        return self.node(
            "Conv", [x, weight, bias], channels=out, kernel_shape=[kernel] * 2,
            strides=[stride] * 2, dilations=[dilation] * 2, group=group, **attributes,
        )  # fmt: skip

    def transposed(
        self, x: str, out: int = 4, kernel: int = 2, stride: int = 2, pad: int = 0, extra: int = 0
    ) -> str:
        into = self.channels[x]
        weight = self.constant(
            self.random.normal(0, 1 / np.sqrt(into), (into, out, kernel, kernel))
        )
        return self.node(
            "ConvTranspose", [x, weight], channels=out, kernel_shape=[kernel] * 2,
            strides=[stride] * 2, pads=[pad] * 4, output_padding=[extra] * 2,
        )  # fmt: skip

    def relu(self, x: str) -> str:
        return self.node("Relu", [x])

    def pool(
        self, x: str, op: str = "MaxPool", kernel: int = 2, stride: int = 2, **attributes: Any
    ) -> str:
        return self.node(op, [x], kernel_shape=[kernel] * 2, strides=[stride] * 2, **attributes)

    def resize(self, x: str, scale: float = 2.0, **attributes: Any) -> str:
        scales = self.constant([1, 1, scale, scale])
        return self.node("Resize", [x, "", scales], **attributes)

    def resize_like(self, x: str, like: str, **attributes: Any) -> str:
        """Resize to the size of another tensor, worked out at run time as exporters write it."""
        shape = self.node("Shape", [like])
        tail = self.node("Slice", [shape, self.constant([2], "int64"), self.constant([4], "int64")])
        head = self.node(
            "Slice",
            [self.node("Shape", [x]), self.constant([0], "int64"), self.constant([2], "int64")],
        )
        sizes = self.node("Concat", [head, tail], axis=0)
        return self.node("Resize", [x, "", "", sizes], channels=self.channels[x], **attributes)

    def concat(self, *tensors: str) -> str:
        return self.node(
            "Concat", list(tensors), channels=sum(self.channels[t] for t in tensors), axis=1
        )

    def add(self, *tensors: str) -> str:
        return self.node("Add", list(tensors))

    def model(
        self,
        output: str,
        sizes: tuple[int | str, int | str] = ("h", "w"),
        axes: tuple[str, ...] = AXES,
    ) -> onnx.ModelProto:
        """Close the graph; `sizes` fixes height and width where they are numbers."""
        dims = {"batch": "n", "channel": BANDS, "height": sizes[0], "width": sizes[1]}
        self.nodes.append(helper.make_node("Identity", [output], ["y"]))
        graph = helper.make_graph(
            self.nodes, "test",
            [helper.make_tensor_value_info("x", TensorProto.FLOAT, [dims[a] for a in axes])],
            [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["n", "a", "b", "c"])],
            self.weights,
        )  # fmt: skip
        made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", self.opset)])
        made.ir_version = 8
        return made
