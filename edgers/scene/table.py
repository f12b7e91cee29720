"""Tables: rows with a spectrum, or a point on Earth, each, whatever file they are in."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt

from edgers.errors import SceneError
from edgers.scene.bands import MICROMETRES, SceneBand
from edgers.scene.envi import LEAST_NANOMETRES

Floats = npt.NDArray[np.float64]

MAX_COLUMNS = 20_000
"""Most columns of a table; spectrographs have up to some 10 000 wavelengths."""

NOTHING = frozenset({"", "na", "n/a", "nan", "null", "none", "-nan", "#n/a"})
"""What stands for a missing number, in small letters."""

WAVELENGTH = re.compile(
    r"(?:w|wl|wv|wave|wavelength|wvl|r|refl|reflectance|band|b|x|nm)?[\s_\-.]*"
    r"(?P<number>[0-9]+(?:\.[0-9]+)?)\s*_?(?P<unit>nm|um|µm|nanomet\w+|micromet\w+)?",
    re.I,
)
"""Headings that are a wavelength: `410.5`, `410.5nm`, `w_410.5`, `wl 0.4105 um`, `R_410`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TablePiece:
    """Some rows one after the other."""

    start: int
    """Position of the first, from 0."""
    numbers: Floats
    """Numbers of the columns asked for, (row, column); NaN where there is none."""
    texts: list[list[str]]
    """Texts of the columns asked for, column by column; empty where there is none."""


class Table(Protocol):
    """A table that is read a piece at a time."""

    @property
    def files(self) -> tuple[Path, ...]:
        """Give the files it is in."""

    @property
    def headings(self) -> tuple[str, ...]:
        """Give the columns."""

    def pieces(
        self, numbers: Sequence[int], texts: Sequence[int], rows: int
    ) -> Iterator[TablePiece]:
        """Read some columns, by position, `rows` rows at a time; the last piece may have fewer.

        Raises SceneError where the table is damaged, or a number is none.
        """


class KnownTable(Table, Protocol):
    """A table that has been looked at."""

    @property
    def rows(self) -> int:
        """Give the number of rows."""

    @property
    def bands(self) -> tuple[SceneBand, ...]:
        """Give each column as a band that can be found by name or wavelength."""

    @property
    def nodata(self) -> float | None:
        """Give the number that stands for a missing one; None where there is none."""


def column_bands(headings: Sequence[str]) -> tuple[SceneBand, ...]:
    """Give the columns of a table as bands: a heading is a name, and it may be a wavelength."""
    return tuple(
        SceneBand(
            index=i + 1, name=heading, common_name="", wavelength_um=wavelength_um(heading),
            data_type="float64", unit="", scale=1.0, offset=0.0,
        )
        for i, heading in enumerate(headings)
    )  # fmt: skip


def wavelength_um(heading: str) -> float | None:
    """Read a heading as a wavelength in µm; None where it is none.

    Without a unit it is nm from 100 on, as in ENVI headers, and µm below where it has a decimal
    point: a plain `12` is a number of something.
    """
    match = WAVELENGTH.fullmatch(heading.strip())
    if match is None:
        return None
    number, unit = float(match["number"]), (match["unit"] or "").lower()
    if unit:
        factor = MICROMETRES.get(unit)
        return None if factor is None else number * factor
    if number >= LEAST_NANOMETRES:
        return number * MICROMETRES["nm"]
    return number if "." in match["number"] and number > 0 else None


def check_headings(headings: Sequence[str], origin: str) -> None:
    """Raise SceneError where a table's headings cannot tell its columns apart."""
    wrong = ""
    if not 0 < len(headings) <= MAX_COLUMNS:
        wrong = f"There are {len(headings)} columns, and {MAX_COLUMNS} at most are read."
    elif empty := [i + 1 for i, one in enumerate(headings) if not one.strip()]:
        wrong = f"Column {empty[0]} has no heading."
    elif len(set(headings)) < len(headings):
        double = next(one for one in headings if headings.count(one) > 1)
        wrong = f"{double[:40]!r} is there twice."
    if wrong:
        raise SceneError(
            f"table {origin} cannot be read.",
            seen=wrong,
            rule="The first line names each column, once.",
        )


def number_of(text: str, heading: str, row: int, origin: str) -> float:
    """Read a number, NaN where there is none; raises SceneError where it is something else."""
    plain = text.strip()
    try:
        # Python also takes 1_000, which no table means.
        return float(plain.replace("_", "x"))
    except ValueError:
        if plain.lower() in NOTHING:
            return float("nan")
    raise SceneError(
        f"table {origin} has no number in row {row + 1}, column {heading[:40]!r}.",
        seen=f"It holds {text[:40]!r}.",
        rule="Numbers have a decimal point; a missing one is empty or NaN.",
    )
