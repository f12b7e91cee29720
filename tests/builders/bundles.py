"""A small segmentation model, its contract and its bundle."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import onnx
from builders.graphs import AXES, BANDS, GraphBuilder
from builders.vectors import write_npz

from edgers.export.compile import compile_bundle
from edgers.stored_vectors import StoredVectors

BAND_NAMES = ("B02", "B03", "B04")


def contract_document(**input_fields: Any) -> dict[str, Any]:
    """Give a contract for three bands and three classes; `input_fields` go into mlm:input."""
    return {
        "mlm:name": "tiny net",
        "mlm:architecture": "test",
        "mlm:tasks": ["semantic-segmentation"],
        "mlm:input": [
            {
                "name": "x",
                "bands": [
                    {"name": "B02", "common_name": "blue", "center_wavelength": 0.49},
                    {"name": "B03", "common_name": "green", "center_wavelength": 0.56},
                    {"name": "B04", "common_name": "red", "center_wavelength": 0.665},
                ],
                "input": {
                    "shape": [-1, BANDS, -1, -1],
                    "dim_order": list(AXES),
                    "data_type": "float32",
                },
                "value_scaling": [{"type": "z-score", "mean": 2000, "stddev": 1000}],
                **input_fields,
            }
        ],
        "mlm:output": [
            {
                "name": "y",
                "tasks": ["semantic-segmentation"],
                "result": {
                    "shape": [-1, 3, -1, -1],
                    "dim_order": ["batch", "class", "height", "width"],
                    "data_type": "float32",
                },
                "classification:classes": [
                    {"value": 0, "name": "land"},
                    {"value": 1, "name": "water"},
                    {"value": 2, "name": "cloud"},
                ],
            }
        ],
    }


def tiny_net() -> onnx.ModelProto:
    """Two convolutions and a head: halo 2."""
    graph = GraphBuilder(seed=1)
    hidden = graph.relu(graph.conv(graph.relu(graph.conv("x", 8)), 8))
    return graph.model(graph.conv(hidden, 3, kernel=1))


def make_bundle(
    folder: Path,
    document: dict[str, Any] | None = None,
    net: Callable[[], onnx.ModelProto] = tiny_net,
    vectors: StoredVectors | None = None,
) -> Path:
    """Compile a model in `folder` and give the bundle's path."""
    graph, contract, bundle = (folder / name for name in ("m.onnx", "c.json", "b.edgers"))
    onnx.save(net(), graph)
    contract.write_text(json.dumps(document or contract_document()))
    stored = None if vectors is None else write_npz(folder / "v.npz", vectors)
    compile_bundle(graph, contract, bundle, engine="onnxruntime", vectors=stored)
    return bundle
