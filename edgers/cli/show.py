"""How commands print: a word, then what there is to say, in columns."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:  # they import numpy and rasterio, which commands about devices can do without
    from edgers.pipeline.report import SceneReport
    from edgers.pipeline.table_report import TableReport
    from edgers.products.found import Found

LABEL_WIDTH = 12
SHOWN_CLASSES = 8
"""Classes of objects that are listed."""
SHOWN_VALUES = 6
"""Values of a pixel that are listed before the rest is counted."""
SHOWN_LABELS = 8
"""Classes of rows that are listed, the most frequent first."""


def line(label: str, text: str) -> None:
    """Print one fact."""
    click.echo(f"{label:<{LABEL_WIDTH}}{text}")


def shape_text(height: int, width: int) -> str:
    """Write a size as people do, width first."""
    return f"{width:,} × {height:,}".replace(",", " ")


def _scene(report: "SceneReport") -> str:
    """Tell what was run."""
    words = [report.scene, f"{shape_text(report.height_px, report.width_px)} px"]
    if report.run_px != (report.height_px, report.width_px):
        words.append(f"run at {shape_text(*report.run_px)} px")
    words.append(f"{report.tiles} tiles")
    if report.reused_tiles:
        words.append(f"{report.reused_tiles} of them made before")
    return " · ".join(words)


def report_lines(report: "SceneReport") -> list[tuple[str, str]]:
    """Tell what a run gave."""
    lines = [("scene", _scene(report)), *found_lines(report.found)]
    if report.gated_tiles:
        share = report.gated_tiles / report.tiles
        lines.append(("gate", f"{report.gated_tiles} tiles ({share:.1%}) gated out"))
    nodata = f"{report.nodata_share:.1%} of the scene"
    if report.skipped_tiles:
        nodata += f" · {report.skipped_tiles} empty tiles skipped"
    lines.append(("nodata", nodata))
    if report.not_finite_px:
        lines.append(
            (
                "warning",
                f"the network gave NaN or infinity on {report.not_finite_px} px; they are nodata",
            )
        )
    speed = (
        f"{report.tiles / report.wall_s:.1f} tiles/s · {report.megapixels / report.wall_s:.2f} MP/s"
    )
    lines.append(("speed", f"{report.wall_s:.2f} s · {speed}"))
    lines.append(("products", _files(report)))
    return lines


def table_lines(report: "TableReport") -> list[tuple[str, str]]:
    """Tell what a run over a table gave."""
    words = [report.scene, f"{report.rows} rows"]
    if report.reused_rows:
        words.append(f"{report.reused_rows} of them answered before")
    lines = [("table", " · ".join(words)), *found_lines(report.found)]
    if gone := report.missing_rows + report.not_finite_rows:
        lines.append(("nodata", f"{gone} rows without an answer"))
    if report.not_finite_rows:
        told = f"the network gave NaN or infinity for {report.not_finite_rows} rows"
        lines.append(("warning", told))
    lines.append(("speed", f"{report.wall_s:.2f} s · {report.rows / report.wall_s:.0f} rows/s"))
    lines.append(("products", _files(report)))
    return lines


def found_lines(found: "Found") -> list[tuple[str, str]]:
    """Tell what was found, by kind."""
    lines = []
    if found.classes:
        parts = []
        for area in sorted(found.classes, key=lambda one: -one.pixels):
            size = "" if area.area_km2 is None else f"{area.area_km2:.4g} km² "
            parts.append(f"{area.name} {size}({area.share:.1%})")
        lines.append(("classes", " · ".join(parts)))
    if found.objects:
        some = sorted((one for one in found.objects if one.objects), key=lambda one: -one.objects)
        parts = [f"{one.objects} {one.name}" for one in some[:SHOWN_CLASSES]]
        whole = sum(one.objects for one in found.objects)
        lines.append(("objects", " · ".join([str(whole), *parts])))
    if (spoken := found.spoken) is not None:
        parts = [f"{spoken.texts} with {spoken.shapes} shapes"]
        parts += [f"{spoken.malformed} malformed left out"] if spoken.malformed else []
        parts += [f"{spoken.unknown} of no class left out"] if spoken.unknown else []
        lines.append(("texts", " · ".join(parts)))
    if found.rows is not None:
        held = [one for one in found.labels if one.rows]
        most = sorted(held, key=lambda one: -one.rows)[:SHOWN_LABELS]
        parts = [f"{one.name} {one.rows}" for one in most]
        parts += [f"{len(held) - len(most)} more classes"] if len(held) > len(most) else []
        lines.append(("rows", " · ".join([str(found.rows), *parts])))
    for one in found.values[:SHOWN_VALUES]:
        unit = f" {one.unit}" if one.unit else ""
        span = "no value" if one.least is None else f"{one.least:.4g} to {one.most:.4g}{unit}"
        mean = "" if one.mean is None else f", mean {one.mean:.4g}"
        lines.append(("value", f"{one.name} {span}{mean}"))
        if one.found is not None:
            size = "" if one.found.area_km2 is None else f" · {one.found.area_km2:.4g} km²"
            lines.append(
                ("found", f"{one.name} {one.found.pixels} px ({one.found.share:.2%}){size}")
            )
    if len(found.values) > SHOWN_VALUES:
        lines.append(("", f"and {len(found.values) - SHOWN_VALUES} more"))
    if (sums := found.sums) is not None and sums.least is not None:
        off = f"{sums.off_px} px further than {sums.tolerance:g} from 1"
        lines.append(("sums", f"{sums.least:.4g} to {sums.most:.4g} · {off}"))
    return lines


def _files(report: "SceneReport | TableReport") -> str:
    first, *others = report.products
    return " · ".join([str(first), *(path.name.removeprefix(first.stem) for path in others)])


def print_lines(lines: Sequence[tuple[str, str]]) -> None:
    """Print facts under one another."""
    for label, text in lines:
        line(label, text)
