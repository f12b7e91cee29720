"""A network that shows the instances painted in its window, exactly, and its contract.

The first band of a scene tells of each pixel which instance it belongs to, the second one its
class. The network gives each instance of its window as far as it lies there: a box, a score, a
class, and a mask in one of two forms. As prototypes there are three, of which numbers of an
instance make a mask: -p² + 2ip - i² + 1/4 is above zero where p, the number of a pixel, is i.
"""

from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import onnx
from builders.graphs import GraphBuilder
from onnx import TensorProto, helper

from edgers.bench.instance_scene import Labels

BANDS = ("instance", "class")
SCORE = 0.75
MOST = 4000
"""Largest number of an instance: its square is a whole number in single precision."""
CLASSES = [{"value": 3, "name": "lake"}, {"value": 7, "name": "field"}]
Form = Literal["window", "prototypes"]


def instance_contract(form: Form = "window", **input_fields: Any) -> dict[str, Any]:
    """Give the contract of `instance_net`."""
    coefficients = ["coefficients"] if form == "prototypes" else []
    axes = {"window": ["box", "height", "width"], "prototypes": ["channel", "height", "width"]}
    names = {"dim_order": axes[form], "shape": [3 if coefficients else -1, -1, -1]}
    masks = {"form": form, "output": "m"}
    masks |= {"coefficients": 3} if coefficients else {"activation": "none"}
    return {
        "mlm:name": "instances",
        "mlm:architecture": "test",
        "mlm:tasks": ["instance-segmentation"],
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
                "tasks": ["instance-segmentation"],
                "result": {
                    "shape": [-1, 6 + len(coefficients) * 3],
                    "dim_order": ["box", "channel"],
                    "data_type": "float32",
                },
                "classification:classes": CLASSES,
                "edgers:boxes": {
                    "format": "xyxy",
                    "columns": ["box", "score", "class", *coefficients],
                    "suppression": "none",
                },
                "edgers:masks": masks,
            },
            {"name": "m", "tasks": [], "result": {**names, "data_type": "float32"}},
        ],
    }


def instance_net(form: Form = "window") -> onnx.ModelProto:
    """Give boxes and masks of all instances of a window."""
    graph = GraphBuilder()
    graph.channels["x"] = len(BANDS)

    def whole(*values: int) -> str:
        return graph.constant(list(values), "int64")

    def band(position: int) -> str:
        found = graph.node("Slice", ["x", whole(position), whole(position + 1), whole(1)])
        return graph.node("Squeeze", [found, whole(0)])

    # The golden tile is noise: few instances will do.
    rounded = graph.node("Round", [band(0)])
    numbers = graph.node("Clip", [rounded, graph.constant(0.0), graph.constant(float(MOST))])
    every = graph.node("Unique", [graph.node("Reshape", [numbers, whole(-1)])], sorted=1)
    is_one = graph.node("Greater", [every, graph.constant(0.5)])
    ids = graph.node("Compress", [every, is_one], axis=0)
    alone = graph.node("Unsqueeze", [ids, whole(1, 2)])
    masks = graph.node("Cast", [graph.node("Equal", [alone, numbers])], to=TensorProto.FLOAT)
    sides = []
    for last in (0, 1):
        for axis in (1, 2):
            line = graph.node("ReduceMax", [masks], axes=[axis], keepdims=0)
            at = graph.node("ArgMax", [line], axis=1, keepdims=1, select_last_index=last)
            place = graph.node("Cast", [at], to=TensorProto.FLOAT)
            sides.append(graph.node("Add", [place, graph.constant(float(last))]))
    kinds = graph.node("ReduceMax", [graph.node("Mul", [masks, band(1)])], axes=[1, 2], keepdims=0)
    column = graph.node("Unsqueeze", [kinds, whole(1)])
    nothing = graph.node("Mul", [column, graph.constant(0.0)])
    columns = [*sides, graph.node("Add", [nothing, graph.constant(SCORE)]), column]
    pictures = masks
    if form == "prototypes":
        id_column = graph.node("Unsqueeze", [ids, whole(1)])
        square = graph.node("Mul", [id_column, id_column])
        columns += [
            graph.node("Sub", [nothing, graph.constant(1.0)]),
            graph.node("Mul", [id_column, graph.constant(2.0)]),
            graph.node("Sub", [graph.constant(0.25), square]),
        ]
        ones = graph.node("Add", [graph.node("Mul", [numbers, graph.constant(0.0)]),
                                  graph.constant(1.0)])  # fmt: skip
        powers = [graph.node("Mul", [numbers, numbers]), numbers, ones]
        pictures = graph.node("Concat", powers, axis=0)
    table = graph.node("Concat", columns, axis=1)
    for source, name in ((table, "y"), (pictures, "m")):
        graph.nodes.append(helper.make_node("Identity", [source], [name]))
    result = helper.make_tensor_value_info
    made = helper.make_graph(
        graph.nodes, "instances", [result("x", TensorProto.FLOAT, ["n", len(BANDS), "h", "w"])],
        [
            result("y", TensorProto.FLOAT, ["boxes", 6 if form == "window" else 9]),
            result("m", TensorProto.FLOAT, ["pictures", "h", "w"]),
        ],
        graph.weights,
    )  # fmt: skip
    model = helper.make_model(made, opset_imports=[helper.make_opsetid("", graph.opset)])
    model.ir_version = 8
    return model


def instance_samples(labels: Labels) -> npt.NDArray[np.float32]:
    """Paint instances into a scene, (band, height, width); their classes take turns."""
    return np.stack([labels, np.where(labels > 0, labels % 2, 0)]).astype(np.float32)
