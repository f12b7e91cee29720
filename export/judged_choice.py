"""Choosing what ships where precisions other than FP32 may: quantize, judge on scenes, time."""

import platform
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field, replace

from edgers.calibration.certificate import Certificate, Quantized
from edgers.calibration.half import LARGEST, overflows
from edgers.calibration.juries import jury_of
from edgers.calibration.scene_list import scenes_in
from edgers.calibration.variants import variants_document
from edgers.errors import AccuracyError, BadInputError
from edgers.export.accuracy import AccuracyDemand, share_out
from edgers.export.allowed import Allowed, allowed_candidates
from edgers.export.court import Court
from edgers.export.engine_choice import (
    EngineDecision,
    choose_engine,
    engine_of,
    processor_name,
    reference_of,
)
from edgers.export.golden import golden_entries
from edgers.export.quantized_form import QuantizedForm, quantized_form
from edgers.export.report import check_report, write_report
from edgers.export.trial import Subject
from edgers.targets.target import Target

Tell = Callable[[str], None]

NOTHING_TO_CALIBRATE_ON = "no scenes to calibrate on were given (--calibrate)"


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgedChoice:
    """What was chosen, and what of it is known."""

    subject: Subject
    """The graph in all its forms."""
    decision: EngineDecision
    """Which engine runs which form."""
    certificate: Certificate | None = None
    """What the precision costs on scenes; None at FP32, and where it was not judged."""
    left_out: dict[str, str] = field(default_factory=dict)
    """Why a precision that was allowed was not tried further, by precision."""


def choose(
    subject: Subject, target: Target, allowed: Allowed, demand: AccuracyDemand | None, tell: Tell
) -> JudgedChoice:
    """Ship the fastest of what is allowed; with a `demand`, of what passes the gate on scenes.

    Raises as `choose_engine`, `quantized_form` and `Court` do, and BadInputError where INT8 alone
    is allowed and there are no scenes, or where there are scenes and FP32 alone is allowed.
    """
    if demand is None:
        left_out = {}
        if "int8" in allowed.precisions:
            allowed = without_int8(allowed)
            left_out["int8"] = NOTHING_TO_CALIBRATE_ON
        decision = choose_engine(subject, target, allowed, tell)
        return JudgedChoice(subject=subject, decision=decision, left_out=left_out)
    check_more_than_fp32(allowed)
    return _judged(subject, target, allowed, demand, tell)


def check_more_than_fp32(allowed: Allowed) -> None:
    """Raise BadInputError where there are scenes and nothing to judge on them."""
    if set(allowed.precisions) == {"fp32"}:
        raise BadInputError(
            "there is nothing to calibrate or to judge.",
            seen="FP32 alone may ship.",
            fix="Allow more with --precision int8 or --precision auto, or leave the scenes out.",
        )


def without_int8(allowed: Allowed) -> Allowed:
    """Leave INT8 out; raises BadInputError where nothing else is allowed."""
    others = tuple(one for one in allowed.precisions if one != "int8")
    if not others:
        raise BadInputError(
            "int8 needs scenes to calibrate on.",
            rule="Ranges of 8 bits are measured, and what they cost is judged, on scenes.",
            fix="Give some with --calibrate SCENE, again for each.",
        )
    return replace(allowed, precisions=others)


