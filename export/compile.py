"""Compiling: a graph and its contract become a bundle for a device."""

import os
import platform
import tempfile
from dataclasses import dataclass
from pathlib import Path

import edgers
from edgers.bundle import CONTRACT, Bundle, bundle_bytes, canonical_json, open_bundle
from edgers.contract import contract_from_file
from edgers.engines import ENGINES
from edgers.errors import BadInputError, GraphError, OutputError
from edgers.export.golden import golden_entries
from edgers.export.graph import check_fit, graph_from_file
from edgers.export.proof import Proof, prove_tiling
from edgers.targets.target import target_from_name
from edgers.tiling.graph import halo_from_graph
from edgers.tiling.halo import document_from_halo

GRAPH_ENTRY = "graph/fp32.onnx"


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


def compile_bundle(
    graph: Path, contract: Path, path: Path, *, target: str = "cpu", precision: str = "fp32"
) -> Compiled:
    """Compile a graph into a bundle at `path`; the same inputs give the same bytes.

    Raises ContractError, GraphError or BadInputError where something does not fit, and OutputError
    where `path` cannot be written; nothing is left behind then.
    """
    device = target_from_name(target)
    if precision not in device.precisions:
        raise BadInputError(
            f"target {target} cannot be compiled to {precision!r}.",
            rule=f"It takes: {', '.join(device.precisions)}.",
        )
    stated = contract_from_file(contract)
    model = graph_from_file(graph)
    check_fit(model, stated)
    halo = halo_from_graph(model, stated.inputs, stated.outputs[0].name)
    data = graph.read_bytes()
    engine = ENGINES[device.engines[0]](data)
    golden = golden_entries(engine, stated, halo)
    proof = prove_tiling(engine, stated, halo) if halo.is_exact else None
    if proof is not None and not proof.holds:
        raise GraphError(
            "the halo worked out from the graph does not hold.",
            seen=f"Tiled and untiled differ by {proof.difference:.3g} on random data.",
            rule="They must be equal.",
            fix="This is a fault of EdgeRS: please report it with the graph.",
        )
    entries = {
        CONTRACT: canonical_json(stated.document),
        GRAPH_ENTRY: data,
        **golden,
    }
    choice = {
        "name": engine.info.name,
        "version": engine.info.version,
        "precision": precision,
        "graph": GRAPH_ENTRY,
    }
    facts = {
        "name": stated.name,
        "target": device.name,
        "engines": [choice],
        "halo": document_from_halo(halo),
        "made_by": f"edgers {edgers.__version__}",
    }
    measured: dict[str, object] = {"machine": platform.machine(), "system": platform.system()}
    if proof is not None:
        measured["tiled_minus_untiled"] = proof.difference
    write_whole(path, bundle_bytes(entries, facts, measured))
    operators: dict[str, int] = {}
    for node in model.graph.node:
        operators[node.op_type] = operators.get(node.op_type, 0) + 1
    return Compiled(bundle=open_bundle(path), path=path, operators=operators, proof=proof)


def write_whole(path: Path, data: bytes) -> None:
    """Write a file so that it is there whole or not at all."""
    try:
        handle, name = tempfile.mkstemp(prefix=".edgers-", dir=path.parent)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(data)
                file.flush()
                os.fchmod(handle, 0o644)
                os.fsync(handle)
            os.replace(name, path)
        except BaseException:
            os.unlink(name)
            raise
    except OSError as error:
        raise OutputError(f"{path} cannot be written.", seen=f"{error.strerror}.") from error
