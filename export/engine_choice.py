"""Choosing the engine of a bundle: what fits is tried, what passes is timed, the fastest ships."""

import platform
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass, replace
from pathlib import Path

from edgers.engines import Engine
from edgers.errors import EngineError, GraphError
from edgers.export.allowed import Allowed, allowed_candidates, usable_candidates
from edgers.export.candidate_table import candidate_row, candidate_text
from edgers.export.golden import golden_entries
from edgers.export.proof import Proof
from edgers.export.stopwatch import tile_of_noise
from edgers.export.timing import Timed, Timing, time_trials
from edgers.export.trial import Subject, Trial, load_candidate, try_candidate
from edgers.processors import processors
from edgers.targets.target import Candidate, Target

Tell = Callable[[str], None]
"""Hears what is being done."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineDecision:
    """What was chosen."""

    preferred: tuple[tuple[Candidate, str], ...]
    """Candidates with the versions of their engines: the one that ships, then what may stand in."""
    golden: Mapping[str, bytes]
    """Bundle entries of the golden tile, computed in FP32."""
    proof: Proof | None
    """Tiled against untiled on the one that ships; None for a graph without a bound."""
    measured: Mapping[str, object]
    """The table, for the bundle's measurements."""


def choose_engine(
    subject: Subject, target: Target, allowed: Allowed, tell: Tell = lambda _: None
) -> EngineDecision:
    """Try the candidates of a target and ship the fastest that passes.

    Where an engine is named and one precision allowed, nothing is timed and the same inputs give
    the same decision. Raises BadInputError where the engine or precision is not to be had here,
    GraphError where tiled differs from untiled on every engine, and EngineError where none passes.
    """
    candidates = allowed_candidates(target, allowed)
    with ExitStack() as loaded:
        tell("golden tile")
        reference = _reference(target, subject.graph)
        golden = golden_entries(_engine(reference), subject.contract, subject.halo)
        loaded.enter_context(closing(_engine(reference)))
        trials = [_tried(one, subject, golden, reference, loaded, tell) for one in candidates]
        trials = _only_exact(trials)
        passed = [trial for trial in trials if not trial.out]
        if not passed:
            raise _nothing_passed(trials)
        timing = Timing(timed=(), winner=passed[0])
        is_named = allowed.engine is not None
        if len(candidates) > 1 or not is_named:
            timing = time_trials(passed, subject, tell, streams=not is_named)
        # A named engine stands alone; else others may stand in, in an order no timing changes.
        others = [] if is_named else [*passed, reference]
        return EngineDecision(
            preferred=tuple(_preferred([timing.winner, *others])),
            golden=golden,
            proof=timing.winner.proof,
            measured=_measured(trials, timing, subject, target),
        )


def _reference(target: Target, graph: bytes) -> Trial:
    """Load the engine whose answers in FP32 the others are held against."""
    refusals: list[EngineError] = []
    for one in usable_candidates(target):
        if one.precision != "fp32":
            continue
        try:
            return Trial(candidate=one, engine=load_candidate(one, graph))
        except EngineError as error:
            refusals.append(error)
    raise refusals[0] if refusals else EngineError("no engine is installed here.")


def _tried(
    candidate: Candidate, subject: Subject, golden: Mapping[str, bytes], reference: Trial,
    loaded: ExitStack, tell: Tell,
) -> Trial:  # fmt: skip
    tell(candidate_text(candidate.engine, candidate.precision, candidate.settings))
    if candidate == reference.candidate:
        return try_candidate(candidate, subject, golden, reference.engine)
    trial = try_candidate(candidate, subject, golden, None)
    if trial.engine is not None:
        loaded.enter_context(closing(trial.engine))
    return trial


def _only_exact(trials: Iterable[Trial]) -> list[Trial]:
    """Rule out what is not exact where another is, and what does not hold at all."""
    found = list(trials)
    some_exact = any(not trial.out and trial.is_exact for trial in found)
    return [
        replace(trial, out=_inexact(trial))
        if not trial.out and not (trial.is_exact if some_exact else trial.holds)
        else trial
        for trial in found
    ]


def _inexact(trial: Trial) -> str:
    assert trial.proof is not None
    return f"tiled differs from untiled by {trial.proof.difference:.2g}"


def _nothing_passed(trials: Sequence[Trial]) -> Exception:
    """Say why no candidate is left."""
    if all(trial.proof is not None and not trial.holds for trial in trials):
        worst = min(trial.proof.difference for trial in trials if trial.proof is not None)
        return GraphError(
            "the halo worked out from the graph does not hold.",
            seen=f"Tiled and untiled differ by {worst:.3g} on random data.",
            rule="They must be equal.",
            fix="This is a fault of EdgeRS: please report it with the graph.",
        )
    reasons = (
        f"{candidate_text(t.candidate.engine, t.candidate.precision, t.candidate.settings)}: "
        f"{t.out}"
        for t in trials
    )
    return EngineError("no engine passes on this graph.", seen=" · ".join(reasons))


def _preferred(trials: Iterable[Trial]) -> list[tuple[Candidate, str]]:
    """Give one candidate for each engine and precision, the first that comes."""
    found: dict[tuple[str, str], tuple[Candidate, str]] = {}
    for trial in trials:
        candidate, version = trial.candidate, _engine(trial).info.version
        found.setdefault((candidate.engine, candidate.precision), (candidate, version))
    return list(found.values())


def _measured(
    trials: Sequence[Trial], timing: Timing, subject: Subject, target: Target
) -> dict[str, object]:
    """Give the table, and where its times were taken."""
    untimed = [Timed(trial=t, laps_s=()) for t in trials if t not in _timed(timing)]
    rows = [
        candidate_row(one.trial, one.laps_s, ships=one.trial is timing.winner)
        for one in (*timing.timed, *untimed)
    ]
    found: dict[str, object] = {"engines": rows}
    if timing.timed:
        tile = tile_of_noise(subject.contract, subject.halo)[subject.contract.main.name]
        axes = subject.contract.main.dim_order
        found["tile_px"] = [tile.shape[axes.index(axis)] for axis in ("height", "width")]
        found["processor"] = _processor()
        found["processors"] = processors()
        if not target.is_this_machine:
            found["note"] = (
                f"the choice was measured on this machine ({platform.machine()}), "
                f"not on the target ({target.title})"
            )
    return found


def _timed(timing: Timing) -> list[Trial]:
    return [one.trial for one in timing.timed]


def _processor() -> str:
    """Give the name of the processor, as far as the system tells it."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        lines = []
    names = (line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.processor() or platform.machine())


def _engine(trial: Trial) -> Engine:
    assert trial.engine is not None
    return trial.engine
