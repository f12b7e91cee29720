"""What a table holds, in lines."""

from pathlib import Path

from edgers.errors import BadInputError
from edgers.pipeline.model import Model
from edgers.pipeline.table_run import runs_as_table
from edgers.products.answered_table import place_columns
from edgers.scene.table_file import open_table

SHOWN = 12
"""Columns that are listed."""


def column_lines(path: Path) -> list[tuple[str, str]]:
    """Tell rows, wavelengths and other columns; raises SceneError where the table is damaged."""
    table = open_table(path)
    along = [one.wavelength_um for one in table.bands if one.wavelength_um is not None]
    others = [one.name for one in table.bands if one.wavelength_um is None]
    lines = [("table", f"{path} · {table.rows} rows · {len(table.headings)} columns")]
    if along:
        lines.append(("wavelengths", f"{len(along)} · {min(along):g} to {max(along):g} µm"))
    if others:
        more = f" · {len(others) - SHOWN} more" if len(others) > SHOWN else ""
        lines.append(("columns", " · ".join(others[:SHOWN]) + more))
    if place_columns(table.headings):
        lines.append(("place", "longitude and latitude"))
    return lines


def refuse_table_plan(model: Model, scene: Path | None) -> None:
    """Raise BadInputError where a plan of tiles and memory is asked for what is run as a table."""
    if scene is not None and runs_as_table(model, scene):
        raise BadInputError(
            f"{scene.name} is run row by row.",
            rule="Only scenes have tiles to plan; memory does not grow with rows.",
            fix="Inspect it without a bundle, or run it.",
        )
