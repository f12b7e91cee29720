"""A first contract for a graph: everything the graph says, and a '?' for everything it does not."""

import json
from typing import TYPE_CHECKING

from edgers.contract.read import PALETTE
from edgers.errors import GraphError
from edgers.export.graph import graph_inputs, tensor_facts

if TYPE_CHECKING:
    import onnx

MLM_SCHEMA = "https://stac-extensions.github.io/mlm/v1.6.0/schema.json"
AXES = ["batch", "channel", "height", "width"]

COMMENTS = {
    "bands": "One entry a channel, in channel order. Scenes are searched by name, then "
    "common_name, then center_wavelength (µm). unit and data_type, if given, refuse others.",
    "scaling": "Steps in order: z-score {mean, stddev}, min-max {minimum, maximum}, clip, "
    "clip-min, clip-max, offset (subtracts value), scale (divides by value), decibel {floor}, "
    "cast {data_type}. A number holds for all bands; a list has one number a band. Remove it if "
    "the graph scales its input itself.",
    "nodata": "pixel: 'all' or 'any' of the bands missing makes a pixel nodata. fill: what the "
    "network sees instead of a missing sample, before scaling; 'mean' is the z-score mean.",
    "values": "'stored' samples, or 'physical' ones: stored × scale tag + offset tag.",
    "gsd": "Ground sample distance the model was trained at, in metres; other scenes are refused.",
    "classes": "One entry a score, in channel order; value is what the class map will hold.",
    "activation": "softmax, sigmoid, or none where the graph gives probabilities already.",
}


def draft_from_graph(model: "onnx.ModelProto", name: str) -> str:
    """Write a contract as JSON text, comments under `$comment` keys, unknowns as `?`."""
    inputs, outputs = graph_inputs(model), list(model.graph.output)
    if not inputs or not outputs:
        raise GraphError(
            "the graph has no input or no output.",
            seen=f"{len(inputs)} inputs, {len(outputs)} outputs.",
        )
    document = {
        "$comment": "A STAC MLM contract (github.com/stac-extensions/mlm) with edgers: additions. "
        "Replace every '?'. Keys named $comment may stay or go.",
        "stac_extensions": [MLM_SCHEMA],
        "mlm:name": name,
        "mlm:architecture": "unknown",
        "mlm:tasks": ["semantic-segmentation"],
        "mlm:input": [_input(inputs[0])],
        "mlm:output": [_output(outputs[0])],
    }
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def _axes(shape: tuple[int, ...]) -> list[str]:
    """Guess the axis order: channels last where the last axis is the only small fixed one."""
    if len(shape) != 4:
        return AXES[: len(shape)] if len(shape) < 4 else [f"axis{i}" for i in range(len(shape))]
    last = 0 < shape[3] <= 16 and not 0 < shape[1] <= 16
    return ["batch", "height", "width", "channel"] if last else AXES


def _input(entry: "onnx.ValueInfoProto") -> dict[str, object]:
    shape, data_type = tensor_facts(entry)
    axes = _axes(shape)
    channels = shape[axes.index("channel")] if "channel" in axes else 1
    bands = [{"name": f"?{i + 1}", "common_name": "?"} for i in range(max(1, channels))]
    return {
        "name": entry.name,
        "$comment bands": COMMENTS["bands"],
        "bands": bands,
        "input": {"shape": list(shape), "dim_order": axes, "data_type": data_type},
        "$comment edgers:value_scaling": COMMENTS["scaling"],
        "edgers:value_scaling": [{"type": "scale", "value": 10000}],
        "$comment edgers:nodata": COMMENTS["nodata"],
        "edgers:nodata": {"pixel": "all", "fill": 0},
        "$comment edgers:values": COMMENTS["values"],
        "edgers:values": "stored",
        "$comment edgers:gsd_m": COMMENTS["gsd"],
        "edgers:gsd_m": 10,
    }


def _output(entry: "onnx.ValueInfoProto") -> dict[str, object]:
    shape, data_type = tensor_facts(entry)
    axes = _axes(shape)
    scores = shape[axes.index("channel")] if "channel" in axes else 2
    classes = [
        {"value": i, "name": f"?{i}", "color_hint": PALETTE[i % len(PALETTE)]}
        for i in range(2 if scores == 1 else max(2, scores))
    ]
    return {
        "name": entry.name,
        "tasks": ["semantic-segmentation"],
        "result": {
            "shape": list(shape) or [-1] * 4,
            "dim_order": axes or AXES,
            "data_type": data_type,
        },
        "$comment classification:classes": COMMENTS["classes"],
        "classification:classes": classes,
        "$comment edgers:activation": COMMENTS["activation"],
        "edgers:activation": "softmax",
    }
