"""Networks that answer for a tile as a whole, and contracts for them.

All take three bands as `x` and give `y`; what they give is the mean of each band, or plain sums of
those, so that a test can work it out.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
from builders.graphs import BANDS, GraphBuilder
from builders.networks import closed, plain_contract

Net = Callable[[], onnx.ModelProto]


def means_net(sizes: tuple[int, int] | None = None) -> Net:
    """Three numbers: the mean of each band; only `sizes` are taken where they are given."""

    def net() -> onnx.ModelProto:
        graph = GraphBuilder()
        pooled = graph.node("GlobalAveragePool", ["x"])
        model = closed(graph, graph.node("Flatten", [pooled]), rank=2)
        for i, size in enumerate(sizes or ()):
            model.graph.input[0].type.tensor_type.shape.dim[2 + i].dim_value = size
        return model

    return net


def weighted_net(weights: npt.ArrayLike, shape: tuple[int, ...] = ()) -> Net:
    """Sums of the means of the bands, by `weights`, (number, band); put into `shape` behind the
    batch where it is given.
    """

    def net() -> onnx.ModelProto:
        graph = GraphBuilder()
        matrix = graph.constant(np.asarray(weights, np.float32).T)
        pooled = graph.node("Flatten", [graph.node("GlobalAveragePool", ["x"])])
        found = graph.node("MatMul", [pooled, matrix])
        if shape:
            found = graph.node("Reshape", [found, graph.constant([0, *shape], "int64")])
        return closed(graph, found, rank=1 + len(shape or (1,)))

    return net


def row_contract(
    axis: str | tuple[str, ...] = "class", count: int | tuple[int, ...] = BANDS,
    names: tuple[str, ...] = ("land", "water", "cloud"), task: str = "scene-classification",
    sizes: tuple[int, int] | None = None, **output: Any,
) -> dict[str, Any]:  # fmt: skip
    """Give a contract with axes batch and `axis`; `output` goes into mlm:output."""
    document = plain_contract()
    axes = [axis] if isinstance(axis, str) else list(axis)
    counts = [count] if isinstance(count, int) else list(count)
    stated = document["mlm:output"][0]
    stated["tasks"] = [task]
    stated["result"].update(shape=[-1, *counts], dim_order=["batch", *axes])
    stated["classification:classes"] = [{"value": i, "name": n} for i, n in enumerate(names)]
    if not names:
        del stated["classification:classes"]
    if sizes:
        document["mlm:input"][0]["input"]["shape"][2:] = list(sizes)
    stated.update(output)
    return document


def embedding_contract(count: int = BANDS, **output: Any) -> dict[str, Any]:
    """Give the contract of an embedding of `count` numbers."""
    return row_contract("feature", count, (), "similarity-search", **output)
