"""Choosing the engine of a bundle: what fits is tried, what passes is timed, the fastest ships."""

import platform
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass, replace
from pathlib import Path

from edgers.engines import Engine
from edgers.errors import AccuracyError, EngineError, GraphError
from edgers.export.allowed import Allowed, allowed_candidates, usable_candidates
from edgers.export.candidate_table import candidate_row, candidate_text
from edgers.export.golden import golden_answer, golden_entries
from edgers.export.proof import Proof
from edgers.export.stopwatch import tile_of_noise
from edgers.export.timing import Timed, Timing, time_trials
from edgers.export.trial import Subject, Trial, load_subject, try_candidate
from edgers.processors import processors
from edgers.targets.target import Candidate, Target

Tell = Callable[[str], None]
"""Hears what is being done."""

Gate = Callable[[Trial], str]
"""Judges a candidate on scenes: gives why it cannot ship, empty where it can."""


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
    subject: Subject, target: Target, allowed: Allowed, tell: Tell = lambda _: None,
    gate: Gate = lambda _: "",
) -> EngineDecision:  # fmt: skip
    """Try the candidates of a target and ship the fastest that passes, at last the gate.

    Where an engine is named and one precision allowed, nothing is timed and the same inputs give
    the same decision. Raises BadInputError where the engine or precision is not to be had here,
    GraphError where tiled differs from untiled on every engine, EngineError where none passes, and
    AccuracyError where none passes the gate.
    """
    candidates = allowed_candidates(target, allowed)
    with ExitStack() as loaded:
        tell("golden tile")
        reference = reference_of(target, subject, "fp32")
        loaded.enter_context(closing(engine_of(reference)))
        golden = golden_entries(engine_of(reference), subject.contract, subject.halo)
        golden |= _golden_of_forms(target, subject)
        trials = [_tried(one, subject, golden, reference, loaded, tell) for one in candidates]
        trials = _only_exact(trials)
        passed = [trial for trial in trials if not trial.out]
        if not passed:
            raise _nothing_passed(trials)
        is_named = allowed.engine is not None
        is_timed = len(candidates) > 1 or not is_named

        def timed(some: Sequence[Trial]) -> Timing:
            if not is_timed:
                return Timing(timed=(), winner=some[0])
            return time_trials(some, subject, tell, streams=not is_named)

        timing = _fastest_through(gate, passed, timed)
        if is_timed:
            timing = _beside_fp32(timing, reference, subject, tell)
        # A named engine stands alone; else others may stand in, in an order no timing changes.
        others = [] if is_named else _stand_ins(timing.winner, [*passed, reference], subject)
        return EngineDecision(
            preferred=tuple(_preferred([timing.winner, *others])),
            golden=golden,
            proof=timing.winner.proof,
            measured=_measured(trials, timing, subject, target),
        )


def _fastest_through(
    gate: Gate, passed: Sequence[Trial], timed: Callable[[Sequence[Trial]], Timing]
) -> Timing:
    """Give the fastest that passes the gate, with all that were timed on the way."""
    left, refused = list(passed), dict[str, Timed]()
    reasons: list[str] = []
    while left:
        timing = timed(left)
        fastest = timing.winner
        reason = gate(fastest)
        if not reason:
            return replace(timing, timed=(*timing.timed, *refused.values()))
        reasons.append(f"{_text(fastest.candidate)}: {reason}")
        for one in timing.timed or (Timed(trial=fastest, laps_s=()),):
            if _is_alike(one.trial, fastest):
                out = replace(one, trial=replace(one.trial, out=reason))
                refused[_text(one.trial.candidate)] = out
        left = [trial for trial in left if not _is_alike(trial, fastest)]
    raise AccuracyError(
        "nothing that is allowed to ship passes the gate.",
        seen=" · ".join(reasons),
        fix="Allow fp32 (--precision auto), or a larger --max-drop.",
    )


def _is_alike(one: Trial, other: Trial) -> bool:
    """Tell whether two give the same answers: settings do not change them."""
    keys = ((t.candidate.engine, t.candidate.precision, t.candidate.settings.get("rest"))
            for t in (one, other))  # fmt: skip
    return len(set(keys)) == 1


