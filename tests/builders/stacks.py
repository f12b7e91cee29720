"""Models with several inputs: their graphs, their contracts and scenes for them."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from builders.bundles import contract_document
from builders.graphs import AXES, GraphBuilder
from builders.scenes import noise, write_scene
from onnx import TensorProto, helper

SERIES_AXES = ("batch", "time", "channel", "height", "width")

OPTICAL = ("B02", "B03", "B04")
SAR = ("VV", "VH")


def input_document(
    name: str, bands: Sequence[str], axes: Sequence[str] = AXES, dates: int = -1, **fields: Any
) -> dict[str, Any]:
    """Give one entry of `mlm:input`."""
    sizes = {"batch": -1, "time": dates, "channel": len(bands), "height": -1, "width": -1}
    return {
        "name": name,
        "bands": [{"name": band} for band in bands],
        "input": {
            "shape": [sizes[axis] for axis in axes],
            "dim_order": list(axes),
            "data_type": "float32",
        },
        **fields,
    }


def stack_document(*inputs: Mapping[str, Any], scores: int = 3) -> dict[str, Any]:
    """Give a contract with these inputs and as many classes as there are scores."""
    document = contract_document()
    document["mlm:input"] = list(inputs)
    (output,) = document["mlm:output"]
    output["result"]["shape"] = [-1, scores, -1, -1]
    output["classification:classes"] = output["classification:classes"][:scores]
    return document


def closed_stack(
    graph: GraphBuilder, output: str, inputs: Mapping[str, Sequence[int | str]]
) -> onnx.ModelProto:
    """Close a graph over inputs of these shapes."""
    model = graph.model(output)
    del model.graph.input[:]
    model.graph.input.extend(
        helper.make_tensor_value_info(name, TensorProto.FLOAT, list(shape))
        for name, shape in inputs.items()
    )
    onnx.checker.check_model(model)
    return model


def fusion_net() -> onnx.ModelProto:
    """Three scores of an optical image (halo 1), a radar image (halo 2) and a DEM (halo 0)."""
    graph = GraphBuilder(seed=3)
    graph.channels |= {"optical": 3, "sar": 2, "dem": 1}
    seen = graph.concat(
        graph.conv("optical", 4), graph.conv("sar", 4, kernel=5), graph.conv("dem", 2, kernel=1)
    )
    return closed_stack(
        graph, graph.conv(graph.relu(seen), 3, kernel=1),
        {name: ["n", bands, "h", "w"] for name, bands in (("optical", 3), ("sar", 2), ("dem", 1))},
    )  # fmt: skip


def fusion_document(**fields: Any) -> dict[str, Any]:
    """Give the contract of `fusion_net`; `fields` go into the input of their name."""
    return stack_document(
        *(
            input_document(name, bands, **fields.get(name, {}))
            for name, bands in (("optical", OPTICAL), ("sar", SAR), ("dem", ("elevation",)))
        )
    )


def series_net(dates: int | str = "t") -> onnx.ModelProto:
    """Three scores: a convolution over each date (halo 1), then the largest over the dates."""
    graph = GraphBuilder(seed=4)
    graph.channels["x"] = 3
    weight = graph.constant(graph.random.normal(0, 0.3, (3, 3, 1, 3, 3)))
    turned = graph.node("Transpose", ["x"], perm=[0, 2, 1, 3, 4])
    seen = graph.node("Conv", [turned, weight], kernel_shape=[1, 3, 3], pads=[0, 1, 1, 0, 1, 1])
    most = graph.node("ReduceMax", [seen], axes=[2], keepdims=0)
    return closed_stack(graph, most, {"x": ["n", dates, 3, "h", "w"]})


def series_document(dates: int = -1, **fields: Any) -> dict[str, Any]:
    """Give the contract of `series_net`."""
    return stack_document(input_document("x", OPTICAL, SERIES_AXES, dates, **fields))


def image(folder: Path, name: str, bands: Sequence[str], side: int = 60, **fields: Any) -> Path:
    """Write a GeoTIFF with named bands of noise."""
    seed = int.from_bytes(name.encode()[:4], "little") % 1000
    samples = fields.pop("samples", None)
    if samples is None:
        samples = noise(len(bands), side, side, seed=seed).astype(np.float32)
    folder.mkdir(parents=True, exist_ok=True)
    return write_scene(folder / f"{name}.tif", samples, names=tuple(bands), **fields)
