"""Runtimes that execute graphs, behind one Protocol; the table of those that are known."""

from collections.abc import Callable, Mapping

from edgers.engines.engine import Engine, EngineInfo, Tensors


def _onnxruntime(graph: bytes) -> Engine:
    from edgers.engines.onnxruntime import OnnxRuntimeEngine

    return OnnxRuntimeEngine(graph)


ENGINES: Mapping[str, Callable[[bytes], Engine]] = {"onnxruntime": _onnxruntime}
"""Engine by name: each is made from the bytes of a serialized ONNX graph."""

__all__ = ["ENGINES", "Engine", "EngineInfo", "Tensors"]