def _beside_fp32(timing: Timing, reference: Trial, subject: Subject, tell: Tell) -> Timing:
    """Time what ships beside FP32 where FP32 is not allowed: to ship, or to be faster, differ."""
    precisions = {one.trial.candidate.precision for one in timing.timed}
    if timing.winner.candidate.precision == "fp32" or "fp32" in precisions:
        return timing
    candidate = timing.winner.candidate
    # With fewer tiles at once it was an engine of its own, which is closed by now.
    with closing(load_subject(candidate, subject)) as engine:
        ours = replace(timing.winner, engine=engine)
        again = time_trials([ours, reference], subject, tell, streams=False)
    beside = replace(again.timed[1], trial=replace(reference, out=""))
    laps = again.timed[0].laps_s
    found = [
        replace(one, laps_s=laps) if one.trial is timing.winner else one for one in timing.timed
    ]
    return replace(timing, timed=(*found, beside))


def _stand_ins(winner: Trial, others: Sequence[Trial], subject: Subject) -> list[Trial]:
    """Give what may stand in: a second form of the graph would double what has to be sent up."""
    form = subject.form(winner.candidate.precision)
    return [one for one in others if subject.form(one.candidate.precision) is form]


def _golden_of_forms(target: Target, subject: Subject) -> dict[str, bytes]:
    """Give the golden answer of each other form of the graph, on the engine that comes first."""
    found: dict[str, bytes] = {}
    for precision in subject.forms:
        with closing(engine_of(reference_of(target, subject, precision))) as engine:
            answer = golden_answer(engine, subject.contract, subject.halo)
        found[subject.golden_output(precision)] = answer
    return found


def reference_of(target: Target, subject: Subject, precision: str) -> Trial:
    """Load the engine whose answers at a precision the others are held against."""
    refusals: list[EngineError] = []
    for one in usable_candidates(target):
        if one.precision != precision:
            continue
        try:
            return Trial(candidate=one, engine=load_subject(one, subject))
        except EngineError as error:
            refusals.append(error)
    raise refusals[0] if refusals else EngineError("no engine is installed here.")


def _tried(
    candidate: Candidate, subject: Subject, golden: Mapping[str, bytes], reference: Trial,
    loaded: ExitStack, tell: Tell,
) -> Trial:  # fmt: skip
    tell(_text(candidate))
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
    reasons = (f"{_text(t.candidate)}: {t.out}" for t in trials)
    return EngineError("no engine passes on this graph.", seen=" · ".join(reasons))


def _preferred(trials: Iterable[Trial]) -> list[tuple[Candidate, str]]:
    """Give one candidate for each engine and precision, the first that comes."""
    found: dict[tuple[str, str], tuple[Candidate, str]] = {}
    for trial in trials:
        candidate, version = trial.candidate, engine_of(trial).info.version
        found.setdefault((candidate.engine, candidate.precision), (candidate, version))
    return list(found.values())


def _measured(
    trials: Sequence[Trial], timing: Timing, subject: Subject, target: Target
) -> dict[str, object]:
    """Give the table, and where its times were taken."""
    timed = {_text(one.trial.candidate) for one in timing.timed}
    untimed = [Timed(trial=t, laps_s=()) for t in trials if _text(t.candidate) not in timed]
    rows = [
        candidate_row(one.trial, one.laps_s, ships=one.trial is timing.winner)
        for one in (*timing.timed, *untimed)
    ]
    found: dict[str, object] = {"engines": rows}
    if timing.timed:
        tile = tile_of_noise(subject.contract, subject.halo)[subject.contract.main.name]
        axes = subject.contract.main.dim_order
        found["tile_px"] = [tile.shape[axes.index(axis)] for axis in ("height", "width")]
        found["processor"] = processor_name()
        found["processors"] = processors()
        if not target.is_this_machine:
            found["note"] = (
                f"the choice was measured on this machine ({platform.machine()}), "
                f"not on the target ({target.title})"
            )
    return found


def processor_name() -> str:
    """Give the name of the processor, as far as the system tells it."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        lines = []
    names = (line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.processor() or platform.machine())


def _text(candidate: Candidate) -> str:
    return candidate_text(candidate.engine, candidate.precision, candidate.settings)


def engine_of(trial: Trial) -> Engine:
    """Give the engine of a trial whose graph was loaded."""
    assert trial.engine is not None
    return trial.engine
