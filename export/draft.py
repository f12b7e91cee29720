"""A first contract for a graph: everything the graph says, and a '?' for everything it does not."""

import contextlib
import json
from typing import TYPE_CHECKING

from edgers.contract.read_output import PALETTE
from edgers.errors import GraphError
from edgers.export.graph import graph_inputs, tensor_facts
from edgers.tiling.graph import PROBE_DATES, PROBE_SIZES_PX
from edgers.tiling.probe import probe_graph

if TYPE_CHECKING:
    import onnx

MLM_SCHEMA = "https://stac-extensions.github.io/mlm/v1.6.0/schema.json"
AXES = ["batch", "channel", "height", "width"]
SERIES_AXES = ["batch", "time", "channel", "height", "width"]
VOLUME_AXES = ["batch", "channel", "time", "height", "width"]
"""Axes where a convolution takes the tensor as it is: channels come second (ONNX Conv)."""

COMMENTS = {
    "bands": "One entry a channel, in channel order. Scenes are searched by name, then "
    "common_name, then center_wavelength (µm). unit and data_type, if given, refuse others.",
    "scaling": "Steps in order: z-score {mean, stddev}, min-max {minimum, maximum}, clip, "
    "clip-min, clip-max, offset (subtracts value), scale (divides by value), decibel {floor}, "
    "cast {data_type}, percentile {low, high} (of each band of the scene itself). A number holds "
    "for all bands; a list has one number a band. For example "
    '[{"type": "scale", "value": 10000}]. Remove the field if the graph scales its input itself.',
    "inputs": "All inputs lie on one pixel grid: that of the first one's files, so put the main "
    "image first. For an input that may be left out, add 'edgers:optional': {'fill': number}, the "
    "sample that stands in. For a DEM or a reference mask, 'counts': false under edgers:nodata "
    "keeps its holes out of the product.",
    "time": "Check the order of 'time' and 'channel': it is a guess. Dates are fed in order.",
    "nodata": "pixel: 'all' or 'any' of the bands missing makes a pixel nodata. fill: what the "
    "network sees instead of a missing sample, before scaling; 'mean' is the z-score mean.",
    "values": "'stored' samples, or 'physical' ones: stored × scale tag + offset tag.",
    "gsd": "Ground sample distance the model was trained at, in metres; scenes far from it are "
    "refused, or read on a grid of this GSD with 'edgers:gsd_rule': 'resample'. Remove the field "
    "to take any.",
    "row": "An answer for a tile: 'class' with classes is a guess. For an embedding name the axis "
    "'feature', with 'edgers:normalise': 'l2' if it is to have length one; for numbers 'channel', "
    "with 'edgers:values': [{name, unit}]. Remove the classes then.",
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
    answer = _output(outputs[0], _seen_shape(model))
    document = {
        "$comment": "A STAC MLM contract (github.com/stac-extensions/mlm) with edgers: additions. "
        "Replace every '?'. Keys named $comment may stay or go.",
        "stac_extensions": [MLM_SCHEMA],
        "mlm:name": name,
        "mlm:architecture": "unknown",
        "mlm:tasks": answer["tasks"],
        **({"$comment mlm:input": COMMENTS["inputs"]} if len(inputs) > 1 else {}),
        "mlm:input": [_input(model, entry) for entry in inputs],
        "mlm:output": [answer],
    }
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def _axes(shape: tuple[int, ...]) -> list[str]:
    """Guess the axis order: channels last where the last axis is the only small fixed one."""
    if len(shape) == 3:
        return ["batch", "height", "width"]
    if len(shape) != 4:
        return [f"axis{i}" for i in range(len(shape))]
    last = 0 < shape[3] <= 16 and not 0 < shape[1] <= 16
    return ["batch", "height", "width", "channel"] if last else AXES


def _input_axes(model: "onnx.ModelProto", entry: "onnx.ValueInfoProto") -> list[str]:
    """Guess the axis order of an input, a series of dates and rows of a table included."""
    shape = tensor_facts(entry)[0]
    if len(shape) == 2:
        return ["batch", "channel"]
    if len(shape) == 3 and 1 in shape[1:]:
        return ["batch", "length", "channel"] if shape[1] == 1 else ["batch", "channel", "length"]
    if len(shape) != len(SERIES_AXES):
        return _axes(shape)
    takers = {node.op_type for node in model.graph.node if entry.name in node.input}
    return VOLUME_AXES if "Conv" in takers else SERIES_AXES


def _along(shape: tuple[int, ...], axis: str) -> int:
    """Give the length along a guessed axis, 0 where there is none."""
    axes = _axes(shape)
    return shape[axes.index(axis)] if axis in axes else 0


def _seen_shape(model: "onnx.ModelProto") -> tuple[int, ...]:
    """Run the graph to see the shape of its first output; empty where it does not run."""
    for height, width in PROBE_SIZES_PX:
        free = {"batch": 1, "time": PROBE_DATES, "height": height, "width": width}
        shapes = {
            entry.name: tuple(
                length if length > 0 else free.get(axis, 1)
                for axis, length in zip(
                    _input_axes(model, entry), tensor_facts(entry)[0], strict=True
                )
            )
            for entry in graph_inputs(model)
        }
        # The runtime raises classes of its own; a draft does without what it cannot see.
        with contextlib.suppress(Exception):
            probe = probe_graph(model, shapes, (height, width))
            return probe.shapes[model.graph.output[0].name]
    return ()


def _input(model: "onnx.ModelProto", entry: "onnx.ValueInfoProto") -> dict[str, object]:
    shape, data_type = tensor_facts(entry)
    axes = _input_axes(model, entry)
    count = shape[axes.index("channel")] if "channel" in axes else 1
    bands = [{"name": f"?{i + 1}", "common_name": "?"} for i in range(max(1, count))]
    return {
        "name": entry.name,
        "$comment bands": COMMENTS["bands"],
        "bands": bands,
        **({"$comment input": COMMENTS["time"]} if "time" in axes else {}),
        "input": {"shape": list(shape), "dim_order": axes, "data_type": data_type},
        "$comment edgers:value_scaling": COMMENTS["scaling"],
        "edgers:value_scaling": "?",
        "$comment edgers:nodata": COMMENTS["nodata"],
        "edgers:nodata": {"pixel": "all", "fill": 0},
        "$comment edgers:values": COMMENTS["values"],
        "edgers:values": "stored",
        **(
            {"$comment edgers:gsd_m": COMMENTS["gsd"], "edgers:gsd_m": "?"}
            if "height" in axes
            else {}
        ),
    }


def _output(entry: "onnx.ValueInfoProto", seen: tuple[int, ...]) -> dict[str, object]:
    stated, data_type = tensor_facts(entry)
    is_row = len(seen or stated) == 2
    axes = ["batch", "class"] if is_row else _axes(seen or stated)
    scores = (seen or stated)[1] if is_row else _along(seen or stated, "channel")
    shape = [scores if axis in ("channel", "class") else -1 for axis in axes]
    classes = [
        {"value": i, "name": f"?{i}", "color_hint": PALETTE[i % len(PALETTE)]}
        for i in range(max(2, scores))
    ]
    return {
        "name": entry.name,
        "tasks": ["scene-classification" if is_row else "semantic-segmentation"],
        **({"$comment result": COMMENTS["row"]} if is_row else {}),
        "result": {"shape": shape, "dim_order": axes, "data_type": data_type},
        "$comment classification:classes": COMMENTS["classes"],
        "classification:classes": classes,
        "$comment edgers:activation": COMMENTS["activation"],
        "edgers:activation": "softmax",
    }
