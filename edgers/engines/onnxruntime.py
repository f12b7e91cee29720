"""ONNX Runtime on the CPU, or on a GPU by one of its providers."""

import functools
import threading
from pathlib import Path

import numpy as np
import onnxruntime as ort

from edgers.engines.engine import EngineInfo, Settings, Tensors
from edgers.engines.onnxruntime_providers import PROVIDERS, check_used, providers
from edgers.engines.settings import STREAMS, checked_settings, stream_count
from edgers.errors import EngineError

PRECISIONS = ("fp32", "fp16", "int8")
"""What it computes in. int8: layers that the graph quantizes, the others in float32. fp16: what the
graph holds as float16; operators that a CPU has no kernel for are computed in float32, and casts
between them are left out at every layout."""

LEVELS = {
    "blocked": ort.GraphOptimizationLevel.ORT_ENABLE_ALL,
    "plain": ort.GraphOptimizationLevel.ORT_ENABLE_EXTENDED,
    "reference": ort.GraphOptimizationLevel.ORT_DISABLE_ALL,
}
"""Optimisations by layout."""

SETTINGS = {
    "layout": tuple(LEVELS),
    "provider": tuple(PROVIDERS),
    "streams": STREAMS,
}
"""What may be chosen. layout: channels in blocks of a vector's width (NCHWc, all optimisations), or
one after another (extended optimisations), which spares graphs of few convolutions the reordering;
or each operator as it stands in the graph, which is slow, and what other runtimes are compared to.
"""


class OnnxRuntimeEngine:
    """One session, made for tiles that run side by side.

    One thread works on a tile, and tiles are shared out over threads. A runtime that splits one
    matrix product over threads splits its sums at places that hang on the shape, and then a pixel
    differs in the last bit between a small and a large tile (seen with strided convolutions).
    With one thread it does not. One case is left: a transposed convolution with more than 128
    input channels on a map of 64 pixels or fewer sums in another order.

    With provider=tensorrt parts of the graph are built into plans as tiles of new ranges of sizes
    come, which takes minutes, and a plan that was built anew may round otherwise than the one
    before: `edgers.engines.tensorrt` runs a plan that was built once.
    """

    def __init__(
        self, graph: bytes, precision: str = "fp32", settings: Settings | None = None
    ) -> None:
        """Load a serialized ONNX graph; raises EngineError where the runtime refuses it."""
        chosen = checked_settings("onnxruntime", settings, SETTINGS)
        if precision not in PRECISIONS:
            raise EngineError(
                f"ONNX Runtime is not used at {precision} here.",
                rule=f"It knows {', '.join(PRECISIONS)}.",
            )
        asked = providers(chosen["provider"], precision)
        try:
            session = ort.InferenceSession(graph, _options(chosen["layout"]), providers=asked)
        # The runtime raises classes of its own, and UnicodeDecodeError on damaged graphs.
        except Exception as error:
            raise EngineError(
                "ONNX Runtime cannot load the graph.", seen=f"It says: {_first_line(error)}"
            ) from error
        if chosen["provider"] in ("cuda", "tensorrt"):
            check_used(session, chosen["provider"])
        self._session: ort.InferenceSession | None = session
        self._device = PROVIDERS[chosen["provider"]].device
        self._outputs = [entry.name for entry in session.get_outputs()]
        self._turn = threading.BoundedSemaphore(stream_count(chosen["streams"]))

    @property
    def info(self) -> EngineInfo:
        """Tell which runtime this is."""
        return EngineInfo(name="onnxruntime", version=ort.__version__, device=self._device)

    def infer(self, inputs: Tensors) -> Tensors:
        """Run the graph once; raises EngineError where the runtime fails."""
        session = self._session
        if session is None:
            raise EngineError("the engine was closed before this tile.")
        try:
            with self._turn:
                results = session.run(self._outputs, dict(inputs))
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


def _options(layout: str) -> ort.SessionOptions:
    """Set a session up for one thread a tile."""
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.execution_mode = ort.ExecutionMode.ORT_SEQUENTIAL
    options.graph_optimization_level = LEVELS[layout]
    # A pattern reserves all a shape needs a second time; without it runs are hardly slower.
    options.enable_mem_pattern = False
    if not _has_vnni():
        options.add_session_config_entry("session.x64quantprecision", "1")
    options.log_severity_level = 4
    return options


@functools.cache
def _has_vnni() -> bool:
    """Tell whether this processor adds up products of 8 bits in 32.

    On x86 without VNNI they are added up in 16 and may saturate, unless ONNX Runtime is told to
    take weights as unsigned (onnxruntime_session_options_config_keys.h), which is exact, and slow
    where it is not needed: 4 times as slow as without on one processor that has it.
    """
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return False
    return any(flag in text for flag in ("avx512_vnni", "avx_vnni", "amx_int8"))


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
