"""A verdict in plain words: a label and a text a line, as commands print them."""

from edgers.calibration.verdict import ClassVerdict, Pooled, SceneVerdict, Verdict

TRUTHS = {"labels": "against labels", "fp32": "against fp32"}


def verdict_lines(verdict: Verdict) -> list[tuple[str, str]]:
    """Tell the pooled numbers, each class, and each scene where there are several."""
    lines = []
    for pooled in verdict.pooled:
        lines.append((verdict.metric.name, _pooled_text(pooled)))
        lines += [("class", _class_text(one, pooled)) for one in pooled.classes]
    if len(verdict.scenes) > 1:
        lines += [("scene", _scene_text(one)) for one in verdict.scenes]
    lines += [("failed", f"{one.scene}: {one.failure}") for one in verdict.scenes if one.failure]
    return lines


def verdict_text(verdict: Verdict) -> str:
    """Tell a verdict in one line, such as `0.738 (−0.003) · worst class water −0.004`."""
    worst = verdict.worst
    text = f"{verdict.candidate:.3f} ({drop_text(verdict.drop)})"
    if (worst.drop or 0.0) > 0:
        text += f" · worst class {worst.name} {drop_text(worst.drop)}"
    return text


def drop_text(drop: float | None) -> str:
    """Write what is lost as a change: a drop of 0.003 as −0.003."""
    if drop is None:
        return "not in the truth"
    return f"{-drop:+.3f}".replace("-", "−")


def _pooled_text(pooled: Pooled) -> str:
    scenes = f"{pooled.scenes} scene{'s' * (pooled.scenes != 1)}"
    values = f"fp32 {pooled.fp32:.3f} → {pooled.candidate:.3f} ({drop_text(pooled.drop)})"
    return f"{values} on {scenes} {TRUTHS[pooled.truth]}"


def _class_text(one: ClassVerdict, pooled: Pooled) -> str:
    """Tell one class: its IoU, F1 and area."""
    if one.fp32.iou is None or one.candidate.iou is None:
        text = f"{one.name} not in the truth, {one.candidate.found_px} px found"
        return f"{text} (fp32 {one.fp32.found_px})" if pooled.truth == "labels" else text
    text = (
        f"{one.name}{one.support} IoU {one.fp32.iou:.3f} → {one.candidate.iou:.3f} "
        f"({drop_text(one.drop)})"
        f" · F1 {one.fp32.f1:.3f} → {one.candidate.f1:.3f}"
    )
    error = one.area_error_ha
    if error is not None and one.candidate.truth_ha is not None:
        signed = f"{error:+.4g}".replace("-", "−")
        text += f" · {one.candidate.truth_ha:.4g} ha, {signed} ha found"
    return text


def _scene_text(one: SceneVerdict) -> str:
    if one.fp32 is None or one.candidate is None:
        return f"{one.scene} no pixel to judge by"
    values = f"fp32 {one.fp32:.3f} → {one.candidate:.3f} ({drop_text(one.drop)})"
    return f"{one.scene} {values} {TRUTHS[one.truth]}"
