"""Networks that take rows, contracts for them, and tables on disk."""

import csv
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
from builders.bundles import make_bundle
from builders.programs import close
from onnx import TensorProto, helper, numpy_helper

from edgers.bundle import open_bundle
from edgers.pipeline.model import load_model
from edgers.pipeline.options import RunOptions
from edgers.pipeline.table_report import TableReport
from edgers.pipeline.table_run import run_table

WAVELENGTHS_NM = (450.0, 550.0, 650.0, 850.0)
NUMBER_TYPES = {"float32": TensorProto.FLOAT, "float64": TensorProto.DOUBLE}


def matrix_rows_net(matrix: npt.ArrayLike, kind: str = "float32") -> onnx.ModelProto:
    """Give x · matrix, (row, number)."""
    weights = np.asarray(matrix, kind)
    rows, numbers = weights.shape
    return close(
        [helper.make_node("MatMul", ["x", "w"], ["y"])], {"x": ["n", rows]},
        {"y": ["n", numbers]}, [numpy_helper.from_array(weights, "w")],
        kinds={"x": NUMBER_TYPES[kind], "y": NUMBER_TYPES[kind]},
    )  # fmt: skip


def row_document(
    bands: Sequence[Any], axis: str, count: int, *, axes: tuple[str, ...] = ("batch", "channel"),
    classes: Sequence[str] = (), kind: str = "float32", source: Mapping[str, Any] | None = None,
    **output: Any,
) -> dict[str, Any]:  # fmt: skip
    """Give the contract of a graph that takes rows as `x` and gives `y`, (batch, `axis`)."""
    sizes = {"batch": -1, "channel": len(bands), "length": 1}
    takes = {"shape": [sizes[one] for one in axes], "dim_order": list(axes), "data_type": kind}
    gives = {"shape": [-1, count], "dim_order": ["batch", axis], "data_type": kind}
    named = [{"value": i, "name": name} for i, name in enumerate(classes)]
    return {
        "mlm:name": "rows",
        "mlm:input": [{"name": "x", "bands": list(bands), "input": takes, **(source or {})}],
        "mlm:output": [
            {"name": "y", "tasks": ["classification" if classes else "regression"],
             "result": gives, **({"classification:classes": named} if classes else {}), **output}
        ],
    }  # fmt: skip


def spectral_bands() -> list[dict[str, Any]]:
    """Bands that are found by wavelength alone."""
    return [
        {"name": f"s{i}", "center_wavelength": nm / 1000} for i, nm in enumerate(WAVELENGTHS_NM)
    ]


def rows_bundle(folder: Path, document: dict[str, Any], net: onnx.ModelProto) -> Path:
    """Compile a network that takes rows."""
    folder.mkdir(exist_ok=True)
    return make_bundle(folder, document, lambda: net)


def write_table(path: Path, headings: Sequence[str], rows: Sequence[Sequence[Any]]) -> Path:
    """Write a CSV."""
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([headings, *rows])
    return path


def read_table(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def run_rows(bundle: Path, table: Path, out: Path, **options: Any) -> TableReport:
    """Run a bundle over a table."""
    with load_model(open_bundle(bundle)) as model:
        return run_table(model, table, out, RunOptions(**options))


def write_library(path: Path, spectra: npt.NDArray[Any], **fields: str) -> Path:
    """Write an ENVI spectral library of uint16 at the wavelengths above."""
    spectra.astype("<u2").tofile(path)
    stated = {
        "file type": "ENVI Spectral Library", "samples": str(spectra.shape[1]),
        "lines": str(len(spectra)), "bands": "1", "data type": "12", "byte order": "0",
        "interleave": "bsq", "wavelength units": "Nanometers",
        "wavelength": "{" + ", ".join(map(str, WAVELENGTHS_NM)) + "}", **fields,
    }  # fmt: skip
    lines = [f"{key} = {value}" for key, value in stated.items()]
    path.with_suffix(".hdr").write_text("\n".join(["ENVI", *lines]) + "\n")
    return path


def write_points(path: Path, points: Sequence[tuple[float, float] | None]) -> Path:
    """Write GeoJSON points with an `id` each."""
    features = [
        {"type": "Feature", "properties": {"id": f"p{i}"},
         "geometry": None if one is None else {"type": "Point", "coordinates": list(one)}}
        for i, one in enumerate(points)
    ]  # fmt: skip
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    return path
