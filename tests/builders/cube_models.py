"""Networks of one matrix for spectral scenes, their contracts, and cubes on disk."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
import rasterio
from builders.graphs import GraphBuilder
from builders.scenes import write_scene
from builders.stacks import closed_stack

Finish = Callable[[GraphBuilder, str], str]


def matrix_net(
    matrix: npt.NDArray[Any], offset: npt.NDArray[Any], finish: Finish | None = None
) -> onnx.ModelProto:
    """Give matrix · x + offset for each pixel, (row, band), as a 1 × 1 convolution."""
    graph = GraphBuilder()
    weights = [graph.constant(matrix[:, :, np.newaxis, np.newaxis]), graph.constant(offset)]
    found = graph.node("Conv", ["x", *weights], channels=len(matrix))
    if finish is not None:
        found = finish(graph, found)
    return closed_stack(graph, found, {"x": ["n", matrix.shape[1], "h", "w"]})


def cube_document(
    wavelengths_um: Sequence[float], outputs: int, source: dict[str, Any], **output: Any
) -> dict[str, Any]:
    """Give a contract that finds its bands by wavelength; `source` goes into the input."""
    axes = ["batch", "channel", "height", "width"]
    bands = [
        {
            "name": f"band at {um:.5f}",
            "center_wavelength": um,
            "edgers:wavelength_tolerance_um": 1e-4,
        }
        for um in wavelengths_um
    ]
    takes = {"shape": [-1, len(bands), -1, -1], "dim_order": axes, "data_type": "float32"}
    gives = {"shape": [-1, outputs, -1, -1], "dim_order": axes, "data_type": "float32"}
    return {
        "mlm:name": "spectral",
        "mlm:input": [{"name": "x", "bands": bands, "input": takes, **source}],
        "mlm:output": [{"name": "y", "tasks": ["regression"], "result": gives, **output}],
    }  # fmt: skip


def write_cube(
    path: Path, samples: npt.NDArray[Any], wavelengths_um: Sequence[float], **fields: Any
) -> Path:
    """Write a cube as a GeoTIFF with wavelengths in its band tags."""
    write_scene(path, samples, **fields)
    with rasterio.open(path, "r+") as dataset:
        for i, um in enumerate(wavelengths_um, 1):
            dataset.update_tags(i, wavelength=repr(um), wavelength_units="Micrometers")
    return path
