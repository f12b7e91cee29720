"""A detector whose answer is plain to see, its contract, and scenes painted for it.

Every painted pixel of a scene tells of an object: how far its centre is, its size, its angle and
its class. The network gives a box for each such pixel that it sees, so each object comes many
times, whole, in every window that shows a bit of it.
"""

from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
from builders.graphs import GraphBuilder
from onnx import TensorProto, helper

from edgers.kernels.boxes import Boxes

BANDS = ("dx", "dy", "w", "h", "a", "k")
SCORE = 0.75
GRID_PX = 3
"""One pixel in this many, along each axis, is painted."""
CLASSES = [{"value": 3, "name": "ship"}, {"value": 7, "name": "plane"}]


def detector_contract(boxes: dict[str, Any] | None = None, **input_fields: Any) -> dict[str, Any]:
    """Give the contract of `painted_net`; `boxes` goes into edgers:boxes."""
    return {
        "mlm:name": "boxes",
        "mlm:architecture": "test",
        "mlm:tasks": ["object-detection"],
        "mlm:input": [
            {
                "name": "x",
                "bands": [{"name": name} for name in BANDS],
                "input": {
                    "shape": [-1, len(BANDS), -1, -1],
                    "dim_order": ["batch", "channel", "height", "width"],
                    "data_type": "float32",
                },
                **input_fields,
            }
        ],
        "mlm:output": [
            {
                "name": "y",
                "tasks": ["object-detection"],
                "result": {
                    "shape": [-1, 7],
                    "dim_order": ["box", "channel"],
                    "data_type": "float32",
                },
                "classification:classes": CLASSES,
                "edgers:boxes": {
                    "format": "cxcywha",
                    "columns": ["box", "class", "score"],
                    **(boxes or {}),
                },
            }
        ],
    }


def painted_net() -> onnx.ModelProto:
    """Give a box for each pixel whose width is above zero, (box, 7)."""
    graph = GraphBuilder()
    graph.channels["x"] = len(BANDS)

    def part(tensor: str, begin: int, end: int, axis: int) -> str:
        ends = [graph.constant([value], "int64") for value in (begin, end, axis)]
        return graph.node("Slice", [tensor, *ends])

    painted = graph.node("Greater", [part("x", 2, 3, 1), graph.constant(0.5)])
    places = graph.node("Transpose", [graph.node("NonZero", [painted])], perm=[1, 0])
    indices = graph.node("Gather", [places, graph.constant([0, 2, 3], "int64")], axis=1)
    last = graph.node("Transpose", ["x"], perm=[0, 2, 3, 1])
    told = graph.node("GatherND", [last, indices])
    rows_columns = graph.node("Gather", [places, graph.constant([3, 2], "int64")], axis=1)
    pixels = graph.node("Cast", [rows_columns], to=TensorProto.FLOAT)
    middles = graph.node("Add", [pixels, graph.constant(0.5)])
    centres = graph.node("Add", [middles, part(told, 0, 2, 1)])
    scores = graph.node("Mul", [part(told, 0, 1, 1), graph.constant(0.0)])
    scores = graph.node("Add", [scores, graph.constant(SCORE)])
    boxes = graph.node("Concat", [centres, part(told, 2, 6, 1), scores], axis=1)
    graph.nodes.append(helper.make_node("Identity", [boxes], ["y"]))
    shape = ["n", len(BANDS), "h", "w"]
    made = helper.make_graph(
        graph.nodes, "detector",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["boxes", 7])],
        graph.weights,
    )  # fmt: skip
    model = helper.make_model(made, opset_imports=[helper.make_opsetid("", graph.opset)])
    model.ir_version = 8
    return model


def painted_scene(
    boxes: Boxes, kinds: npt.NDArray[np.integer], height: int, width: int
) -> npt.NDArray[np.float32]:
    """Paint objects, (object, 5) and (object,), into a scene, (band, height, width)."""
    scene = np.zeros((len(BANDS), height, width), np.float32)
    y, x = (np.mgrid[0:height, 0:width] + 0.5).astype(np.float64)
    for (cx, cy, w, h, angle), kind in zip(boxes.astype(np.float64), kinds, strict=True):
        along = (x - cx) * np.cos(angle) + (y - cy) * np.sin(angle)
        across = (y - cy) * np.cos(angle) - (x - cx) * np.sin(angle)
        inside = (abs(along) < w / 2) & (abs(across) < h / 2)
        inside[np.arange(height) % GRID_PX > 0] = False
        inside[:, np.arange(width) % GRID_PX > 0] = False
        told = [cx - x, cy - y, *(np.full(x.shape, one) for one in (w, h, angle, kind))]
        for band, values in zip(scene, told, strict=True):
            band[inside] = values[inside]
    return scene


def painted_objects() -> tuple[Boxes, npt.NDArray[np.int64]]:
    """Give some objects of a scene of 150 × 200 px: moored, long, lone ones at the edges."""
    rows = [[20 + 18 * i, 60 + 3 * i, 40, 14, 1.3] for i in range(6)]
    rows += [[100, 20, 180, 12, 0.05], [165, 95, 110, 15, 1.4], [60, 120, 24, 24, 0.6]]
    rows += [[12, 128, 16, 10, 2.0], [125, 128, 30, 11, 0.0], [125, 108, 30, 11, 0.1]]
    return np.array(rows, np.float32), np.arange(len(rows)) % 2
