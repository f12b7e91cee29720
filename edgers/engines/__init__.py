"""Runtimes that execute graphs, behind one Protocol; the table of those that are installed."""

from collections.abc import Mapping
from importlib.util import find_spec

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


def _broken(title: str, error: ImportError) -> EngineError:
    return EngineError(f"{title} is installed but cannot be imported.", seen=f"{error}.")


KNOWN: Mapping[str, EngineMaker] = {"onnxruntime": _onnxruntime, "openvino": _openvino}
"""Engine by name, installed or not; each has the name of the package it needs."""

ENGINES: Mapping[str, EngineMaker] = {
    name: maker for name, maker in KNOWN.items() if find_spec(name) is not None
}
"""Engine by name: those whose package is installed here."""

__all__ = ["ENGINES", "KNOWN", "Engine", "EngineInfo", "EngineMaker", "Settings", "Tensors"]
