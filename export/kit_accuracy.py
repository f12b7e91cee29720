"""The forms of a graph for a build kit: made, and judged on scenes before they may ship.

TensorRT is not at hand. ONNX Runtime without optimisation stands in for it: it computes each form
node by node, and rounds each tensor that is written as FP16. What the plan on the device gives is
not measured here.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path

from edgers.calibration.certificate import Certificate, Quantized
from edgers.calibration.half import LARGEST, Overflow, half_graph, overflows
from edgers.calibration.half_rounding import rounded_between
from edgers.calibration.quantization import QuantizationPlan
from edgers.calibration.ranges import Ranges, graph_sha256
from edgers.calibration.verdict_lines import verdict_text
from edgers.engines.agreement import TOLERANCE, share_apart
from edgers.errors import AccuracyError, EngineError, GraphError
from edgers.export.accuracy import AccuracyDemand, share_out
from edgers.export.allowed import Allowed
from edgers.export.court import Court
from edgers.export.engine_choice import EngineDecision
from edgers.export.golden import golden_answer
from edgers.export.judged_choice import (
    NOTHING_TO_CALIBRATE_ON,
    check_more_than_fp32,
    machine_facts,
    quantized_facts,
    with_scenes_found,
    without_int8,
)
from edgers.export.kit_forms import FP16, FP32, INT8, INT8_HALF, PRECISIONS, Form
from edgers.export.quantized_form import QuantizedForm, quantized_form
from edgers.export.report import check_report, write_report
from edgers.export.trial import Subject, array_of, load_candidate
from edgers.targets.target import Candidate

Tell = Callable[[str], None]

KIT_PLAN = QuantizationPlan(form="s8s8")
"""What all ways to quantize for TensorRT have in common."""

NOT_MEASURED = "not measured: TensorRT was not at hand, ONNX Runtime without optimisation ran it"
"""What is known of accuracy on the device."""

NO_SCENES = "no scenes were given (--judge); on the golden tile it is within {:.1g} of fp32"


def reference(precision: str) -> Candidate:
    """Name the runtime that computes a graph as it is written."""
    return Candidate(engine="onnxruntime", precision=precision, settings={"layout": "reference"})


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgedForms:
    """Forms that may ship, and what is known of them."""

    forms: Mapping[str, Form]
    """Forms by name."""
    precisions: tuple[str, ...]
    """Precisions that may ship."""
    certificates: tuple[Certificate, ...] = ()
    """What each form costs on scenes."""
    left_out: Mapping[str, str] = field(default_factory=dict)
    """Why a precision or form that was allowed is not there."""
    not_judged: Mapping[str, str] = field(default_factory=dict)
    """Precisions that ship without having been judged on scenes, with the reason."""
    ranges: Ranges | None = None
    """Ranges of the graph's tensors; None where nothing was calibrated."""
    weak_half: str = ""
    """Why FP16 may not be left to the builder; empty where it may."""
    weak_int8_half: str = ""
    """Why it may not for what is not quantized; empty where it may."""


def judged_forms(
    subject: Subject, allowed: Allowed, demand: AccuracyDemand | None,
    golden: Mapping[str, bytes], tell: Tell,
) -> JudgedForms:  # fmt: skip
    """Make the forms that are allowed and pass.

    `golden` are the entries of the golden tile in FP32. Nothing is timed: the same arguments give
    the same forms. Raises BadInputError where INT8 alone is allowed and there are no scenes, or
    where there are scenes and FP32 alone is allowed, AccuracyError where INT8 alone is allowed and
    does not pass, and as `quantized_form` and `Court` do.
    """
    forms = _Forms(subject, golden, allowed)
    if demand is None:
        forms.leave_int8_out()
        if "fp16" in forms.precisions:
            forms.add_half(None)
        return forms.result()
    check_more_than_fp32(allowed)
    if demand.report is not None:
        check_report(demand.report)
    demand = with_scenes_found(demand, subject)
    calibrate, judged = share_out(demand)
    with Court(subject, golden, reference("fp32"), demand, judged, tell) as court:
        bench, form = _Bench(court=court, max_drop=demand.max_drop), None
        if "int8" in allowed.precisions and not (calibrate or demand.ranges):
            forms.leave_int8_out()
        elif "int8" in allowed.precisions:
            form = _int8(subject, court, demand, calibrate or judged, forms, tell)
        if form is not None:
            forms.add_int8(form, bench)
        if "fp16" in forms.precisions:
            tell("fp16")
            forms.add_half(bench)
        if demand.report is not None:
            _report(demand, subject, forms, court, form)
    return forms.result()


