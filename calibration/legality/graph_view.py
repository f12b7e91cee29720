"""A graph as the rules look at it: flat, with names resolved and types known."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
from onnx import TensorProto, numpy_helper

from edgers.errors import GraphError

RETYPING = frozenset({"Cast", "Identity"})
"""Operators that pass values on; the parsers look through them for constants."""

RESHAPING = RETYPING | {"Flatten", "Reshape", "Squeeze", "Transpose", "Unsqueeze"}
"""Operators that pass values on in another order or shape."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Node:
    """One operator."""

    op: str
    """Operator type."""
    domain: str
    """Its domain; "" is ai.onnx."""
    label: str
    """Its name, or what it makes where it has none."""
    inputs: tuple[str, ...]
    """Tensors it reads; "" where an optional one is left out."""
    outputs: tuple[str, ...]
    """Tensors it makes; "" where one is not asked for."""
    attributes: Mapping[str, Any]
    """AttributeProto by name."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Quantizer:
    """A QuantizeLinear or DequantizeLinear."""

    node: Node
    """The operator."""
    dequantizes: bool
    """Whether it is a DequantizeLinear."""
    x: str
    """What is quantized or dequantized."""
    scale: str
    """Its scale."""
    zero_point: str
    """Its zero point, "" where it has none."""
    kind: int
    """TensorProto.DataType of the quantized side; UNDEFINED where it is not known."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class GraphView:
    """A graph and those inside it. A tensor of an inner graph is named "NAME in PLACE"."""

    opset: int
    """Version of ai.onnx."""
    imports: Mapping[str, int]
    """Version by domain, as the file imports them."""
    functions: tuple[str, ...]
    """Operators that the file itself defines."""
    nodes: tuple[Node, ...]
    """All nodes, each after those it reads from."""
    by_op: Mapping[str, tuple[Node, ...]]
    """The nodes of ai.onnx, by operator type."""
    quantizers: tuple[Quantizer, ...]
    """The Q and DQ of ai.onnx."""
    producers: Mapping[str, Node]
    """What makes a tensor."""
    consumers: Mapping[str, tuple[Node, ...]]
    """What reads a tensor."""
    constants: Mapping[str, Any]
    """TensorProto of initializers and Constant nodes."""
    inputs: tuple[str, ...]
    """What the caller feeds."""
    outputs: tuple[str, ...]
    """What the caller gets."""
    results: frozenset[str]
    """Outputs of the graph and of those inside it."""
    types: Mapping[str, int]
    """TensorProto.DataType by tensor, where it is known."""
    read: dict[str, npt.NDArray[np.float64]] = field(default_factory=dict)
    """Values of constants that were asked for: every band asks for them again."""


def type_name(code: int) -> str:
    """Write an element type as ONNX does."""
    names = TensorProto.DataType.DESCRIPTOR.values_by_number
    return str(names[code].name) if code in names else f"type {code}"


def integer(node: Node, name: str, default: int) -> int:
    """Read an integer attribute."""
    found = node.attributes.get(name)
    return default if found is None else int(found.i)


def nodes_of(view: GraphView, ops: frozenset[str]) -> Iterator[Node]:
    """Give the nodes of some operator types, by type."""
    for op in sorted(ops):
        yield from view.by_op.get(op, ())


def origin(view: GraphView, tensor: str, through: frozenset[str] = RETYPING) -> str:
    """Go back from a tensor to the one whose values it passes on."""
    while (node := view.producers.get(tensor)) and node.op in through and not node.domain:
        if not (node.inputs and node.inputs[0]):
            break
        tensor = node.inputs[0]
    return tensor


def maker(view: GraphView, tensor: str, through: frozenset[str] = RETYPING) -> Node | None:
    """Give the node of ai.onnx whose values a tensor holds."""
    node = view.producers.get(origin(view, tensor, through))
    return node if node and not node.domain else None


def passed_on(view: GraphView, tensor: str) -> Iterator[str]:
    """Give a tensor, and those that hold the same values through Cast and Identity."""
    waiting = [tensor]
    while waiting:
        current = waiting.pop()
        yield current
        for node in view.consumers.get(current, ()):
            if node.op in RETYPING and not node.domain:
                waiting.extend(name for name in node.outputs if name)


def readers(view: GraphView, tensor: str) -> Iterator[tuple[Node, int]]:
    """Give each node that reads a tensor, and as which input; through Cast and Identity."""
    for name in passed_on(view, tensor):
        for node in view.consumers.get(name, ()):
            if node.op in RETYPING and not node.domain:
                continue
            yield from ((node, place) for place, read in enumerate(node.inputs) if read == name)


def constant(view: GraphView, tensor: str) -> Any | None:
    """Give the TensorProto that a tensor holds, through Cast and Identity."""
    return view.constants.get(origin(view, tensor))


def dims(view: GraphView, tensor: str) -> tuple[int, ...] | None:
    """Give the shape of a constant; None where a tensor is none."""
    found = constant(view, tensor)
    return None if found is None else tuple(found.dims)


def count(view: GraphView, tensor: str) -> int | None:
    """Count the values of a constant; None where a tensor is none."""
    shape = dims(view, tensor)
    if shape is None:
        return None
    total = 1
    for size in shape:
        total *= size
    return total


def values(view: GraphView, tensor: str) -> npt.NDArray[np.float64] | None:
    """Read a constant; None where a tensor is none, or its values are in another file.

    A value that FP16 cannot hold is what a Cast to FP16 makes of it.
    Raises GraphError where its bytes do not fit its type and shape.
    """
    if tensor in view.read:
        return view.read[tensor]
    found = constant(view, tensor)
    if found is None or found.data_location == TensorProto.EXTERNAL:
        return None
    try:
        array = np.asarray(numpy_helper.to_array(found)).astype(np.float64)
    except (ValueError, TypeError, KeyError, OverflowError, NotImplementedError) as error:
        raise GraphError(
            f"the constant {tensor!r} is damaged.",
            seen=f"{(str(error).splitlines() or ['Its bytes do not fit its shape'])[0]}.",
        ) from error
    if view.types.get(tensor) == TensorProto.FLOAT16:
        with np.errstate(over="ignore"):
            array = array.astype(np.float16).astype(np.float64)
    view.read[tensor] = array
    return array


def quantized_source(view: GraphView, quantizer: Quantizer) -> str:
    """Give the tensor that a quantizer stands for: of a DQ, what its Q takes, if it has one."""
    if quantizer.dequantizes:
        node = maker(view, quantizer.x)
        if node and node.op == "QuantizeLinear" and node.inputs:
            return node.inputs[0]
    return quantizer.x


def dequantizer(view: GraphView, tensor: str) -> Node | None:
    """Give the DequantizeLinear whose values a tensor holds, whatever their shape."""
    node = maker(view, tensor, RESHAPING)
    return node if node and node.op == "DequantizeLinear" else None
