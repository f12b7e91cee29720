"""A verdict in plain words: a label and a text a line, as commands print them."""

from collections.abc import Iterable

from edgers.calibration.metrics.scores import ClassScore, Told
from edgers.calibration.verdict import PartVerdict, Pooled, SceneVerdict, Verdict

MOST_PARTS, WORST_PARTS = 24, 5
"""Parts that are all told, and how many of more: a cube has hundreds of bands."""

TRUTHS = {"labels": "against labels", "fp32": "against fp32"}


def verdict_lines(verdict: Verdict) -> list[tuple[str, str]]:
    """Tell the pooled numbers, each class or value, and each scene where there are several."""
    lines = []
    for pooled in verdict.pooled:
        lines.append((pooled.metric.name, _pooled_text(pooled)))
        shown = pooled.parts if len(pooled.parts) <= MOST_PARTS else _worst(pooled)
        lines += [(pooled.metric.part, _part_text(one, pooled)) for one in shown]
        if more := len(pooled.parts) - len(shown):
            lines.append((pooled.metric.part, f"and {more} {pooled.metric.parts} that lose less"))
    if len(verdict.scenes) > 1:
        lines += [("scene", _scene_text(one, verdict)) for one in verdict.scenes]
    lines += [("failed", f"{one.scene}: {one.failure}") for one in verdict.scenes if one.failure]
    return lines


def verdict_text(verdict: Verdict) -> str:
    """Tell a verdict in one line, such as `0.738 (−0.003) · worst class water −0.004`."""
    worst = verdict.worst
    text = f"{verdict.candidate:.3f} ({drop_text(verdict.drop)})"
    if (worst.drop or 0.0) > 0:
        text += f" · worst {worst.metric.part} {worst.name} {drop_text(worst.drop)}"
    return text


def drop_text(drop: float | None) -> str:
    """Write what is lost as a change: a drop of 0.003 as −0.003."""
    if drop is None:
        return "not in the truth"
    return f"{-drop:+.3f}".replace("-", "−")


def told_text(told: Told) -> str:
    """Write one number that is told."""
    if told.value is None:
        return told.absent
    return f"{told.value:{told.digits}}".replace("-", "−")


def _worst(pooled: Pooled) -> list[PartVerdict]:
    """Give those that lose most, in the order of the model's."""
    ordered = sorted(pooled.parts, key=lambda one: one.drop or 0.0, reverse=True)
    return [one for one in pooled.parts if any(one is other for other in ordered[:WORST_PARTS])]


def _pooled_text(pooled: Pooled) -> str:
    scenes = f"{pooled.scenes} scene{'s' * (pooled.scenes != 1)}"
    values = f"fp32 {pooled.fp32:.3f} → {pooled.candidate:.3f} ({drop_text(pooled.drop)})"
    return f"{values} on {scenes} {TRUTHS[pooled.truth]}" + _told_texts(pooled.told)


def _told_texts(pairs: Iterable[tuple[Told, Told]]) -> str:
    """Tell further numbers, before and after."""
    return "".join(
        f" · {one.name} {told_text(one)} → {told_text(other)}{f' {one.unit}' if one.unit else ''}"
        for one, other in pairs
        if (one.value, other.value) != (None, None)
    )


def _part_text(one: PartVerdict, pooled: Pooled) -> str:
    """Tell one class or value: what it is judged by, what else is known, and its area."""
    fp32, candidate, metric = one.fp32, one.candidate, pooled.metric
    if one.constant is not None:
        told = _told_texts(zip(fp32.told, candidate.told, strict=True))
        return f"{one.name} is {one.constant:.4g} everywhere in the truth{told}"
    if fp32.value is None or candidate.value is None:
        text = f"{one.name} not in the truth, {candidate.counts[1]} {metric.counted} found"
        return f"{text} (fp32 {fp32.counts[1]})" if pooled.truth == "labels" else text
    text = (
        f"{one.name}{one.support} {one.measure} {fp32.value:.3f} → {candidate.value:.3f} "
        f"({drop_text(one.drop)})"
    )
    text += _told_texts(zip(fp32.told, candidate.told, strict=True))
    error = one.area_error_ha
    if isinstance(candidate, ClassScore) and error is not None:
        signed = f"{error:+.4g}".replace("-", "−")
        text += f" · {candidate.truth_ha:.4g} ha, {signed} ha found"
    return text


def _scene_text(one: SceneVerdict, verdict: Verdict) -> str:
    if one.fp32 is None or one.candidate is None:
        return f"{one.scene} no {NOTHING[verdict.metric.counted]} to judge by"
    values = f"fp32 {one.fp32:.3f} → {one.candidate:.3f} ({drop_text(one.drop)})"
    return f"{one.scene} {values} {TRUTHS[one.truth]}"


NOTHING = {"px": "pixel", "objects": "object", "rows": "row"}
"""What is missing, by what is counted."""