def _int8(
    subject: Subject, court: Court, demand: AccuracyDemand, scenes: Sequence[Path],
    forms: "_Forms", tell: Tell,
) -> QuantizedForm | None:  # fmt: skip
    """Quantize; where that does not pass, and others may ship, say so and give nothing."""
    try:
        form = quantized_form(subject, court, reference("int8"), demand, scenes, tell, KIT_PLAN)
        _check_in_time(form)
    except AccuracyError as error:
        if set(forms.precisions) == {"int8"}:
            raise
        forms.leave_int8_out(f"{error.what} {error.seen}")
        return None
    return form


def _report(
    demand: AccuracyDemand, subject: Subject, forms: "_Forms", court: Court,
    form: QuantizedForm | None,
) -> None:  # fmt: skip
    """Write the report of the form that is built first."""
    assert demand.report is not None
    certificate = forms.certificates[0] if forms.certificates else None
    precision = certificate.precision if certificate else "fp32"
    shown = subject
    if certificate is not None:
        shown = replace(subject, forms={precision: forms.found[certificate.form].graph})
    decision = EngineDecision(
        preferred=((reference(precision), ""),), golden={}, proof=None, measured={}
    )
    write_report(demand.report, shown, decision, court, certificate, form)


def _check_in_time(form: QuantizedForm) -> None:
    """Refuse what would hang on how fast this machine is: a kit's bytes hang on its inputs."""
    if form.search is None:
        return
    if form.search.is_out_of_time or (form.sensitivity and form.sensitivity.unmeasured):
        raise AccuracyError(
            "the search for layers to keep in higher precision was not finished in time.",
            rule="The same inputs must give the same kit, on a slow machine too.",
            fix="Allow more with --search-time.",
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Bench:
    """Judges forms on scenes."""

    court: Court
    """Scenes, with FP32's products."""
    max_drop: float
    """What may be lost."""

    def certificate(
        self, name: str, graph: bytes, form: QuantizedForm | None
    ) -> tuple[Certificate, str]:
        """Judge a form; give what it costs, and why it may not ship, empty where it may."""
        precision = PRECISIONS[name]
        candidate = reference(precision)
        verdict = self.court.verdict(rounded_between(graph), candidate)
        with closing(load_candidate(candidate, graph)) as engine:
            runtime = f"{candidate.engine} reference {engine.info.version}"
        broken = verdict.broken_rules(self.max_drop)
        certificate = Certificate(
            engine=runtime, precision=precision, max_drop=self.max_drop, verdict=verdict,
            machine=machine_facts(), labels=self.court.label_names,
            quantized=_facts(form) if form else None, form=name, device=NOT_MEASURED,
        )  # fmt: skip
        return certificate, f"{verdict_text(verdict)}: {'; '.join(broken)}" if broken else ""


class _Forms:
    """The forms found so far."""

    def __init__(self, subject: Subject, golden: Mapping[str, bytes], allowed: Allowed) -> None:
        self._allowed = allowed
        self._subject, self._fp32 = subject, golden[subject.golden_output("fp32")]
        self.found = {FP32: Form(name=FP32, graph=subject.graph, answer=self._fp32)}
        self.left_out: dict[str, str] = {}
        self.certificates: list[Certificate] = []
        self._not_judged: dict[str, str] = {}
        self._ranges: Ranges | None = None
        self._weak_half = self._weak_int8_half = ""

    @property
    def precisions(self) -> tuple[str, ...]:
        """Precisions that may ship."""
        return self._allowed.precisions

    def leave_int8_out(self, why: str = NOTHING_TO_CALIBRATE_ON) -> None:
        """Go on without INT8; raises BadInputError where nothing else is allowed."""
        if "int8" in self.precisions:
            self._allowed = without_int8(self._allowed)
            self.left_out["int8"] = why

    def result(self) -> JudgedForms:
        """Give what was found."""
        return JudgedForms(
            forms=self.found, precisions=self.precisions, certificates=tuple(self.certificates),
            left_out=self.left_out, not_judged=self._not_judged, ranges=self._ranges,
            weak_half=self._weak_half, weak_int8_half=self._weak_int8_half,
        )  # fmt: skip

    def add_int8(self, form: QuantizedForm, bench: _Bench) -> None:
        """Add INT8, and INT8 with all else in FP16 where that passes too."""
        self._ranges = form.ranges
        certificate, _ = bench.certificate(INT8, form.graph, form)
        self._keep(INT8, form.graph, certificate)
        source, ranges = form.maker.source(form.plan)
        known = overflows(source, ranges)
        self._weak_int8_half = _too_large(known)
        plan = replace(form.plan, rest="fp16", wide=_nodes(known))
        try:
            half = form.maker.graph(plan)
            certificate, objection = bench.certificate(INT8_HALF, half, None)
        except (EngineError, GraphError) as error:
            self.left_out[INT8_HALF] = f"{error.what} {error.seen}"
            return
        if objection:
            self.left_out[INT8_HALF] = self._weak_int8_half = objection
            return
        self._keep(INT8_HALF, half, certificate)

    def add_half(self, bench: _Bench | None) -> None:
        """Add FP16, with what it does not hold in FP32."""
        graph = self._subject.graph
        known = overflows(graph, self._ranges or _no_ranges(graph))
        try:
            half = half_graph(graph, _nodes(known))
            apart = self._apart(half)
        except (EngineError, GraphError) as error:
            self._without_half(f"{error.what} {error.seen}")
            return
        certificate = None
        if bench is not None:
            certificate, objection = bench.certificate(FP16, half, None)
        else:
            objection = ""
            if not apart <= TOLERANCE["fp16"]:
                objection = f"{apart:.2g} apart from fp32, {TOLERANCE['fp16']:g} is accepted"
            self._not_judged["fp16"] = NO_SCENES.format(apart)
        if objection:
            self._not_judged.pop("fp16", None)
            self._without_half(objection)
            return
        self._keep(FP16, half, certificate)
        self._weak_half = _too_large(known)

    def _without_half(self, why: str) -> None:
        if set(self.precisions) == {"fp16"}:
            raise AccuracyError(
                "fp16 does not pass, and nothing else may ship.",
                seen=why,
                fix="Allow fp32 (--precision auto), or a larger --max-drop.",
            )
        self.left_out["fp16"] = self._weak_half = why
        others = tuple(one for one in self.precisions if one != "fp16")
        self._allowed = replace(self._allowed, precisions=others)

    def _apart(self, graph: bytes) -> float:
        return share_apart(array_of(self._answer(graph, "fp16")), array_of(self._fp32))

    def _keep(self, name: str, graph: bytes, certificate: Certificate | None) -> None:
        answer = self._answer(graph, PRECISIONS[name])
        self.found[name] = Form(name=name, graph=graph, answer=answer)
        if certificate is not None:
            self.certificates.append(certificate)

    def _answer(self, graph: bytes, precision: str) -> bytes:
        rounded = rounded_between(graph)
        with closing(load_candidate(reference(precision), rounded)) as engine:
            return golden_answer(engine, self._subject.contract, self._subject.halo)


def _facts(form: QuantizedForm) -> Quantized:
    """Say how a graph came to INT8; layers that were measured for a report alone go unsaid."""
    return quantized_facts(form if form.search else replace(form, sensitivity=None))


def _nodes(known: Collection[Overflow]) -> frozenset[str]:
    return frozenset(node for one in known for node in one.nodes)


def _too_large(known: Collection[Overflow]) -> str:
    """Name the worst of what is too large for FP16; empty where nothing is."""
    large = [one for one in known if one.kind == "too large"]
    if not large:
        return ""
    worst = max(large, key=lambda one: one.value)
    return (
        f"{worst.tensor} of layer {worst.layer} reaches {worst.value:.3g}; FP16 holds {LARGEST:.0f}"
    )


def _no_ranges(graph: bytes) -> Ranges:
    """Give ranges that know nothing: of FP16, weights can be looked at without scenes."""
    return Ranges(
        graph_sha256=graph_sha256(graph), seed=0, tile_px=(0, 0), scenes=(), spans={}
    )  # fmt: skip
