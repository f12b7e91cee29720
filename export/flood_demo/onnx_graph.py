"""The flood network as an ONNX file, built node by node so that its bytes are reproducible."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import onnx
from onnx import TensorProto, helper, numpy_helper

from edgers.export.flood_demo.plan import BANDS_IN, CLASSES, PLAN, Kind, Layer

OPSET = 17
"""ONNX operator set of the file."""

IR_VERSION = 8
"""ONNX file format version, the one that belongs to opset 17's release."""

DOC = (
    "Flood demonstration network of EdgeRS: land, water, cloud from six bands. "
    "Trained on synthetic scenes only; says nothing about real floods."
)
"""Documentation string of the model."""


def onnx_bytes(weights: dict[str, npt.NDArray[np.float32]]) -> bytes:
    """Return the ONNX file of folded weights; equal weights give equal bytes.

    Input "x" float32 [n, 6, h, w], output "logits" float32 [n, 3, h, w]; h and w multiples of
    `plan.SIZE_MULTIPLE_PX`. Raises KeyError if a layer's weights are missing,
    onnx.checker.ValidationError if the graph is malformed.
    """
    nodes: list[onnx.NodeProto] = []
    kept: list[str] = []
    tensor = "x"
    for layer in PLAN:
        if layer.kind is Kind.POOL:
            kept.append(tensor)
        added = _nodes(layer, tensor)
        nodes += added
        tensor = added[-1].output[0]
        if layer.kind is Kind.UP:
            joined = f"{layer.name}.joined"
            nodes.append(_node("Concat", [tensor, kept.pop()], joined, axis=1))
            tensor = joined
    initializers = [
        numpy_helper.from_array(np.ascontiguousarray(weights[name]), name=name)
        for layer in PLAN
        if layer.kind is not Kind.POOL
        for name in (f"{layer.name}.weight", f"{layer.name}.bias")
    ]
    graph = helper.make_graph(
        nodes,
        "flood_unet",
        [_value("x", BANDS_IN)],
        [_value("logits", CLASSES)],
        initializer=initializers,
        doc_string=DOC,
    )
    model = helper.make_model(
        graph,
        producer_name="edgers",
        doc_string=DOC,
        ir_version=IR_VERSION,
        opset_imports=[helper.make_opsetid("", OPSET)],
    )
    onnx.checker.check_model(model, full_check=True)
    return bytes(model.SerializeToString(deterministic=True))


def _nodes(layer: Layer, tensor: str) -> list[onnx.NodeProto]:
    """Return the nodes of one layer; the last one's output is the layer's."""
    out = layer.name
    inputs = [tensor, f"{out}.weight", f"{out}.bias"]
    if layer.kind is Kind.POOL:
        return [_node("MaxPool", [tensor], out, kernel_shape=[2, 2], strides=[2, 2])]
    if layer.kind is Kind.UP:
        return [_node("ConvTranspose", inputs, out, kernel_shape=[2, 2], strides=[2, 2])]
    if layer.kind is Kind.HEAD:
        return [_node("Conv", inputs, "logits", kernel_shape=[1, 1])]
    convolved = _node("Conv", inputs, f"{out}.linear", kernel_shape=[3, 3], pads=[1, 1, 1, 1])
    return [convolved, _node("Relu", [f"{out}.linear"], out)]


def _node(operator: str, inputs: list[str], output: str, **attributes: object) -> onnx.NodeProto:
    return helper.make_node(operator, inputs, [output], name=output, **attributes)


def _value(name: str, channels: int) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n", channels, "h", "w"])
