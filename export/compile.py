"""Compiling: a graph and its contract become a bundle for a device."""

import platform
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import edgers
from edgers.bundle import CONTRACT, bundle_bytes, canonical_json, open_bundle, part_entries
from edgers.calibration.certificate import certificate_document
from edgers.contract import Contract, contract_from_file
from edgers.errors import BadInputError
from edgers.export.accuracy import AccuracyDemand
from edgers.export.allowed import Allowed, check_allowed
from edgers.export.compiled import Compiled, operators_of
from edgers.export.kit_options import KitOptions
from edgers.export.parts import check_graphs, graphs_from_files, tokenizer_entries
from edgers.export.program_halo import halo_of_program
from edgers.export.stored import stored_vectors
from edgers.export.trial import Subject
from edgers.files import write_whole
from edgers.targets.target import Candidate, Target, target_from_name
from edgers.tiling.halo import document_from_halo
from edgers.vector_swap import fitting_entries

if TYPE_CHECKING:
    from edgers.export.judged_choice import JudgedChoice

GRAPH_ENTRY = "graph/{}.onnx"
"""Entry of a form of the graph, by its precision."""


def compile_bundle(
    graph: Path, contract: Path, path: Path, *, target: str = "cpu",
    engine: str | None = None, precisions: Sequence[str] = ("fp32",),
    demand: AccuracyDemand | None = None, kit: KitOptions | None = None,
    vectors: Path | None = None, tell: Callable[[str], None] = lambda _: None,
    parts: Mapping[str, Path] | None = None, tokenizer: Path | None = None,
) -> Compiled:  # fmt: skip
    """Compile a graph into a bundle at `path`, on the fastest engine that passes.

    For a target with a GPU it is a build kit (`compile_kit`), which `kit` has choices for.

    With an `engine` named and one precision, the same inputs give the same bytes; else engines are
    timed, and the bundle id hangs on which was chosen, not on the times. With a `demand`, other
    precisions than FP32 ship only where they pass its gate on scenes. `parts` are the further
    graphs of the contract's program, by name, and `vectors` a file of what an embedding is held
    against; `tokenizer` makes words of tokens. `tell` hears what is being done.

    Raises ContractError, GraphError, EngineError, SceneError or BadInputError where something does
    not fit, AccuracyError where nothing that is allowed passes the gate, and OutputError where
    `path` cannot be written; nothing is left behind then.
    """
    device = target_from_name(target)
    allowed = Allowed(engine=engine, precisions=tuple(precisions))
    if device.gpu is not None:
        from edgers.export.kit import compile_kit

        _refuse_program(contract_from_file(contract), device)
        return compile_kit(
            graph, contract, path, target=device, allowed=allowed, demand=demand, options=kit,
            vectors=vectors, tell=tell,
        )  # fmt: skip
    if kit not in (None, KitOptions()):
        raise BadInputError(
            f"target {device.name} has no GPU.",
            rule="CUDA kernels and a DLA are for build kits.",
            fix="Leave --kernels, --no-kernels and --dla out, or name a target with a GPU.",
        )
    check_allowed(device, allowed)
    stated = contract_from_file(contract)
    _check_plain(stated, allowed, demand)
    graphs = graphs_from_files(graph, parts or {}, stated)
    check_graphs(graphs, stated)
    stored = stored_vectors(vectors, stated)
    words = tokenizer_entries(tokenizer, stated)
    halo = halo_of_program(graphs, stated)
    beside = {name: path.read_bytes() for name, path in (parts or {}).items()}
    subject = Subject(graph=graph.read_bytes(), contract=stated, halo=halo, parts=beside)
    # It imports quantizers; commands that only tell of bundles import this file too.
    from edgers.export.judged_choice import choose

    chosen = choose(subject, device, allowed, demand, tell)
    decision, subject = chosen.decision, chosen.subject
    entries = {CONTRACT: canonical_json(stated.document), **decision.golden, **words}
    entries |= fitting_entries(stored, stated, entries)
    shipped = {one.precision for one, _ in decision.preferred}
    for precision in shipped:
        entries[_graph_entry(subject, precision)] = subject.form(precision)
    for name, entry in part_entries(stated).items():
        entries[entry] = beside[name]
    for precision in subject.forms.keys() - shipped:
        del entries[subject.golden_output(precision)]
    facts = {
        "name": stated.name,
        "target": device.name,
        "engines": [_choice(subject, one, version) for one, version in decision.preferred],
        "halo": document_from_halo(halo),
        "made_by": f"edgers {edgers.__version__}",
    }
    write_whole(path, bundle_bytes(entries, facts, _measured(chosen)))
    return Compiled(
        bundle=open_bundle(path), path=path, operators=operators_of(*graphs.values()),
        proof=decision.proof,
    )  # fmt: skip


def _refuse_program(contract: Contract, device: Target) -> None:
    """Raise BadInputError where a kit would have to hold several graphs, or a loop."""
    if contract.program is not None:
        raise BadInputError(
            f"models with an edgers:program, or of rows, are not compiled for {device.name}.",
            rule="A build kit holds one graph, which is run once a tile.",
            fix="Compile for --target cpu.",
        )


def _check_plain(contract: Contract, allowed: Allowed, demand: AccuracyDemand | None) -> None:
    """Raise BadInputError where a program is to be quantized: its errors add up in its own way."""
    if contract.program is None or (demand is None and set(allowed.precisions) == {"fp32"}):
        return
    raise BadInputError(
        "models of rows, and of several graphs or steps, are compiled at FP32 alone.",
        seen=f"Allowed: {', '.join(allowed.precisions)}.",
        fix="Leave --precision and the scenes to judge on out.",
    )


def _measured(chosen: "JudgedChoice") -> dict[str, object]:
    """Say what was measured, and on what machine."""
    decision = chosen.decision
    measured: dict[str, object] = {
        "machine": platform.machine(), "system": platform.system(), **decision.measured,
    }  # fmt: skip
    if decision.proof is not None:
        measured["tiled_minus_untiled"] = decision.proof.difference
    if chosen.certificate is not None:
        measured["certificate"] = certificate_document(chosen.certificate)
    if chosen.left_out:
        measured["left_out"] = chosen.left_out
    return measured


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
