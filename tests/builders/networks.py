"""Networks whose answer is plain to see, and contracts for them.

All take three bands as `x` and give `y`; where nothing else is said, the scores of the three
classes are the bands themselves, so that the class map is the position of the largest band.
"""

from typing import Any

import numpy as np
import onnx
from builders.bundles import contract_document
from builders.graphs import BANDS, GraphBuilder
from onnx import TensorProto, helper

NAN_AT, INF_AT = 7.0, 9.0
"""Input values at which `broken_net` gives NaN and infinity."""


def plain_contract(
    output: dict[str, Any] | None = None, shape: list[int] | None = None, **input_fields: Any
) -> dict[str, Any]:
    """Give a contract without scaling; `output` goes into mlm:output, `shape` into its result."""
    document = contract_document(**input_fields)
    if "value_scaling" not in input_fields:
        del document["mlm:input"][0]["value_scaling"]
    document["mlm:output"][0].update(output or {})
    if shape:
        document["mlm:output"][0]["result"]["shape"] = shape
    return document


def value_contract(**output: Any) -> dict[str, Any]:
    """Give the contract of a network whose bands are values."""
    document = plain_contract(output)
    stated = document["mlm:output"][0]
    del stated["classification:classes"]
    stated["tasks"] = ["regression"]
    stated["result"]["dim_order"] = ["batch", "channel", "height", "width"]
    return document


def index_contract() -> dict[str, Any]:
    """Give the contract of `index_net`."""
    result = {
        "shape": [-1, -1, -1],
        "dim_order": ["batch", "height", "width"],
        "data_type": "int64",
    }
    return plain_contract({"result": result})


def two_class_contract(**output: Any) -> dict[str, Any]:
    """Give the contract of `one_score_net`."""
    classes = [{"value": 0, "name": "dry"}, {"value": 1, "name": "wet"}]
    return plain_contract({"classification:classes": classes, **output}, [-1, 1, -1, -1])


def channels_last_contract() -> dict[str, Any]:
    """Give the contract of `channels_last_net`."""
    document = plain_contract()
    axes = ["batch", "height", "width", "channel"]
    document["mlm:input"][0]["input"].update(shape=[-1, -1, -1, BANDS], dim_order=axes)
    document["mlm:output"][0]["result"].update(shape=[-1, -1, -1, BANDS], dim_order=axes)
    return document


def closed(
    graph: GraphBuilder, output: str, *, rank: int = 4, kind: int = TensorProto.FLOAT,
    input_kind: int = TensorProto.FLOAT,
) -> onnx.ModelProto:  # fmt: skip
    """Close a graph whose input or output has another type or rank than the usual."""
    model = graph.model(output)
    model.graph.input[0].type.tensor_type.elem_type = input_kind
    dims = [f"d{axis}" for axis in range(rank)]
    model.graph.output[0].CopyFrom(helper.make_tensor_value_info("y", kind, dims))
    return model


def band_net() -> onnx.ModelProto:
    """Scores are the bands."""
    return GraphBuilder().model("x")


def fixed_net() -> onnx.ModelProto:
    """Scores are the bands; only 64 × 64 px are taken."""
    return GraphBuilder().model("x", sizes=(64, 64))


def channels_last_net() -> onnx.ModelProto:
    """Scores are the bands, channels last."""
    return GraphBuilder().model("x", axes=("batch", "height", "width", "channel"))


def index_net() -> onnx.ModelProto:
    """Give the position of the largest band instead of scores."""
    graph = GraphBuilder()
    found = graph.node("ArgMax", ["x"], axis=1, keepdims=0)
    return closed(graph, found, rank=3, kind=TensorProto.INT64)


def one_score_net() -> onnx.ModelProto:
    """Give the first band as the one score."""
    graph = GraphBuilder()
    weight = graph.constant(np.array([1, 0, 0]).reshape(1, 3, 1, 1))
    return graph.model(graph.node("Conv", ["x", weight], channels=1))


def patch_net() -> onnx.ModelProto:
    """Give the mean band of each 4 × 4 patch."""
    graph = GraphBuilder()
    return graph.model(graph.pool("x", "AveragePool", kernel=4, stride=4))


def valid_net() -> onnx.ModelProto:
    """Give the bands without a border of 2 px: a 5 × 5 convolution without padding."""
    graph = GraphBuilder()
    kernel = np.zeros((BANDS, 1, 5, 5))
    kernel[:, :, 2, 2] = 1
    weight = graph.constant(kernel)
    return graph.model(graph.node("Conv", ["x", weight], channels=BANDS, group=BANDS))


def broken_net() -> onnx.ModelProto:
    """Scores are the bands; NaN at `NAN_AT`, infinity at `INF_AT`."""
    graph = GraphBuilder()
    beside_nan = graph.node("Sub", ["x", graph.constant(NAN_AT)])
    one = graph.node("Div", [beside_nan, beside_nan])
    beside_inf = graph.node("Sub", ["x", graph.constant(INF_AT)])
    tiny = graph.node("Div", [graph.constant(1e-6), beside_inf], channels=BANDS)
    return graph.model(graph.add(graph.node("Mul", ["x", one]), tiny))


def unet() -> onnx.ModelProto:
    """A small U-Net that only takes sides that are multiples of four."""
    graph = GraphBuilder(seed=3)
    first = graph.relu(graph.conv("x"))
    second = graph.relu(graph.conv(graph.pool(first)))
    deep = graph.relu(graph.conv(graph.pool(second)))
    up = graph.concat(graph.transposed(deep), second)
    top = graph.concat(graph.transposed(graph.relu(graph.conv(up))), first)
    return graph.model(graph.conv(top, 3, kernel=1))


def attention_net() -> onnx.ModelProto:
    """Channels weighted by their mean over the tile: a graph without a bound."""
    graph = GraphBuilder(seed=1)
    x = graph.conv("x", 8)
    gate = graph.node("Sigmoid", [graph.node("GlobalAveragePool", [x])])
    return graph.model(graph.conv(graph.node("Mul", [x, gate]), 3, kernel=1))


def cast_net(kind: int) -> onnx.ModelProto:
    """Scores are the bands, which come as another type."""
    graph = GraphBuilder()
    return closed(graph, graph.node("Cast", ["x"], to=TensorProto.FLOAT), input_kind=kind)
