"""The tensors of a graph that a quantizer may need, and the graphs that show them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING

from edgers.errors import GraphError

if TYPE_CHECKING:
    import onnx

ACTIVATION_BYTES = 512 * 2**20
"""Most that is kept of the tensors of all tiles in work; what is beyond it is run in another turn.
A third of the 1.5 GB that calibration may take: runtime and scene need the rest."""

FLOATS = {1: 4, 10: 2, 11: 8}
"""Bytes of a value by ONNX TensorProto.DataType number: float32, float16, float64 (onnx.proto)."""

SHAPES = frozenset({"Shape", "Size"})
"""Operators whose answer hangs on sizes alone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """A graph that shows some of its tensors as outputs."""

    graph: bytes
    """Serialized ONNX."""
    tensors: tuple[str, ...]
    """What is looked at, in the graph's order."""


def observed_turns(
    model: "onnx.ModelProto", shapes: Mapping[str, Sequence[int]], limit_bytes: int
) -> list[Turn]:
    """Give the graphs that show all float activations, for input tensors of these shapes.

    One graph, or several where all tensors of one tile would not fit into `limit_bytes`. Raises
    GraphError where a graph has nothing to show.
    """
    import onnx

    sizes = _tensor_bytes(model, shapes)
    inputs = _fed(model)
    groups: list[list[str]] = [[]]
    held = 0
    for tensor, size in sizes.items():
        if tensor in inputs:
            continue
        if groups[-1] and held + size > limit_bytes:
            groups.append([])
            held = 0
        groups[-1].append(tensor)
        held += size
    if not groups[0]:
        raise GraphError(
            "the graph has no activations to measure.",
            rule="Ranges are those of tensors of floats that are worked out from the input.",
        )
    stated = {entry.name: entry for entry in model.graph.output}
    turns = []
    for group in groups:
        shown = onnx.ModelProto()
        shown.CopyFrom(model)
        del shown.graph.output[:]
        # The runtime works out the type of the others.
        shown.graph.output.extend(
            stated.get(tensor) or onnx.ValueInfoProto(name=tensor) for tensor in group
        )
        turns.append(Turn(graph=shown.SerializeToString(), tensors=tuple(group)))
    return turns


def _tensor_bytes(model: "onnx.ModelProto", shapes: Mapping[str, Sequence[int]]) -> dict[str, int]:
    """Give the bytes of each float activation, in the graph's order.

    What the shape inference cannot tell counts as much as the largest it can.
    """
    kinds, known = _inferred(model, shapes)
    names = [name for name in _activations(model) if kinds.get(name, 1) in FLOATS]
    sizes = {
        name: prod(known[name]) * FLOATS[kinds.get(name, 1)] for name in names if name in known
    }
    largest = max(sizes.values(), default=0)
    return {name: sizes.get(name, largest) for name in names}


def _inferred(
    model: "onnx.ModelProto", shapes: Mapping[str, Sequence[int]]
) -> tuple[dict[str, int], dict[str, tuple[int, ...]]]:
    """Give type numbers and whole shapes of tensors, by name, as far as they can be told."""
    import onnx

    given = onnx.ModelProto()
    given.CopyFrom(model)
    for entry in given.graph.input:
        if entry.name in shapes:
            dims = entry.type.tensor_type.shape.dim
            for dim, size in zip(dims, shapes[entry.name], strict=False):
                dim.Clear()
                dim.dim_value = size
    # What was noted for other sizes, or by name, would stand in the way.
    del given.graph.value_info[:]
    try:
        given = onnx.shape_inference.infer_shapes(given, data_prop=True)
    # It gives up on what it does not know, and on graphs beyond 2 GB.
    except Exception:
        return {}, {}
    kinds: dict[str, int] = {}
    known: dict[str, tuple[int, ...]] = {}
    graph = given.graph
    for entry in (*graph.input, *graph.value_info, *graph.output):
        if not entry.type.HasField("tensor_type"):
            kinds[entry.name] = 0
            continue
        tensor = entry.type.tensor_type
        kinds[entry.name] = tensor.elem_type
        if tensor.HasField("shape") and all(d.HasField("dim_value") for d in tensor.shape.dim):
            known[entry.name] = tuple(d.dim_value for d in tensor.shape.dim)
    return kinds, known


def _activations(model: "onnx.ModelProto") -> list[str]:
    """Give the inputs and what is worked out from their values; no constants, nothing of shapes."""
    fixed = {tensor.name for tensor in model.graph.initializer}
    fixed |= {tensor.values.name for tensor in model.graph.sparse_initializer}
    names = list(_fed(model))
    for node in model.graph.node:
        given = [name for name in node.input if name]
        has_inner = any(attribute.HasField("g") for attribute in node.attribute)
        if node.op_type in SHAPES or (not has_inner and fixed.issuperset(given)):
            fixed.update(node.output)
        else:
            names += [name for name in node.output if name]
    return names


def _fed(model: "onnx.ModelProto") -> dict[str, None]:
    """Give the inputs a caller feeds; old exporters list the weights as inputs too."""
    weights = {tensor.name for tensor in model.graph.initializer}
    return dict.fromkeys(e.name for e in model.graph.input if e.name not in weights)
