"""The table of candidates: as rows that a bundle keeps, and as lines that people read."""

import math
import statistics
from collections.abc import Mapping, Sequence
from typing import Any, cast

from edgers.export.trial import Trial

Row = Mapping[str, Any]
"""One candidate: what it is, what was found of it, and whether it ships."""

TABLE_KEYS = ("engines", "note", "processor", "processors", "tile_px")
"""What of a bundle's measurements the table tells."""


def candidate_row(trial: Trial, laps_s: Sequence[float], *, ships: bool) -> Row:
    """Give what was found of a candidate as JSON values; `laps_s` are seconds a tile."""
    candidate = trial.candidate
    row: dict[str, Any] = {
        "engine": candidate.engine,
        "precision": candidate.precision,
        "settings": dict(candidate.settings),
        "ships": ships,
    }
    if trial.engine is not None:
        row["version"] = trial.engine.info.version
    if trial.apart is not None and math.isfinite(trial.apart):
        row[f"apart_from_{trial.held_against}"] = trial.apart
    if trial.proof is not None:
        row["tiled_minus_untiled"] = trial.proof.difference
    if laps_s:
        row["tiles_per_s"] = _rounded(1 / statistics.median(laps_s))
        row["tiles_per_s_range"] = [_rounded(1 / max(laps_s)), _rounded(1 / min(laps_s))]
        row["rounds"] = len(laps_s)
    if trial.out:
        row["out"] = trial.out
    return row


def _rounded(value: float) -> float:
    """Keep the digits that mean something."""
    return float(f"{value:.4g}")


def candidate_text(engine: str, precision: str, settings: Mapping[str, str]) -> str:
    """Name a candidate in a few words; settings as an engine has them by itself go unsaid."""
    usual = {("streams", "processors"), ("layout", "blocked"), ("provider", "cpu")}
    told = [f"{name} {value}" for name, value in sorted(settings.items())
            if (name, value) not in usual]  # fmt: skip
    return " ".join([engine, precision, *([f"({', '.join(told)})"] if told else [])])


def table_lines(measured: Mapping[str, object]) -> list[str]:
    """Write the table of a bundle's measurements; empty where it has none."""
    rows = cast(Sequence[Row], measured.get("engines", ()))
    names = [candidate_text(row["engine"], row["precision"], row["settings"]) for row in rows]
    width = max(map(len, names), default=0)
    lines = [f"{name:<{width}}  {_found(row)}" for name, row in zip(names, rows, strict=True)]
    if "processor" in measured:
        lines.append(
            f"measured on {measured['processor']}, {measured['processors']} processors, "
            f"tiles of {' × '.join(map(str, cast(Sequence[int], measured['tile_px'])))} px"
        )
    if "note" in measured:
        lines.append(str(measured["note"]))
    return lines


def _found(row: Row) -> str:
    """Write what was found of one candidate."""
    if "out" in row:
        return f"out: {row['out']}"
    words = []
    if "tiles_per_s" in row:
        low, high = row["tiles_per_s_range"]
        words.append(f"{row['tiles_per_s']:8.4g} tiles/s ({low:.4g}–{high:.4g})")
    words += [
        f"{value:.1g} {key.replace('_', ' ')}"
        for key, value in row.items()
        if key.startswith("apart_from_")
    ]
    return " · ".join(words) + ("  ← ships" if row["ships"] else "")
