"""The rules and bands as Markdown, for docs/legality.md.

`python -m edgers.calibration.legality.rule_table` prints what stands between the marks there.
"""

from edgers.calibration.legality.bands import ALL, BEFORE_10, FROM_10, Band
from edgers.calibration.legality.rules import TOPICS

BEGIN, END = "<!-- rules: begin -->", "<!-- rules: end -->"
"""Marks around the generated part of the page."""


def rule_table() -> str:
    """Write bands and rules as tables."""
    lines = [
        "| TensorRT | opset | scales | typing | source |",
        "|---|---|---|---|---|",
    ]
    for band in ALL:
        low, high = band.opsets
        scales = "FP32" if len(band.scale_types) == 1 else "FP32, FP16, BF16"
        lines.append(
            f"| {band.name} | {low}–{high} | {scales} | {band.typing.value} | {band.source} |"
        )
    for topic, rules in TOPICS.items():
        lines += ["", f"### {topic}", "", "| rule | holds for | where it is broken | source |"]
        lines.append("|---|---|---|---|")
        for rule in rules:
            lines.append(
                f"| **{rule.name}** {rule.text} | {bands_text(rule.bands)} | {rule.level.value}"
                f" | {rule.source} |"
            )
    return "\n".join(lines) + "\n"


def bands_text(bands: tuple[Band, ...]) -> str:
    """Write some bands shortly."""
    if bands == ALL:
        return "all"
    if bands == BEFORE_10:
        return "8.5, 8.6"
    if bands == FROM_10:
        return "10 and 11"
    return ", ".join(band.name for band in bands)


if __name__ == "__main__":
    print(rule_table(), end="")
