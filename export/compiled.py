"""What compiling gives."""

from dataclasses import dataclass
from pathlib import Path

import onnx

from edgers.bundle import Bundle
from edgers.export.proof import Proof


@dataclass(frozen=True, slots=True, kw_only=True)
class Compiled:
    """What compiling gave."""

    bundle: Bundle
    """The bundle, opened again from disk."""
    path: Path
    """Where it is."""
    operators: dict[str, int]
    """How many nodes of each operator the graph has."""
    proof: Proof | None
    """What the check of the halo showed; None for a graph without a bound."""


def operators_of(*models: onnx.ModelProto) -> dict[str, int]:
    """Count the nodes of each operator, over all graphs of a program."""
    operators: dict[str, int] = {}
    for node in (node for model in models for node in model.graph.node):
        operators[node.op_type] = operators.get(node.op_type, 0) + 1
    return operators
