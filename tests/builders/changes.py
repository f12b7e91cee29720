"""A small detector of change between two dates."""

from collections.abc import Mapping, Sequence
from typing import Any

import onnx
from builders.graphs import GraphBuilder
from builders.stacks import closed_stack, input_document, stack_document

RGB = ("red", "green", "blue")
CHANGED = 60.0
"""Mean difference of the three bands, DN, from which on a pixel counts as changed."""


def difference_net() -> onnx.ModelProto:
    """The score of change: how far the mean absolute difference is beyond `CHANGED`."""
    graph = GraphBuilder()
    apart = graph.node("Abs", [graph.node("Sub", ["after", "before"])])
    mean = graph.node("ReduceMean", [apart], axes=[1], keepdims=1, channels=1)
    score = graph.node("Sub", [mean, graph.constant(CHANGED)])
    return closed_stack(graph, score, {"before": ["n", 3, "h", "w"], "after": ["n", 3, "h", "w"]})


def change_document(
    bands: Sequence[str] = RGB, kept: Mapping[str, Any] | None = None, **before: Any
) -> dict[str, Any]:
    """Give the contract; `kept` is the rule by which the first date is found among kept scenes."""
    if kept is not None:
        before["edgers:kept"] = {"as": "reference", **kept}
    document = stack_document(
        input_document("before", bands, **before), input_document("after", bands)
    )
    document["mlm:output"][0].update(
        {
            "tasks": ["change-detection"],
            "result": {
                "shape": [-1, 1, -1, -1],
                "dim_order": ["batch", "class", "height", "width"],
                "data_type": "float32",
            },
            "classification:classes": [
                {"value": 0, "name": "same"},
                {"value": 1, "name": "changed", "color_hint": "C05621"},
            ],
        }
    )
    return document
