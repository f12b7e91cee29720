"""A report of what was calibrated and judged, for people: a page in Markdown with pictures."""

from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from edgers.calibration.certificate import Certificate, certificate_document, certificate_lines
from edgers.calibration.jury import JudgedScene
from edgers.calibration.metrics.scores import ClassScore
from edgers.calibration.picture import write_picture
from edgers.calibration.verdict import PartVerdict, Pooled
from edgers.calibration.verdict_lines import TRUTHS, told_text
from edgers.errors import BadInputError, OutputError
from edgers.export.candidate_table import table_lines
from edgers.export.court import Court
from edgers.export.engine_choice import EngineDecision
from edgers.export.quantized_form import QuantizedForm
from edgers.export.trial import Subject
from edgers.files import write_whole
from edgers.tasks.kinds import kind_of

PAGE = "report.md"


def check_report(folder: Path) -> None:
    """Make the folder; raises OutputError where that cannot be, BadInputError without Matplotlib.

    Before the work: what is found out only at the end has cost minutes.
    """
    if find_spec("matplotlib") is None:
        raise BadInputError(
            "a report needs Matplotlib for its charts.",
            seen="It is not installed here.",
            fix="Install it with: pip install 'edgers[report]', or leave --report out.",
        )
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"{folder} cannot be made.", seen=f"{error.strerror}.") from error


def write_report(
    folder: Path, subject: Subject, decision: EngineDecision, court: Court,
    certificate: Certificate | None, form: QuantizedForm | None,
) -> None:  # fmt: skip
    """Write the page and its pictures; the page comes last."""
    from edgers.export.report_charts import band_chart, layer_chart
    from edgers.export.report_maps import map_sheet

    name = subject.contract.name
    lines = [f"# {name}: what ships, and what it costs", ""]
    lines += ["```", *table_lines(decision.measured), "```", ""]
    if certificate is None:
        lines += ["FP32 ships: nothing is lost, and nothing was judged.", ""]
    else:
        document = certificate_document(certificate)
        lines += ["```", *(f"{a:<12}{b}" for a, b in certificate_lines(document)), "```", ""]
        for pooled in certificate.verdict.pooled:
            lines += [*_part_table(pooled), ""]
        candidate, _ = decision.preferred[0]
        shown = court.products(subject.form(candidate.precision), candidate)
        lines += _map_lines(folder, subject, court.fp32, shown, map_sheet)
    if form is not None:
        write_whole(folder / "sampled.png", write_picture(form.tiles, f"{name}: calibration"))
        write_whole(folder / "bands.png", band_chart(form.tiles, subject.contract))
        lines += ["## Calibration", "", "![Tiles that were sampled](sampled.png)", ""]
        lines += ["![What the network is given, by band](bands.png)", ""]
        if form.sensitivity is not None:
            kept = form.plan.kept
            write_whole(folder / "layers.png", layer_chart(form.sensitivity, form.layers, kept))
            lines += ["## Layers", "", "![What each layer loses alone](layers.png)", ""]
        lines += _variant_table(certificate)
    write_whole(folder / PAGE, "\n".join(lines).rstrip().encode() + b"\n")


def _part_table(pooled: Pooled) -> list[str]:
    """Tell each class or value: what it is judged by, and what else is known of it."""
    metric = pooled.metric
    names = [metric.of_part, *(told.name for told in pooled.parts[0].fp32.told)]
    heads = [f"{metric.part}, {TRUTHS[pooled.truth]}"]
    heads += [f"{name} {which}" for name in names for which in ("FP32", "shipped")]
    if isinstance(pooled.parts[0].fp32, ClassScore):
        heads.append("area error")
    return [_row(heads), "|---" * len(heads) + "|", *(_row(_cells(one)) for one in pooled.parts)]


def _cells(one: PartVerdict) -> list[str]:
    pair = (one.fp32, one.candidate)
    cells = [one.name]
    cells += ["not in the truth" if x.value is None else f"{x.value:.4f}" for x in pair]
    for here, there in zip(one.fp32.told, one.candidate.told, strict=True):
        cells += [f"{told_text(x)} {x.unit}".rstrip() for x in (here, there)]
    if isinstance(one.fp32, ClassScore):
        cells.append("" if one.area_error_ha is None else f"{one.area_error_ha:+.4g} ha")
    return cells


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _map_lines(
    folder: Path, subject: Subject, fp32: Sequence[JudgedScene], shown: Sequence[JudgedScene],
    map_sheet: Any,
) -> list[str]:  # fmt: skip
    """Draw the products of each scene beside one another; other kinds than class maps have."""
    lines = ["## Scenes", ""]
    output = subject.contract.outputs[0]
    for number, (one, other) in enumerate(zip(fp32, shown, strict=True)):
        if one.product is None or other.product is None:
            lines += [f"{one.name}: no product. {other.failure or one.failure}", ""]
            continue
        if kind_of(output) == "classes":
            file = f"scene-{number + 1}.png"
            sheet = map_sheet(one.product, other.product, output, one.name)
            write_whole(folder / file, sheet)
            lines += [f"![{one.name}: FP32, shipped, where they differ]({file})", ""]
            continue
        for word, judged in (("FP32", one), ("shipped", other)):
            file = f"scene-{number + 1}-{word.lower()}.png"
            assert judged.picture is not None
            write_whole(folder / file, judged.picture.read_bytes())
            lines += [f"{one.name}, {word}:", "", f"![{one.name}: {word}]({file})", ""]
    return lines


def _variant_table(certificate: Certificate | None) -> list[str]:
    if certificate is None or certificate.quantized is None:
        return []
    rows: Sequence[Mapping[str, Any]] = certificate.quantized.variants
    lines = ["## Ways to quantize", "", "| ranges by | changed | SQNR | classes changed | |",
             "|---|---|---|---|---|"]  # fmt: skip
    for row in rows:
        extras = [word for word in ("equalised", "bias_corrected") if row[word]]
        db = "" if row["sqnr_db"] is None else f"{row['sqnr_db']} dB"
        lines.append(
            f"| {row['method']} | {' '.join(extras).replace('_', ' ')} | {db} | "
            f"{row['changed_share']:.2%} | {'chosen' if row['chosen'] else ''} |"
        )
    return [*lines, ""]
