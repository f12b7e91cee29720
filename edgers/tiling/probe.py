"""Running a graph on zeros at one size, to learn the shape of every tensor and every small number.

Shape arithmetic (Shape, Gather, Concat into Resize or Reshape) is common in exported graphs and not
worth re-implementing: the runtime itself is asked. This is ground work; nothing here flies.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    import onnx

SMALL_TENSOR = 64
"""Tensors of up to this many elements are kept as values: scales, sizes, pads, axes, indices."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """What one run of a graph showed."""

    size_px: tuple[int, int]
    """Height and width it ran at."""
    shapes: Mapping[str, tuple[int, ...]]
    """Shape of every tensor, by name."""
    values: Mapping[str, npt.NDArray[np.generic]]
    """Value of every small tensor, by name."""


def probe_graph(
    model: "onnx.ModelProto", shapes: Mapping[str, tuple[int, ...]], size_px: tuple[int, int]
) -> Probe:
    """Run `model` on zeros of the shapes given by input name, and record every tensor.

    Raises whatever the runtime raises where the graph does not take those shapes.
    """
    import onnx
    import onnxruntime as ort
    from onnx import numpy_helper

    opened = onnx.ModelProto()
    opened.CopyFrom(model)
    known = {entry.name for entry in opened.graph.output}
    names = [name for node in opened.graph.node for name in node.output if name]
    opened.graph.output.extend(
        onnx.ValueInfoProto(name=name) for name in names if name not in known
    )
    options = ort.SessionOptions()
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.log_severity_level = 4
    session = ort.InferenceSession(
        opened.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )
    taken = {entry.name: numpy_type(entry.type) for entry in session.get_inputs()}
    feed = {name: np.zeros(shape, taken[name]) for name, shape in shapes.items()}
    wanted = [entry.name for entry in session.get_outputs()]
    tensors = dict(zip(wanted, session.run(wanted, feed), strict=True))
    tensors |= {entry.name: numpy_helper.to_array(entry) for entry in opened.graph.initializer}
    tensors |= feed
    arrays = {name: value for name, value in tensors.items() if isinstance(value, np.ndarray)}
    return Probe(
        size_px=size_px,
        shapes={name: value.shape for name, value in arrays.items()},
        values={name: value for name, value in arrays.items() if value.size <= SMALL_TENSOR},
    )


def numpy_type(onnx_type: str) -> np.dtype[np.generic]:
    """Give the numpy type for a runtime type text such as `tensor(float)`."""
    inner = onnx_type.removeprefix("tensor(").removesuffix(")")
    return np.dtype({"float": "float32", "double": "float64"}.get(inner, inner))
