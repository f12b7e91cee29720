"""A graph brought into one order, without what nothing reads: equal graphs give equal bytes."""

from collections import deque
from typing import Any

import onnx

IR_VERSIONS = ((19, 9), (21, 10), (23, 11), (24, 12))
"""From which opset on which version of the file format belongs to it (onnx/docs/Versioning.md)."""


def graph_bytes(model: onnx.ModelProto) -> bytes:
    """Serialize a graph, checked: sorted, short, and without notes of the tools it went through.

    Raises onnx.checker.ValidationError where it is malformed, a fault of ours.
    """
    made = onnx.ModelProto()
    made.CopyFrom(model)
    _sort(made.graph)
    without_strays(made)
    _share_zero_points(made.graph)
    _order_constants(made.graph)
    onnx.checker.check_model(made, full_check=True)
    return bytes(made.SerializeToString(deterministic=True))


def without_strays(model: onnx.ModelProto) -> None:
    """Drop nodes and constants that nothing reads, notes, and operator sets that nothing uses."""
    _drop_dead(model.graph)
    domains = {"", "ai.onnx"} | {node.domain for node in model.graph.node}
    kept = [one for one in model.opset_import if one.domain in domains]
    opset = max(one.version for one in kept if one.domain in ("", "ai.onnx"))
    del model.opset_import[:]
    model.opset_import.extend(kept)
    for least, version in IR_VERSIONS:
        if opset >= least:
            model.ir_version = max(model.ir_version, version)
    del model.metadata_props[:]
    del model.graph.value_info[:]
    del model.graph.quantization_annotation[:]
    model.doc_string = model.graph.doc_string = ""
    model.producer_name, model.producer_version = "edgers", ""
    for node in model.graph.node:
        node.doc_string = ""


def _drop_dead(graph: onnx.GraphProto) -> None:
    """Drop nodes from which no output can be reached, then constants that nothing reads."""
    wanted = {entry.name for entry in graph.output}
    kept = []
    for node in reversed(_sorted(graph)):
        if wanted & set(node.output):
            kept.append(node)
            wanted.update(node.input)
            wanted.update(_outer_names(node))
    _replace(graph.node, kept[::-1])
    _replace(graph.initializer, [entry for entry in graph.initializer if entry.name in wanted])


def _sort(graph: onnx.GraphProto) -> None:
    """Put every node behind those it reads from; else the order stays."""
    _replace(graph.node, _sorted(graph))


def _sorted(graph: onnx.GraphProto) -> list[onnx.NodeProto]:
    made_by = {name: i for i, node in enumerate(graph.node) for name in node.output if name}
    done: set[int] = set()
    order: list[int] = []
    for first in range(len(graph.node)):
        stack = deque([first])
        while stack:
            index = stack[-1]
            node = graph.node[index]
            needs = [made_by[n] for n in (*node.input, *_outer_names(node)) if n in made_by]
            missing = [i for i in needs if i not in done]
            if missing and index not in done:
                stack.extend(reversed(missing))
                continue
            stack.pop()
            if index not in done:
                done.add(index)
                order.append(index)
    return [graph.node[index] for index in order]


def _outer_names(node: onnx.NodeProto) -> set[str]:
    """Give the tensors that graphs inside a node may read from outside."""
    found: set[str] = set()
    for attribute in node.attribute:
        for inner in (attribute.g, *attribute.graphs):
            for one in inner.node:
                found.update(one.input)
                found |= _outer_names(one)
            found.update(entry.name for entry in inner.output)
    return found


def _share_zero_points(graph: onnx.GraphProto) -> None:
    """Let nodes whose zero points are equal read the same constant; most are zeros.

    Those of weights stay apart: where ONNX Runtime 1.32 takes weights as unsigned
    (`session.x64quantprecision`), it writes each zero point anew and fails on one it has written.
    """
    contents: dict[bytes, str] = {}
    constants = {entry.name: entry for entry in graph.initializer}
    for node in graph.node:
        if node.op_type in ("QuantizeLinear", "DequantizeLinear") and len(node.input) > 2:
            entry = onnx.TensorProto()
            if node.input[2] not in constants or node.input[0] in constants:
                continue
            entry.CopyFrom(constants[node.input[2]])
            entry.name = ""
            key = entry.SerializeToString(deterministic=True)
            node.input[2] = contents.setdefault(key, node.input[2])
    used = {name for node in graph.node for name in node.input}
    used |= {name for node in graph.node for name in _outer_names(node)}
    _replace(graph.initializer, [entry for entry in graph.initializer if entry.name in used])


def _order_constants(graph: onnx.GraphProto) -> None:
    """Put constants in the order in which nodes read them: tools keep them in sets."""
    first: dict[str, int] = {}
    for node in graph.node:
        for name in (*node.input, *sorted(_outer_names(node))):
            first.setdefault(name, len(first))
    _replace(graph.initializer, sorted(graph.initializer, key=lambda entry: first[entry.name]))


def _replace(field: Any, values: list[Any]) -> None:
    """Fill a repeated field anew."""
    copies = []
    for value in values:
        copy = type(value)()
        copy.CopyFrom(value)
        copies.append(copy)
    del field[:]
    field.extend(copies)
