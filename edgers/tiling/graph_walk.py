"""Following the image through an ONNX graph, operator by operator."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from edgers.tiling.op_node import Axes, Link, Node, Placed, UnboundedError
from edgers.tiling.op_rules import RULES, WHOLE_IMAGE
from edgers.tiling.probe import Probe

if TYPE_CHECKING:
    import onnx


@dataclass(frozen=True, slots=True, kw_only=True)
class Walk:
    """A graph reduced to its image tensors."""

    sources: tuple[str, ...]
    """Input tensors."""
    target: str
    """Output tensor."""
    links: dict[str, Sequence[Link]] = field(default_factory=dict)
    """Links of each image tensor to the tensors it was made from, in graph order."""
    axes: dict[str, Axes] = field(default_factory=dict)
    """Image axes of each image tensor."""
    unbounded: list[str] = field(default_factory=list)
    """Ops on the way through which a pixel may depend on any other, with the reason."""


def walk_graph(
    model: "onnx.ModelProto", probes: Sequence[Probe], sources: Mapping[str, Axes], target: str
) -> Walk:
    """Follow the images from the inputs to the output tensor.

    `sources` gives the image axes of each input.

    An op without a bound is noted; where its output still has the image's shape, the walk goes on,
    so that grid and local reach are known all the same.
    """
    walk = Walk(sources=tuple(sources), target=target, axes=dict(sources))
    counted: set[str] = set()
    needed = _needed_nodes(model, target)
    for position, node in enumerate(model.graph.node):
        images = [name for name in node.input if name in walk.axes]
        if node.op_type in ("Shape", "Size") or (counted & set(node.input) and not images):
            counted.update(node.output)
        elif images and position in needed:
            for output in node.output:
                if output in probes[0].shapes:
                    _step(walk, _view(node, output, probes, walk.axes, counted), images[0])
    return walk


def _step(walk: Walk, view: Node, image: str) -> None:
    """Add one output tensor to the walk."""
    try:
        walk.axes[view.output], walk.links[view.output] = _apply_rule(view)
    except UnboundedError as reason:
        walk.unbounded.append(str(reason))
        before, after = view.shapes[image], view.shapes[view.output]
        if len(before) == len(after) and all(after[a] == before[a] for a in view.axes[image]):
            walk.axes[view.output] = view.axes[image]
            walk.links[view.output] = [Link(source=image)]


def _apply_rule(view: Node) -> Placed:
    """Find and apply the rule of an operator."""
    if view.op in WHOLE_IMAGE:
        raise view.unbounded("it looks at the whole image")
    if view.op not in RULES:
        raise view.unbounded("this operator is not known to stay local")
    if RULES[view.op] not in TAKE_ANY_INPUT:
        if view.inputs[0] not in view.axes:
            raise view.unbounded("the image is not its first input")
        if len(view.images()) > 1:
            raise view.unbounded("it weighs one image by another")
    return RULES[view.op](view)


TAKE_ANY_INPUT = (RULES["Add"], RULES["Concat"])
"""Rules that look for the image among all inputs."""


def _needed_nodes(model: "onnx.ModelProto", target: str) -> set[int]:
    """Find the nodes that the output depends on."""
    wanted, found = {target}, set()
    for position in range(len(model.graph.node) - 1, -1, -1):
        node = model.graph.node[position]
        if wanted & set(node.output):
            found.add(position)
            wanted.update(node.input)
    return found


def _view(
    node: "onnx.NodeProto", output: str, probes: Sequence[Probe],
    axes: Mapping[str, Axes], counted: set[str],
) -> Node:  # fmt: skip
    """Give a rule all it may ask of a node."""
    from onnx import helper

    def constant(index: int) -> npt.NDArray[np.generic] | None:
        values = [probe.values.get(node.input[index]) for probe in probes]
        first = values[0]
        if first is None or any(v is None or not np.array_equal(v, first) for v in values):
            return None
        return first

    name = repr(node.name) if node.name else f"→ {node.output[0]!r}"
    return Node(
        op=node.op_type,
        label=f"{node.op_type} {name}",
        inputs=tuple(node.input),
        output=output,
        attributes={a.name: helper.get_attribute_value(a) for a in node.attribute},
        axes={name: axes[name] for name in node.input if name in axes},
        shapes=probes[0].shapes,
        constant=constant,
        counted=lambda index: node.input[index] in counted,
    )
