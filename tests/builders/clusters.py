"""Contracts and networks of programs that find clusters, and a k-means that is plain to see."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
from builders.graphs import AXES, GraphBuilder
from builders.stacks import closed_stack


def features_net(bands: int) -> onnx.ModelProto:
    """Give the bands themselves as features."""
    graph = GraphBuilder()
    return closed_stack(graph, graph.node("Identity", ["x"]), {"x": ["n", bands, "h", "w"]})


def cluster_document(
    bands: int, program: Mapping[str, Any], *, features: int | None = None,
    wavelengths_um: Sequence[float] = (), **source: Any,
) -> dict[str, Any]:  # fmt: skip
    """Give a contract for clusters; `source` goes into the input."""
    stated: list[dict[str, Any]] = [{"name": f"b{i + 1}"} for i in range(bands)]
    for band, um in zip(stated, wavelengths_um, strict=False):
        band |= {"center_wavelength": um, "edgers:wavelength_tolerance_um": 1e-4}
    image = {"dim_order": list(AXES), "data_type": "float32"}
    return {
        "mlm:name": "clusters",
        "edgers:program": {"kind": "clusters", **program},
        "mlm:input": [
            {"name": "x", "bands": stated, "input": {"shape": [-1, bands, -1, -1], **image},
             **source}
        ],
        "mlm:output": [
            {"name": "y", "tasks": ["clustering"],
             "result": {"shape": [-1, features or bands, -1, -1], **image}}
        ],
    }  # fmt: skip


def plain_k_means(
    samples: npt.NDArray[np.float64], centroids: npt.NDArray[np.float64], rounds: int = 500
) -> npt.NDArray[np.float64]:
    """Go on from centroids until nothing changes, in the most obvious way."""
    for _ in range(rounds):
        labels = ((samples[:, None] - centroids) ** 2).sum(axis=2).argmin(axis=1)
        moved = np.array([samples[labels == i].mean(axis=0) for i in range(len(centroids))])
        if np.array_equal(moved, centroids):
            break
        centroids = moved
    return centroids
