"""Runtimes that execute graphs, behind one Protocol; the table of those that are installed."""

from collections.abc import Mapping
from importlib.util import find_spec

from edgers.engines import tensorrt_api
from edgers.engines.engine import Engine, EngineInfo, EngineMaker, Settings, Tensors
from edgers.errors import EngineError


def _onnxruntime(graph: bytes, precision: str = "fp32", settings: Settings | None = None) -> Engine:
    try:
        from edgers.engines.onnxruntime import OnnxRuntimeEngine
    except ImportError as error:
        raise _broken("ONNX Runtime", error) from error
    return OnnxRuntimeEngine(graph, precision, settings)


def _openvino(graph: bytes, precision: str = "fp32", settings: Settings | None = None) -> Engine:
    try:
        from edgers.engines.openvino import OpenVinoEngine
    except ImportError as error:
        raise _broken("OpenVINO", error) from error
    return OpenVinoEngine(graph, precision, settings)


def _tensorrt(graph: bytes, precision: str = "fp32", settings: Settings | None = None) -> Engine:
    from edgers.engines.tensorrt import TensorRtEngine

    return TensorRtEngine(graph, precision, settings)


def _broken(title: str, error: ImportError) -> EngineError:
    return EngineError(f"{title} is installed but cannot be imported.", seen=f"{error}.")


KNOWN: Mapping[str, EngineMaker] = {
    "onnxruntime": _onnxruntime,
    "openvino": _openvino,
    "tensorrt": _tensorrt,
}
"""Engine by name, installed or not; "tensorrt" takes a plan for a graph."""


def _is_installed(name: str) -> bool:
    """Tell whether an engine's package is there; TensorRT's has two names."""
    return tensorrt_api.is_installed() if name == "tensorrt" else find_spec(name) is not None


ENGINES: Mapping[str, EngineMaker] = {
    name: maker for name, maker in KNOWN.items() if _is_installed(name)
}
"""Engine by name: those whose package is installed here."""

__all__ = ["ENGINES", "KNOWN", "Engine", "EngineInfo", "EngineMaker", "Settings", "Tensors"]