def _judged(
    subject: Subject, target: Target, allowed: Allowed, demand: AccuracyDemand, tell: Tell
) -> JudgedChoice:
    # Before anything is measured: what is refused is refused at once.
    jury_of(subject.contract.outputs[0], demand.scheme)
    if demand.report is not None:
        check_report(demand.report)
    demand = with_scenes_found(demand, subject)
    calibrate, judged = share_out(demand)
    candidates = allowed_candidates(target, allowed)
    reference = reference_of(target, subject, "fp32")
    with closing(engine_of(reference)) as engine:
        golden = golden_entries(engine, subject.contract, subject.halo)
    form, left_out = None, {}
    with Court(subject, golden, reference.candidate, demand, judged, tell) as court:
        eight = [one for one in candidates if one.precision == "int8"]
        if eight and not (calibrate or demand.ranges):
            allowed = without_int8(allowed)
            left_out["int8"] = NOTHING_TO_CALIBRATE_ON
        elif eight:
            try:
                # Ranges that were measured before come without scenes: those to judge on must do.
                form = quantized_form(
                    subject, court, eight[0], demand, calibrate or judged, tell
                )  # fmt: skip
            except AccuracyError as error:
                if all(one.precision == "int8" for one in candidates):
                    raise
                allowed = without_int8(allowed)
                left_out["int8"] = f"{error.what} {error.seen}"
            else:
                subject = replace(subject, forms={"int8": form.graph})
                allowed, why = _without_overflow(subject, allowed, form)
                left_out |= why
        decision = choose_engine(
            subject, target, allowed, tell,
            lambda one: court.objection(subject.form(one.candidate.precision), one.candidate),
        )  # fmt: skip
        certificate = _certificate(subject, decision, court, demand, form)
        if demand.report is not None:
            write_report(demand.report, subject, decision, court, certificate, form)
    return JudgedChoice(
        subject=subject, decision=decision, certificate=certificate, left_out=left_out
    )


def with_scenes_found(demand: AccuracyDemand, subject: Subject) -> AccuracyDemand:
    """Put scenes in the place of folders and patterns; raises BadInputError where there is none."""
    contract, renamed = subject.contract, demand.renamed
    return replace(
        demand, calibrate=scenes_in(demand.calibrate, contract, renamed),
        judge=scenes_in(demand.judge, contract, renamed),
    )  # fmt: skip


def _without_overflow(
    subject: Subject, allowed: Allowed, form: QuantizedForm
) -> tuple[Allowed, dict[str, str]]:
    """Leave FP16 out where a tensor was seen that it does not hold."""
    too_large = [one for one in overflows(subject.graph, form.ranges) if one.kind == "too large"]
    if "fp16" not in allowed.precisions or not too_large:
        return allowed, {}
    worst = max(too_large, key=lambda one: one.value)
    others = tuple(one for one in allowed.precisions if one != "fp16")
    return replace(allowed, precisions=others), {
        "fp16": f"{worst.tensor} of layer {worst.layer} reaches {worst.value:.3g}; "
        f"FP16 holds {LARGEST:.0f}"
    }


def _certificate(
    subject: Subject, decision: EngineDecision, court: Court, demand: AccuracyDemand,
    form: QuantizedForm | None,
) -> Certificate | None:  # fmt: skip
    """Say what ships costs; FP32 costs nothing."""
    candidate, version = decision.preferred[0]
    if candidate.precision == "fp32":
        return None
    verdict = court.verdict(subject.form(candidate.precision), candidate)
    is_quantized = form is not None and candidate.precision == "int8"
    return Certificate(
        engine=f"{candidate.engine} {version}",
        precision=candidate.precision,
        max_drop=demand.max_drop,
        verdict=verdict,
        machine=machine_facts(),
        labels=court.label_names,
        quantized=quantized_facts(form) if is_quantized and form else None,
    )


def machine_facts() -> dict[str, str]:
    """Say where accuracy is measured."""
    return {
        "machine": platform.machine(),
        "processor": processor_name(),
        "system": platform.system(),
    }


def quantized_facts(form: QuantizedForm) -> Quantized:
    """Say how a graph came to INT8."""
    kept = form.plan.kept
    return Quantized(
        scenes=form.ranges.scenes,
        tile_px=form.ranges.tile_px,
        seed=form.ranges.seed,
        variants=variants_document(form.variants),
        precisions={
            layer.name: form.plan.rest if layer.name in kept else "int8" for layer in form.layers
        },
        sensitivity=form.sensitivity,
        search=form.search,
    )
