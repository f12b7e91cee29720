"""Compiling: a graph and its contract become a bundle for a device."""

import platform
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import edgers
from edgers.bundle import CONTRACT, Bundle, bundle_bytes, canonical_json, open_bundle
from edgers.calibration.certificate import certificate_document
from edgers.contract import contract_from_file
from edgers.export.accuracy import AccuracyDemand
from edgers.export.allowed import Allowed, check_allowed
from edgers.export.graph import check_fit, graph_from_file
from edgers.export.proof import Proof
from edgers.export.trial import Subject
from edgers.files import write_whole
from edgers.stored_vectors import vector_entries
from edgers.targets.target import Candidate, target_from_name
from edgers.tiling.graph import halo_from_graph
from edgers.tiling.halo import document_from_halo
from edgers.vector_file import vectors_from_file
from edgers.vector_swap import check_vectors

GRAPH_ENTRY = "graph/{}.onnx"
"""Entry of a form of the graph, by its precision."""


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
    graph: Path, contract: Path, path: Path, *, target: str = "cpu",
    engine: str | None = None, precisions: Sequence[str] = ("fp32",),
    demand: AccuracyDemand | None = None, vectors: Path | None = None,
    tell: Callable[[str], None] = lambda _: None,
) -> Compiled:  # fmt: skip
    """Compile a graph into a bundle at `path`, on the fastest engine that passes.

    With an `engine` named and one precision, the same inputs give the same bytes; else engines are
    timed, and the bundle id hangs on which was chosen, not on the times. With a `demand`, other
    precisions than FP32 ship only where they pass its gate on scenes. `vectors` is a file of what
    an embedding is held against. `tell` hears what is being done. Raises ContractError, GraphError,
    EngineError, SceneError or BadInputError where something does not fit, AccuracyError where
    nothing that is allowed passes the gate, and OutputError where `path` cannot be written; nothing
    is left behind then.
    """
    device = target_from_name(target)
    allowed = Allowed(engine=engine, precisions=tuple(precisions))
    check_allowed(device, allowed)
    stated = contract_from_file(contract)
    model = graph_from_file(graph)
    check_fit(model, stated)
    stored = None if vectors is None else vectors_from_file(vectors)
    halo = halo_from_graph(model, stated.inputs, stated.outputs[0].name)
    data = graph.read_bytes()
    subject = Subject(graph=data, contract=stated, halo=halo)
    # It imports quantizers; commands that only tell of bundles import this file too.
    from edgers.export.judged_choice import choose

    chosen = choose(subject, device, allowed, demand, tell)
    decision, subject = chosen.decision, chosen.subject
    entries = {CONTRACT: canonical_json(stated.document), **decision.golden}
    if stored is not None:
        entries |= vector_entries(stored)
        check_vectors(stated, entries, stored)
    shipped = {one.precision for one, _ in decision.preferred}
    for precision in shipped:
        entries[_graph_entry(subject, precision)] = subject.form(precision)
    for precision in subject.forms.keys() - shipped:
        del entries[subject.golden_output(precision)]
    facts = {
        "name": stated.name,
        "target": device.name,
        "engines": [_choice(subject, one, version) for one, version in decision.preferred],
        "halo": document_from_halo(halo),
        "made_by": f"edgers {edgers.__version__}",
    }
    measured: dict[str, object] = {
        "machine": platform.machine(), "system": platform.system(), **decision.measured,
    }  # fmt: skip
    if decision.proof is not None:
        measured["tiled_minus_untiled"] = decision.proof.difference
    if chosen.certificate is not None:
        measured["certificate"] = certificate_document(chosen.certificate)
    if chosen.left_out:
        measured["left_out"] = chosen.left_out
    write_whole(path, bundle_bytes(entries, facts, measured))
    operators: dict[str, int] = {}
    for node in model.graph.node:
        operators[node.op_type] = operators.get(node.op_type, 0) + 1
    return Compiled(bundle=open_bundle(path), path=path, operators=operators, proof=decision.proof)


def _choice(subject: Subject, candidate: Candidate, version: str) -> dict[str, object]:
    """Write a candidate down for the manifest."""
    return {
        "name": candidate.engine,
        "version": version,
        "precision": candidate.precision,
        "graph": _graph_entry(subject, candidate.precision),
        "golden": subject.golden_output(candidate.precision),
        "settings": dict(candidate.settings),
    }


def _graph_entry(subject: Subject, precision: str) -> str:
    """Give the entry of the graph that is run at a precision."""
    return GRAPH_ENTRY.format(precision if precision in subject.forms else "fp32")
