"""The rule for passing, and a verdict as JSON and in words."""

import json
from dataclasses import replace

import pytest
from builders.verdicts import pooled_of, verdict_of, verdict_that_drops

from edgers.bundle import canonical_json
from edgers.calibration.verdict import CLASS_TIMES
from edgers.calibration.verdict_document import verdict_document, verdict_from_document
from edgers.calibration.verdict_lines import verdict_lines, verdict_text

MANY = {f"c{i}": (0.8, 0.8) for i in range(20)}


@pytest.mark.parametrize(("drop", "passes"), [(0.0, True), (0.01, True), (0.0101, False)])
def test_the_mean_may_drop_by_what_is_allowed(drop: float, passes: bool) -> None:
    assert verdict_that_drops(drop).passes(0.01) is passes


def test_a_candidate_that_is_better_passes_with_nothing_allowed() -> None:
    verdict = verdict_that_drops(-0.02)
    assert verdict.drop == pytest.approx(-0.02)
    assert verdict.passes(0)


def test_a_limit_that_is_met_exactly_is_kept() -> None:
    verdict = verdict_of(pooled_of({"land": (0.741, 0.731)}))
    assert verdict.drop > 0.01
    assert verdict.passes(0.01)


@pytest.mark.parametrize(("lost", "passes"), [(0.049, True), (0.051, False)])
def test_one_class_of_many_is_not_hidden_by_the_mean(lost: float, passes: bool) -> None:
    verdict = verdict_of(pooled_of({**MANY, "water": (0.8, 0.8 - lost)}))
    assert verdict.drop < 0.01
    assert verdict.worst.name == "water"
    assert verdict.passes(0.01) is passes
    if not passes:
        (rule,) = verdict.broken_rules(0.01)
        assert rule == f"class water drops by 0.0510, {CLASS_TIMES} × 0.01 is allowed"


def test_a_class_that_vanishes_is_refused_whatever_is_allowed() -> None:
    verdict = verdict_of(pooled_of({**MANY, "water": (0.04, 0.0)}))
    assert verdict.drop < 0.01
    assert (verdict.worst.drop or 0) < CLASS_TIMES * 0.01
    assert verdict.broken_rules(0.01) == ("class water has vanished: IoU 0.040 → 0.000",)
    assert not verdict.passes(0.9)


def test_a_class_of_few_pixels_is_judged_and_it_is_said() -> None:
    pooled = pooled_of({**MANY, "water": (1.0, 0.0)})
    *others, water = pooled.parts
    few = replace(water, fp32=replace(water.fp32, truth_px=3))
    verdict = verdict_of(replace(pooled, parts=(*others, few)))
    assert "class water (only 3 px of truth) has vanished" in verdict.broken_rules(0.5)[0]
    assert "water (only 3 px of truth) IoU" in verdict_lines(verdict)[-1][1]


def test_a_class_that_fp32_does_not_find_cannot_vanish() -> None:
    assert verdict_of(pooled_of({"land": (0.9, 0.9), "water": (0.005, 0.0)})).passes(0.01)


def test_a_class_the_truth_lacks_decides_nothing() -> None:
    verdict = verdict_of(pooled_of({"cloud": (None, None), "land": (0.9, 0.895)}))
    assert (verdict.fp32, verdict.worst.name) == (0.9, "land")
    assert verdict.passes(0.01)


def test_scenes_with_and_without_labels_must_both_pass() -> None:
    good = pooled_of({"land": (0.7, 0.7)})
    bad = pooled_of({"land": (1.0, 0.9)}, truth="fp32")
    verdict = verdict_of(good, bad)
    assert not verdict.passes(0.01)
    assert verdict.drop == pytest.approx(0.1)
    assert verdict_of(good, replace(bad, parts=good.parts)).passes(0.01)


def test_a_verdict_comes_back_from_json() -> None:
    verdict = verdict_of(
        pooled_of({"cloud": (None, None), "land": (0.9, 0.895)}),
        pooled_of({"land": (1.0, 0.9)}, truth="fp32"),
    )
    document = json.loads(canonical_json(verdict_document(verdict)))
    assert verdict_from_document(document) == verdict
    assert document["worst_class"] == "land"
    assert document["pooled"][0]["classes"][1]["area_error_ha"] == -1.0


@pytest.mark.parametrize(
    "change",
    [
        {"drop": 0.0}, {"metric": "luck"}, {"pooled": []}, {"scenes": [{"scene": "a.tif"}]},
        {"pooled": None},
    ],
)  # fmt: skip
def test_what_is_no_verdict_is_refused(change: dict[str, object]) -> None:
    document = {**verdict_document(verdict_that_drops(0.1)), **change}
    with pytest.raises((KeyError, TypeError, ValueError)):
        verdict_from_document(document)


def test_a_verdict_in_words() -> None:
    verdict = verdict_of(pooled_of({"land": (0.9, 0.895), "cloud": (None, None)}))
    lines = verdict_lines(verdict)
    assert lines[0] == ("mIoU", "fp32 0.900 → 0.895 (−0.005) on 1 scene against labels")
    assert lines[1][1].startswith("land IoU 0.900 → 0.895 (−0.005) · F1 0.947 → 0.945 · 10 ha")
    assert lines[2][1] == "cloud not in the truth, 900 px found (fp32 900)"
    assert verdict_text(verdict) == "0.895 (−0.005) · worst class land −0.005"
