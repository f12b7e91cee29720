"""The detector as an ONNX file, built node by node so that its bytes are reproducible."""

import numpy as np
import numpy.typing as npt
import onnx
from onnx import TensorProto, helper, numpy_helper

from edgers.export.detector_demo.plan import BANDS_IN, HEADS, PLAN, Kind, Layer

OPSET = 17
"""ONNX operator set of the file."""

IR_VERSION = 8
"""ONNX file format version, the one that belongs to opset 17's release."""

DOC = (
    "Detector demonstration network of EdgeRS: ships, planes and vehicles from four bands. "
    "Trained on rendered scenes only; says nothing about real images."
)
"""Documentation string of the model."""


def onnx_bytes(weights: dict[str, npt.NDArray[np.float32]]) -> bytes:
    """Give the ONNX file of folded weights; equal weights give equal bytes.

    Input "x" float32 [n, 4, h, w], h and w multiples of `plan.SIZE_MULTIPLE_PX`; outputs "scores"
    [n, 3, h/4, w/4] and "boxes" [n, 6, h/4, w/4]. Raises KeyError if a layer's weights are
    missing, onnx.checker.ValidationError if the graph is malformed.
    """
    nodes: list[onnx.NodeProto] = []
    kept: list[str] = []
    tensor = "x"
    for layer in PLAN:
        if layer.kind is Kind.KEEP:
            kept.append(tensor)
            continue
        nodes += _nodes(layer, tensor)
        tensor = layer.name
        if layer.kind is Kind.UP:
            tensor = f"{layer.name}.joined"
            nodes.append(_node("Concat", [layer.name, kept.pop()], tensor, axis=1))
    for name, _ in HEADS:
        inputs = [tensor, f"{name}.weight", f"{name}.bias"]
        nodes.append(_node("Conv", inputs, name, kernel_shape=[1, 1]))
    names = [one.name for one in PLAN if one.kind is not Kind.KEEP] + [name for name, _ in HEADS]
    initializers = [
        numpy_helper.from_array(np.ascontiguousarray(weights[full]), name=full)
        for name in names
        for full in (f"{name}.weight", f"{name}.bias")
    ]
    graph = helper.make_graph(
        nodes, "detector", [_value("x", BANDS_IN, ("h", "w"))],
        [_value(name, channels, ("rows", "columns")) for name, channels in HEADS],
        initializer=initializers, doc_string=DOC,
    )  # fmt: skip
    model = helper.make_model(
        graph, producer_name="edgers", doc_string=DOC, ir_version=IR_VERSION,
        opset_imports=[helper.make_opsetid("", OPSET)],
    )  # fmt: skip
    onnx.checker.check_model(model, full_check=True)
    return bytes(model.SerializeToString(deterministic=True))


def _nodes(layer: Layer, tensor: str) -> list[onnx.NodeProto]:
    """Give the nodes of one layer; the last one's output has the layer's name."""
    inputs = [tensor, f"{layer.name}.weight", f"{layer.name}.bias"]
    if layer.kind is Kind.UP:
        shape = {"kernel_shape": [2, 2], "strides": [2, 2]}
        return [_node("ConvTranspose", inputs, layer.name, **shape)]
    stride = 2 if layer.kind is Kind.DOWN else 1
    convolved = _node(
        "Conv", inputs, f"{layer.name}.linear", kernel_shape=[3, 3], pads=[1, 1, 1, 1],
        strides=[stride, stride],
    )  # fmt: skip
    return [convolved, _node("Relu", [f"{layer.name}.linear"], layer.name)]


def _node(operator: str, inputs: list[str], output: str, **attributes: object) -> onnx.NodeProto:
    return helper.make_node(operator, inputs, [output], name=output, **attributes)


def _value(name: str, channels: int, sides: tuple[str, str]) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n", channels, *sides])
