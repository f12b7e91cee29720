"""OpenVINO on the CPU."""

from typing import Any

import numpy as np
import openvino as ov

from edgers.engines.engine import EngineInfo, Settings, Tensors
from edgers.engines.outside_weights import has_outside_weights
from edgers.engines.settings import STREAMS, checked_settings, stream_count
from edgers.errors import EngineError

PRECISIONS = {"fp32": "f32", "bf16": "bf16", "fp16": "f16"}
"""OpenVINO's word for each precision of a whole graph."""

SETTINGS = {"streams": STREAMS, "rest": ("fp32", "bf16")}
"""What may be chosen; the layout is OpenVINO's own. rest: what layers that the graph does not
quantize are computed in, at int8."""


class OpenVinoEngine:
    """One compiled model with several streams of one thread each.

    One thread works on a tile, for the reason told in `edgers.engines.onnxruntime`. The precision
    is the one asked for: left alone, OpenVINO computes graphs in float32 as bfloat16 on processors
    that have it. Shapes stay free: a tile of a new shape costs about one tile more, once, and fixed
    shapes are hardly faster (`python -m edgers.bench.engine_settings`).
    """

    def __init__(
        self, graph: bytes, precision: str = "fp32", settings: Settings | None = None
    ) -> None:
        """Load a serialized ONNX graph; raises EngineError where the runtime refuses it."""
        chosen = checked_settings("openvino", settings, SETTINGS)
        if has_outside_weights(graph):
            raise EngineError(
                "OpenVINO cannot load the graph.",
                seen="Weights of it lie in other files, or its bytes cannot be followed.",
                rule="A graph must hold all its weights.",
            )
        word = _word(chosen["rest"] if precision == "int8" else precision)
        try:
            core = ov.Core()
            read = core.read_model(graph)
            # After compiling, a tensor may bear the names of those that were merged into it.
            self._inputs = [port.any_name for port in read.inputs]
            self._outputs = [port.any_name for port in read.outputs]
            self._model: Any = core.compile_model(
                read, "CPU", _properties(word, stream_count(chosen["streams"]))
            )
            computed = self._model.get_property("INFERENCE_PRECISION_HINT")
        # The runtime raises RuntimeError for most things, and other classes for some.
        except Exception as error:
            raise EngineError(
                "OpenVINO cannot load the graph.", seen=f"It says: {_point(error)}"
            ) from error
        # It takes any precision, and then uses the nearest that the processor has.
        if computed != getattr(ov.Type, word):
            raise EngineError(
                f"this processor does not compute in {precision}.",
                seen=f"OpenVINO would compute in {computed.to_string()}.",
            )
        self._idle: list[Any] = []

    @property
    def info(self) -> EngineInfo:
        """Tell which runtime this is."""
        return EngineInfo(name="openvino", version=_version(), device="cpu")

    def infer(self, inputs: Tensors) -> Tensors:
        """Run the graph once; raises EngineError where the runtime fails."""
        model = self._model
        if model is None:
            raise EngineError("the engine was closed before this tile.")
        try:
            # A request keeps the tensors of its last run, so each input must be given anew.
            if set(inputs) != set(self._inputs):
                raise ValueError(f"The inputs are {', '.join(self._inputs)}.")
            request = self._request(model)
            for name, value in inputs.items():
                tensor = ov.Tensor(np.ascontiguousarray(value), shared_memory=True)
                request.set_tensor(name, tensor)
            request.infer()
            # The request writes its next results to the same place.
            found = {
                name: np.array(request.get_output_tensor(i).data)
                for i, name in enumerate(self._outputs)
            }
        # As above: RuntimeError for most things, and other classes for some.
        except Exception as error:
            shapes = ", ".join(f"{name} {value.shape}" for name, value in inputs.items())
            raise EngineError(
                "OpenVINO failed on a tile.", seen=f"Input: {shapes}. It says: {_point(error)}"
            ) from error
        self._idle.append(request)
        return found

    def close(self) -> None:
        """Give back what the engine holds."""
        self._model = None
        self._idle = []

    def _request(self, model: Any) -> Any:
        """Take a request that no thread uses; one that failed is never taken again."""
        try:
            return self._idle.pop()
        except IndexError:
            return model.create_infer_request()


def _word(precision: str) -> str:
    if precision not in PRECISIONS:
        raise EngineError(
            f"OpenVINO is not used at {precision} here.",
            rule=f"It knows {', '.join(PRECISIONS)}, int8.",
        )
    return PRECISIONS[precision]


def _properties(word: str, streams: int) -> dict[str, Any]:
    """Set a model up for one thread a tile, at one precision."""
    return {
        "INFERENCE_PRECISION_HINT": word,
        # Without this, weights of 8 bits would have their inputs rounded to 8 bits as well.
        "EXECUTION_MODE_HINT": "ACCURACY" if word == "f32" else "PERFORMANCE",
        "INFERENCE_NUM_THREADS": streams,
        "NUM_STREAMS": streams,
        # A board has other work to do; its scheduler knows better.
        "ENABLE_CPU_PINNING": False,
    }


def _version() -> str:
    """Give the release without the name of its build."""
    version: str = ov.__version__
    return version.split("-")[0]


def _point(error: Exception) -> str:
    """Give the line of a long message that says what is wrong."""
    skipped = ("Exception from", "Check '", "FrontEnd API", "Summary")
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    told = [line for line in lines if not line.startswith(skipped)] or [type(error).__name__]
    missing = (line.lstrip("- ") for line in told if "No conversion rule" in line)
    return next(missing, told[-1])
