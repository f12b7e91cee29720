"""Plans without weights: small to send, and filled from the graph when they are loaded.

TensorRT from 10 on builds such a plan (STRIP_PLAN) and takes the weights from the ONNX graph it was
built from. An engine is handed one piece of bytes, so plan and graph travel in one: a mark, the
length of the plan, the plan, and the graph.
"""

from typing import Any

from edgers.errors import EngineError

MARK = b"edgers plan and graph 1\n"
"""First bytes of plan and graph together; a plan of TensorRT begins otherwise (`ftrt`)."""

LENGTH_BYTES = 8

STRIP_FLAGS = ("STRIP_PLAN", "REFIT_IDENTICAL")
"""Flags of the builder that leave weights out. The second promises that the same weights come back,
so that nothing is computed otherwise than in a whole plan."""


def joined(plan: bytes, graph: bytes) -> bytes:
    """Put a plan without weights and its ONNX graph together."""
    return MARK + len(plan).to_bytes(LENGTH_BYTES, "little") + plan + graph


def parted(data: bytes) -> tuple[bytes, bytes | None]:
    """Take apart what `joined` gives; any other bytes are a whole plan, without a graph."""
    if not data.startswith(MARK):
        return data, None
    begin = len(MARK) + LENGTH_BYTES
    end = begin + int.from_bytes(data[len(MARK) : begin], "little")
    return data[begin:end], data[end:]


def refit(trt: Any, engine: Any, graph: bytes, log: Any) -> None:
    """Give a deserialized engine the weights of its graph.

    `log` is a logger of TensorRT and must outlive the engine. Raises EngineError where this version
    cannot, or the graph does not have all weights.
    """
    if not can_refit(trt):
        raise EngineError(
            "this TensorRT cannot fill a plan without weights.",
            rule="It takes TensorRT 10 or later, with its ONNX parser.",
        )
    try:
        refitter = trt.Refitter(engine, log)
    # What pybind11 makes of a null pointer.
    except TypeError as error:
        raise EngineError(
            "the plan takes no weights.", rule="It must have been built without."
        ) from error
    parser = trt.OnnxParserRefitter(refitter, log)
    if not parser.refit_from_bytes(graph):
        told = [parser.get_error(i).desc() for i in range(parser.num_errors)]
        raise EngineError(
            "the plan does not take the weights of its graph.",
            seen=told[0] if told else "TensorRT gives no reason.",
        )
    if not refitter.refit_cuda_engine():
        missing = refitter.get_missing_weights()
        raise EngineError(
            "the plan lacks weights.",
            seen=f"The graph does not have: {', '.join(missing[:5])}." if missing else "",
        )


def can_refit(trt: Any) -> bool:
    """Tell whether this TensorRT fills plans from an ONNX graph."""
    return hasattr(trt, "Refitter") and hasattr(trt, "OnnxParserRefitter")
