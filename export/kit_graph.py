"""A graph that every TensorRT of a target can read: written in another opset where it must be."""

from collections.abc import Callable, Sequence

import onnx

from edgers.calibration.legality import Band, check_legality
from edgers.calibration.preparation import opset_of, prepared
from edgers.calibration.tidying import graph_bytes
from edgers.errors import GraphError


def fitting_graph(graph: bytes, bands: Sequence[Band]) -> tuple[bytes, str]:
    """Give a graph of the same meaning that most of some bands take, and what was done to it.

    As it is where all take it; else in the highest opset that all of them read, else folded as for
    quantization, else both. What was done is empty for a graph as it is.
    """
    most = min(band.opsets[1] for band in bands)
    opset = opset_of(onnx.load_model_from_string(graph))
    ways: list[tuple[str, Callable[[], bytes]]] = [
        ("", lambda: graph),
        (f"lowered from opset {opset} to {most}", lambda: _lowered(graph, most)),
        ("constants folded", lambda: graph_bytes(prepared(graph))),
        (
            f"constants folded, lowered from opset {opset} to {most}",
            lambda: _lowered(graph_bytes(prepared(graph)), most),
        ),
    ]
    best, done, count = graph, "", -1
    for what, make in ways:
        try:
            made = make()
        except GraphError:
            continue
        legal = sum(verdict.legal for verdict in check_legality(made, bands).verdicts)
        if legal > count:
            best, done, count = made, what, legal
        if legal == len(bands):
            break
    return best, done


def _lowered(graph: bytes, opset: int) -> bytes:
    """Write a graph in an older opset; raises GraphError where that cannot be."""
    model = onnx.load_model_from_string(graph)
    found = opset_of(model)
    if found <= opset:
        return graph
    try:
        return graph_bytes(onnx.version_converter.convert_version(model, opset))
    # The converter raises RuntimeError, the checker a class of its own.
    except (RuntimeError, onnx.checker.ValidationError, onnx.shape_inference.InferenceError) as e:
        raise GraphError(
            f"the graph cannot be lowered to opset {opset}.",
            seen=f"It has opset {found}. {(str(e).splitlines() or [type(e).__name__])[0]}",
            fix=f"Export it with opset {opset} or earlier.",
        ) from e
