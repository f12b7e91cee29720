"""A graph in another form for another precision: its own golden answer, and the gate it passes."""

from dataclasses import replace

import numpy as np
import onnx
import pytest
from builders.choices import row, rows, ships, subject, tell_times
from builders.engines import stand_in, target_of
from onnx import numpy_helper

from edgers.bundle import GOLDEN_OUTPUT
from edgers.engines import ENGINES
from edgers.errors import AccuracyError
from edgers.export.allowed import Allowed
from edgers.export.engine_choice import choose_engine
from edgers.export.trial import Subject, Trial
from edgers.targets.target import Candidate, Target


@pytest.fixture
def told_times(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let stand-ins tell their own pace, and have two processors."""
    tell_times(monkeypatch)


def in_two_forms(monkeypatch: pytest.MonkeyPatch, **paces_s: float) -> tuple[Target, Subject]:
    """Give a target with engines `a` and `b` at fp32 and int8, and a graph with an int8 form.

    The form answers a little otherwise than the graph. `paces_s` are by engine.
    """
    for name in ("a", "b"):
        monkeypatch.setitem(ENGINES, name, stand_in(name, pace_s=paces_s[name]))  # type: ignore[index]
    plain = subject()
    other = onnx.load_from_string(plain.graph)
    bias = next(one for one in other.graph.initializer if len(one.dims) == 1)
    values = numpy_helper.to_array(bias)
    bias.CopyFrom(numpy_helper.from_array(values + np.float32(0.5), bias.name))
    target = target_of(
        *(Candidate(engine=name, precision=p) for p in ("fp32", "int8") for name in ("a", "b"))
    )
    return target, replace(plain, forms={"int8": other.SerializeToString()})


@pytest.mark.usefixtures("told_times")
def test_a_form_of_the_graph_is_held_against_its_own_golden_answer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    target, quantized = in_two_forms(monkeypatch, a=0.02, b=0.01)
    found = choose_engine(quantized, target, Allowed(precisions=("int8",)))
    assert found.golden["golden/output-int8.npy"] != found.golden[GOLDEN_OUTPUT]
    assert {one["apart_from_int8"] for one in rows(found) if one["precision"] == "int8"} == {0}
    # The graph in FP32 does not travel along to stand in.
    assert ships(found) == ["b int8", "a int8"]


@pytest.mark.usefixtures("told_times")
def test_where_fp32_may_not_ship_it_is_timed_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    target, quantized = in_two_forms(monkeypatch, a=0.02, b=0.01)
    found = choose_engine(quantized, target, Allowed(precisions=("int8",)))
    beside = [one for one in rows(found) if one["precision"] == "fp32"]
    assert [(one["engine"], one["ships"], one["tiles_per_s"]) for one in beside] == [
        ("a", False, 50)
    ]
    assert [one["ships"] for one in rows(found)].count(True) == 1


@pytest.mark.usefixtures("told_times")
def test_what_does_not_pass_the_gate_is_out_and_the_next_is_judged(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    target, quantized = in_two_forms(monkeypatch, a=0.02, b=0.01)
    judged: list[str] = []

    def gate(trial: Trial) -> str:
        judged.append(f"{trial.candidate.engine} {trial.candidate.precision}")
        return "loses 3 points" if trial.candidate.precision == "int8" else ""

    # Of two that are equally fast the one that stands first is taken first.
    found = choose_engine(quantized, target, Allowed(precisions=("fp32", "int8")), gate=gate)
    assert ships(found) == ["b fp32", "a fp32"]
    assert judged == ["b fp32"]
    judged.clear()
    with pytest.raises(AccuracyError, match="nothing that is allowed to ship") as caught:
        choose_engine(quantized, target, Allowed(precisions=("int8",)), gate=gate)
    assert judged == ["b int8", "a int8"]
    assert "b int8: loses 3 points · a int8: loses 3 points" in str(caught.value)
    assert caught.value.exit_code == 3


@pytest.mark.usefixtures("told_times")
def test_the_reason_stands_in_the_table(monkeypatch: pytest.MonkeyPatch) -> None:
    target, quantized = in_two_forms(monkeypatch, a=0.02, b=0.01)

    def gate(trial: Trial) -> str:
        return "loses 3 points" if trial.candidate.engine == "b" else ""

    found = choose_engine(quantized, target, Allowed(precisions=("int8",)), gate=gate)
    assert ships(found)[0] == "a int8"
    assert row(found, "b")["out"] == "loses 3 points"
    assert [one["engine"] for one in rows(found) if one["ships"]] == ["a"]
