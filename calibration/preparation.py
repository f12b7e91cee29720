"""A graph made ready to be quantized: constants folded, batch norm in the weights, nodes named."""

import tempfile
from collections.abc import Collection
from pathlib import Path

import onnx
from onnxruntime.quantization.shape_inference import quant_pre_process

from edgers.calibration.layers import WEIGHTED, named
from edgers.calibration.tidying import without_strays
from edgers.errors import GraphError

LEAST_OPSET = 13
"""First opset whose DequantizeLinear takes one scale a channel (ONNX operator documentation)."""

HALF_OPSET = 19
"""First opset whose QuantizeLinear and DequantizeLinear take FP16."""


def prepared(graph: bytes, opset: int = LEAST_OPSET) -> onnx.ModelProto:
    """Fold what is constant, and raise the graph to an opset where it is below.

    What is left keeps its name: a tensor of the result is the tensor of that name in `graph`, a
    layer the layer of that name in `layers_of`. Weights that several nodes share are repeated, so
    that each may be quantized, or not, by itself. Raises GraphError where the graph cannot be
    folded or raised.
    """
    model = named(onnx.load_model_from_string(graph))
    _close(model.graph)
    with tempfile.TemporaryDirectory(prefix="edgers-") as folder:
        # By files: it takes a model too, but then moves weights out of it and trips over them.
        before, after = Path(folder) / "graph.onnx", Path(folder) / "folded.onnx"
        try:
            onnx.save(model, before)
            quant_pre_process(before, after, skip_symbolic_shape=True)
            folded = onnx.load(after)
        # The runtime raises classes of its own; onnx RuntimeError and ValueError.
        except Exception as error:
            raise _unprepared(error) from error
    made = named(_repeated(_raised(folded, opset)))
    without_strays(made)
    keep_ends(made.graph, model.graph)
    return made


def keep_ends(graph: onnx.GraphProto, stated: onnx.GraphProto) -> None:
    """Let the ends of a graph read as they did: shape inference puts numbers for names of axes."""
    for field, wanted in ((graph.input, stated.input), (graph.output, stated.output)):
        del field[:]
        field.extend(wanted)


def opset_of(model: onnx.ModelProto) -> int:
    """Give the version of ONNX's own operators."""
    return int(next(one.version for one in model.opset_import if one.domain in ("", "ai.onnx")))


def _raised(model: onnx.ModelProto, opset: int) -> onnx.ModelProto:
    """Convert a graph to a newer opset."""
    if opset_of(model) >= opset:
        return model
    without_strays(model)
    try:
        return onnx.version_converter.convert_version(model, opset)
    except RuntimeError as error:
        raise GraphError(
            f"the graph cannot be raised to opset {opset}, which quantization needs.",
            seen=f"It has opset {opset_of(model)}. {str(error).splitlines()[0]}",
            fix=f"Export it with opset {opset} or later.",
        ) from error


def _close(graph: onnx.GraphProto) -> None:
    """Let weights be constants only: old exporters list them as inputs, which are not folded."""
    constants = {entry.name for entry in graph.initializer}
    inputs = [entry for entry in graph.input if entry.name not in constants]
    del graph.input[:]
    graph.input.extend(inputs)


def _repeated(model: onnx.ModelProto) -> onnx.ModelProto:
    """Give every layer weights and a bias of its own."""
    constants = {entry.name: entry for entry in model.graph.initializer}
    used: set[str] = set()
    for node in model.graph.node:
        own = node.op_type in WEIGHTED
        for index, name in enumerate(node.input):
            if own and index > 0 and name in constants and name in used:
                copy = model.graph.initializer.add()
                copy.CopyFrom(constants[name])
                copy.name = _unused(f"{name}.{node.name}", constants.keys())
                constants[copy.name] = copy
                node.input[index] = copy.name
            used.add(name)
    return model


def _unused(wanted: str, taken: Collection[str]) -> str:
    while wanted in taken:
        wanted += "_"
    return wanted


def _unprepared(error: Exception) -> GraphError:
    return GraphError(
        "the graph cannot be prepared for quantization.",
        seen=f"ONNX Runtime says: {(str(error).splitlines() or [type(error).__name__])[0]}",
    )
