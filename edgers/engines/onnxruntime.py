"""ONNX Runtime on the CPU."""

import numpy as np
import onnxruntime as ort

from edgers.engines.engine import EngineInfo, Tensors
from edgers.errors import EngineError


class OnnxRuntimeEngine:
    """One session, made for tiles that run side by side.

    One thread works on a tile, and tiles are shared out over threads. A runtime that splits one
    matrix product over threads splits its sums at places that hang on the shape, and then a pixel
    differs in the last bit between a small and a large tile (seen with strided convolutions).
    With one thread it does not. One case is left: a transposed convolution with more than 128
    input channels on a map of 64 pixels or fewer sums in another order.
    """

    def __init__(self, graph: bytes) -> None:
        """Load a serialized ONNX graph; raises EngineError where the runtime refuses it."""
        options = ort.SessionOptions()
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        options.execution_mode = ort.ExecutionMode.ORT_SEQUENTIAL
        options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_ENABLE_ALL
        # A pattern reserves all a shape needs a second time; without it runs are as fast.
        options.enable_mem_pattern = False
        options.log_severity_level = 4
        try:
            self._session: ort.InferenceSession | None = ort.InferenceSession(
                graph, options, providers=["CPUExecutionProvider"]
            )
        # The runtime raises classes of its own, and UnicodeDecodeError on damaged graphs.
        except Exception as error:
            raise EngineError(
                "ONNX Runtime cannot load the graph.", seen=f"It says: {_first_line(error)}"
            ) from error
        self._outputs = [entry.name for entry in self._session.get_outputs()]

    @property
    def info(self) -> EngineInfo:
        """Tell which runtime this is."""
        return EngineInfo(name="onnxruntime", version=ort.__version__, device="cpu")

    def infer(self, inputs: Tensors) -> Tensors:
        """Run the graph once; raises EngineError where the runtime fails."""
        if self._session is None:
            raise EngineError("the engine was closed before this tile.")
        try:
            results = self._session.run(self._outputs, dict(inputs))
        # As above: the runtime's own classes, and a few of Python's.
        except Exception as error:
            shapes = ", ".join(f"{name} {value.shape}" for name, value in inputs.items())
            raise EngineError(
                "ONNX Runtime failed on a tile.",
                seen=f"Input: {shapes}. It says: {_first_line(error)}",
            ) from error
        return {name: np.asarray(value) for name, value in zip(self._outputs, results, strict=True)}

    def close(self) -> None:
        """Give back what the engine holds."""
        self._session = None


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
