"""The error of a candidate that loses too much: by how much, in which class, in which layers."""

from edgers.calibration.search import SearchResult
from edgers.calibration.sensitivity import Sensitivity
from edgers.calibration.verdict import Verdict
from edgers.errors import AccuracyError

NAMED_LAYERS = 5
"""Layers that are named, the most sensitive first."""


def refusal(
    candidate: str, verdict: Verdict, max_drop: float, *, sensitivity: Sensitivity | None = None,
    search: SearchResult | None = None,
) -> AccuracyError:  # fmt: skip
    """Give the error for a candidate, such as `onnxruntime int8`, that does not pass."""
    worst = verdict.worst
    broken = verdict.broken_rules(max_drop)
    seen = [
        f"{verdict.metric.name} is {verdict.candidate:.4f}, fp32 has {verdict.fp32:.4f}: "
        f"a drop of {verdict.drop:.4f}.",
        f"Worst {worst.metric.part}: {worst.name}{worst.support}, {worst.measure} "
        f"{_score(worst.fp32.value)} → {_score(worst.candidate.value)}.",
    ]
    seen += [f"{one.scene}: {one.failure}" for one in verdict.scenes if one.failure]
    if sensitivity is not None and sensitivity.measured:
        seen.append(f"Most sensitive layers: {_layers(sensitivity)}.")
    if search is not None:
        seen.append(_tried(search))
    return AccuracyError(
        f"{candidate} loses more accuracy than is allowed.",
        seen=" ".join(seen),
        rule=f"At most {max_drop:g} is allowed: {'; '.join(broken)}.",
        fix=_fix(search, sensitivity),
    )


def _score(value: float | None) -> str:
    return "none" if value is None else f"{value:.4f}"


def _layers(sensitivity: Sensitivity) -> str:
    """Name the most sensitive layers with their numbers."""
    named = (
        f"{one.layer} ({one.changed_share:.2%} of the output changes, "
        f"{one.output_sqnr_db:.1f} dB there, {one.own_sqnr_db:.1f} dB at the layer)"
        for one in sensitivity.measured[:NAMED_LAYERS]
    )
    text = ", ".join(named)
    if sensitivity.unmeasured:
        text += f"; {len(sensitivity.unmeasured)} not measured for lack of time"
    return text


def _tried(search: SearchResult) -> str:
    counts = ", ".join(str(len(one.kept)) for one in search.attempts)
    end = " The time allowed was over." if search.is_out_of_time else ""
    return f"It was tried with {counts} layers kept at a higher precision, and none passed.{end}"


def _fix(search: SearchResult | None, sensitivity: Sensitivity | None) -> str:
    """Say what to do, the nearest first."""
    short_of_time = (search is not None and search.is_out_of_time) or (
        sensitivity is not None and bool(sensitivity.unmeasured)
    )
    ways = ["Allow more time for the search"] if short_of_time else []
    ways += [
        "calibrate on more scenes that look like those to come",
        "compile with --precision fp32",
        "or allow a larger --max-drop",
    ]
    text = ", ".join(ways)
    return f"{text[0].upper()}{text[1:]}."
