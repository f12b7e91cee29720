"""From a file nobody vouches for to a view of its graph."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import onnx
from google.protobuf.message import DecodeError
from onnx import TensorProto, helper

from edgers.calibration.legality.element_types import UNKNOWN, output_types, quantized_type
from edgers.calibration.legality.graph_view import GraphView, Node, Quantizer
from edgers.errors import GraphError

DEEPEST = 16
"""Graphs inside graphs that are followed; a protobuf parser stops at twice as many."""

DEFAULT_DOMAINS = ("", "ai.onnx")
"""Two ways to write the same domain (ONNX specification, opset_import)."""

CONSTANT_FIELDS = {
    "value_float": TensorProto.FLOAT, "value_floats": TensorProto.FLOAT,
    "value_int": TensorProto.INT64, "value_ints": TensorProto.INT64,
}  # fmt: skip
"""Attributes of Constant that hold numbers, and their type."""


def view_from(graph: "bytes | onnx.ModelProto") -> GraphView:
    """Look at a graph; weights in other files are not read.

    Raises GraphError where the bytes are no ONNX model, it has no nodes or no opset, a tensor is
    read before it is made (so also where nodes go in a circle) or made twice.
    """
    model = graph if isinstance(graph, onnx.ModelProto) else _parsed(graph)
    if not model.graph.node:
        raise GraphError("the graph has no nodes.")
    imports = {entry.domain: int(entry.version) for entry in model.opset_import}
    opset = next((imports[name] for name in DEFAULT_DOMAINS if name in imports), None)
    if opset is None:
        raise GraphError("the graph does not say which opset of ai.onnx it is written in.")
    reader = _Reader()
    outputs = reader.read(model.graph, {}, "", 0)
    weights = {tensor.name for tensor in model.graph.initializer}
    by_op: dict[str, list[Node]] = defaultdict(list)
    for node in reader.nodes:
        if not node.domain:
            by_op[node.op].append(node)
    return GraphView(
        opset=opset,
        imports=imports,
        functions=tuple(f"{one.domain}::{one.name}" for one in model.functions),
        nodes=tuple(reader.nodes),
        by_op={op: tuple(found) for op, found in by_op.items()},
        quantizers=tuple(_quantizers(reader.nodes, reader.types)),
        producers=reader.producers,
        consumers={name: tuple(found) for name, found in reader.consumers.items()},
        constants=reader.constants,
        inputs=tuple(one.name for one in model.graph.input if one.name not in weights),
        outputs=tuple(outputs),
        results=frozenset(reader.results),
        types=reader.types,
    )


def _parsed(data: bytes) -> "onnx.ModelProto":
    try:
        return onnx.load_model_from_string(data)
    except (DecodeError, ValueError) as error:
        raise GraphError(
            "the graph is not a valid ONNX model.",
            seen=f"{(str(error).splitlines() or ['It cannot be parsed'])[0]}.",
        ) from error


def _quantizers(nodes: list[Node], types: Mapping[str, int]) -> Iterator[Quantizer]:
    for node in nodes:
        if node.domain or node.op not in ("QuantizeLinear", "DequantizeLinear"):
            continue
        x, scale, zero_point = (*node.inputs, "", "", "")[:3]
        yield Quantizer(
            node=node,
            dequantizes=node.op == "DequantizeLinear",
            x=x,
            scale=scale,
            zero_point=zero_point,
            kind=quantized_type(node, lambda name: types.get(name, UNKNOWN)),
        )


@dataclass
class _Reader:
    """What is found while graphs are walked."""

    nodes: list[Node] = field(default_factory=list)
    producers: dict[str, Node] = field(default_factory=dict)
    consumers: dict[str, list[Node]] = field(default_factory=lambda: defaultdict(list))
    constants: dict[str, Any] = field(default_factory=dict)
    results: set[str] = field(default_factory=set)
    types: dict[str, int] = field(default_factory=dict)

    def read(self, graph: Any, outer: Mapping[str, str], place: str, depth: int) -> list[str]:
        """Walk a graph that sees the names of those around it; give its outputs."""
        if depth > DEEPEST:
            raise GraphError(f"the graph has more than {DEEPEST} graphs inside each other.")
        seen = dict(outer)
        own: set[str] = set()
        for tensor in graph.initializer:
            name = _define(tensor.name, seen, own, place)
            self.constants[name] = tensor
            self.types[name] = int(tensor.data_type)
        for sparse in graph.sparse_initializer:
            name = _define(sparse.values.name, seen, own, place)
            self.types[name] = int(sparse.values.data_type)
        for entry in graph.input:
            if entry.name not in own:
                name = _define(entry.name, seen, own, place)
                self.types[name] = int(entry.type.tensor_type.elem_type)
        declared = {
            entry.name: int(entry.type.tensor_type.elem_type)
            for entry in (*graph.value_info, *graph.output)
        }
        for position, proto in enumerate(graph.node):
            self._add(proto, position, seen, own, place, depth, declared)
        outputs = []
        for entry in graph.output:
            if entry.name not in seen:
                raise GraphError(f"the graph's output {entry.name!r} is made by no node.")
            outputs.append(seen[entry.name])
        self.results.update(outputs)
        return outputs

    def _add(
        self, proto: Any, position: int, seen: dict[str, str], own: set[str], place: str,
        depth: int, declared: Mapping[str, int],
    ) -> None:  # fmt: skip
        op = _text(proto.op_type)
        label = _text(proto.name) or f"{op} that makes {next(iter(proto.output), 'nothing')!r}"
        for name in proto.input:
            if name and name not in seen:
                raise GraphError(
                    f"node {label!r} reads {name!r}, which nothing before it makes.",
                    rule="Nodes stand after those they read from, and never in a circle.",
                )
        inputs = tuple(seen[name] if name else "" for name in proto.input)
        inner: dict[str, list[int]] = {}
        for attribute in proto.attribute:
            graphs = ([attribute.g] if attribute.HasField("g") else []) + list(attribute.graphs)
            for number, graph in enumerate(graphs):
                inside = f"{proto.op_type}#{position}.{attribute.name}{number or ''}"
                path = f"{inside} in {place}" if place else inside
                given = self.read(graph, seen, path, depth + 1)
                inner[attribute.name] = [self.types.get(name, UNKNOWN) for name in given]
        node = Node(
            op=op,
            domain="" if proto.domain in DEFAULT_DOMAINS else proto.domain,
            label=f"{label} in {place}" if place else label,
            inputs=inputs,
            outputs=tuple(_define(name, seen, own, place) if name else "" for name in proto.output),
            attributes={attribute.name: attribute for attribute in proto.attribute},
        )
        self._connect(node, proto, inner, declared)

    def _connect(
        self, node: Node, proto: Any, inner: Mapping[str, list[int]], declared: Mapping[str, int]
    ) -> None:
        self.nodes.append(node)
        for name in dict.fromkeys(filter(None, node.inputs)):
            self.consumers[name].append(node)
        given = output_types(node, lambda name: self.types.get(name, UNKNOWN), inner)
        value = _constant(node) if node.op == "Constant" and not node.domain else None
        for name, written, kind in zip(node.outputs, proto.output, given, strict=True):
            if not name:
                continue
            self.producers[name] = node
            if value is not None:
                self.constants[name] = value
                kind = int(value.data_type)
            elif node.op == "QuantizeLinear" and not node.domain:
                kind = quantized_type(node, lambda name: self.types.get(name, UNKNOWN))
            self.types[name] = kind or declared.get(written, UNKNOWN)


def _define(name: str, seen: dict[str, str], own: set[str], place: str) -> str:
    """Enter a tensor into a graph's names; give the name it has among all graphs."""
    if name in own:
        raise GraphError(f"the graph makes the tensor {name!r} twice.")
    own.add(name)
    seen[name] = f"{name} in {place}" if place else name
    return seen[name]


def _constant(node: Node) -> Any | None:
    """Give the tensor of a Constant; None where it is sparse or holds text."""
    if "value" in node.attributes:
        return node.attributes["value"].t
    for name, kind in CONSTANT_FIELDS.items():
        if found := node.attributes.get(name):
            single = found.i if kind == TensorProto.INT64 else found.f
            several = found.ints if kind == TensorProto.INT64 else found.floats
            if name.endswith("s"):
                return helper.make_tensor(name, kind, [len(several)], list(several))
            return helper.make_tensor(name, kind, [], [single])
    return None


def _text(found: str | bytes) -> str:
    """Give what should be text: protobuf hands out bytes where they are no UTF-8."""
    return found if isinstance(found, str) else found.decode(errors="backslashreplace")
