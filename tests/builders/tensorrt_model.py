"""A graph that the fake TensorRT runs: ONNX Runtime without optimisation, FP32 for weak types."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import onnx
import onnxruntime
from builders.tensorrt_basics import KINDS, MisuseError


@dataclass(frozen=True, slots=True, kw_only=True)
class Port:
    """An input or output."""

    shape: tuple[int, ...]
    """Its sides; -1 where any fits."""
    kind: np.dtype[Any]
    """Its element type."""
    name: str
    """Name of that type in TensorRT."""


class Model:
    """A graph, its inputs and outputs."""

    def __init__(self, graph: bytes) -> None:
        model = onnx.load_from_string(graph)
        options = onnxruntime.SessionOptions()
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
        options.intra_op_num_threads = 1
        options.log_severity_level = 4
        self.session = onnxruntime.InferenceSession(graph, options, ["CPUExecutionProvider"])
        self.nodes = len(model.graph.node)
        weights = {one.name for one in model.graph.initializer}
        self.inputs = {one.name: _port(one) for one in model.graph.input if one.name not in weights}
        self.outputs = {one.name: _port(one) for one in model.graph.output}
        self._seen: dict[Any, dict[str, tuple[int, ...]]] = {}

    def output_shapes(self, shapes: Mapping[str, tuple[int, ...]]) -> dict[str, tuple[int, ...]]:
        """Give the shapes of the outputs for those of the inputs."""
        key = tuple(sorted(shapes.items()))
        if key not in self._seen:
            zeros = {name: np.zeros(shapes[name], one.kind) for name, one in self.inputs.items()}
            found = self.session.run(list(self.outputs), zeros)
            self._seen[key] = {
                name: value.shape for name, value in zip(self.outputs, found, strict=True)
            }
        return self._seen[key]

    def run_at(
        self, memory: Any, places: Mapping[str, int], shapes: Mapping[str, tuple[int, ...]]
    ) -> None:
        """Run with inputs and outputs at addresses; MisuseError where memory is too small."""
        arrays = {}
        for name, one in {**self.inputs, **self.outputs}.items():
            size = int(np.prod(shapes[name])) * one.kind.itemsize
            try:
                held = memory.at(places[name], size)
            except Exception as error:
                raise MisuseError(f"{name}: {error}") from error
            arrays[name] = held.view(one.kind).reshape(shapes[name])
        inputs = {name: arrays[name].copy() for name in self.inputs}
        found = self.session.run(list(self.outputs), inputs)
        for name, value in zip(self.outputs, found, strict=True):
            arrays[name][...] = value


def _port(about: Any) -> Port:
    name, kind = KINDS[about.type.tensor_type.elem_type]
    sides = about.type.tensor_type.shape.dim
    shape = tuple(one.dim_value if one.WhichOneof("value") == "dim_value" else -1 for one in sides)
    return Port(shape=shape, kind=np.dtype(kind), name=name)
