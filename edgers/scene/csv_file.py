"""Tables in CSV (RFC 4180, UTF-8), streamed: a line has a bound, and so has a field."""

import csv
import itertools
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TextIO

import numpy as np

from edgers.errors import SceneError
from edgers.files import check_file
from edgers.scene.bands import SceneBand
from edgers.scene.table import TablePiece, check_headings, column_bands, number_of

MAX_LINE = 4 * 2**20
"""Longest line read, in characters: 20 000 columns of 200."""

DELIMITERS = (",", ";", "\t")
"""What stands between fields: that which the first line has most of."""


class CsvFile:
    """One table in CSV."""

    nodata: float | None = None
    """A CSV has no number of its own that stands for a missing one."""

    def __init__(self, path: Path) -> None:
        """Read the headings, and count rows; raises SceneError where any row is damaged."""
        check_file(path, "table", SceneError)
        self._path, self._delimiter = path, ","
        self.files = (path,)
        try:
            with self._open() as file:
                first = file.readline(MAX_LINE)
        except UnicodeDecodeError as error:
            raise self._damaged(str(error)) from error
        self._delimiter = max(DELIMITERS, key=first.count)
        rows = self._rows()
        self.headings = tuple(one.strip() for one in next(rows, ()))
        check_headings(self.headings, path.name)
        self.bands: tuple[SceneBand, ...] = column_bands(self.headings)
        self.rows = sum(1 for _ in rows)

    def pieces(
        self, numbers: Sequence[int], texts: Sequence[int], rows: int
    ) -> Iterator[TablePiece]:
        """Read some columns, `rows` rows at a time."""
        lines, start = self._rows(), 0
        next(lines)
        while held := list(itertools.islice(lines, rows)):
            yield TablePiece(
                start=start,
                numbers=np.array(
                    [[self._number(row, i, start + at) for i in numbers]
                     for at, row in enumerate(held)],
                    np.float64,
                ).reshape(len(held), len(numbers)),
                texts=[[row[i] for row in held] for i in texts],
            )  # fmt: skip
            start += len(held)

    def _number(self, row: Sequence[str], column: int, at: int) -> float:
        return number_of(row[column], self.headings[column], at, self._path.name)

    def _rows(self) -> Iterator[list[str]]:
        """Give the fields of each row, the headings first; empty lines are none."""
        count = None
        with self._open() as file:
            reader = csv.reader(self._lines(file), delimiter=self._delimiter, strict=True)
            try:
                for row in reader:
                    if not row:
                        continue
                    count = count or len(row)
                    if len(row) != count:
                        raise self._damaged(
                            f"Line {reader.line_num} has {len(row)} fields, the first has {count}"
                        )
                    yield row
            except (csv.Error, UnicodeDecodeError) as error:
                raise self._damaged(f"Line {reader.line_num + 1}: {error}") from error

    def _lines(self, file: TextIO) -> Iterator[str]:
        while line := file.readline(MAX_LINE):
            if len(line) == MAX_LINE:
                raise self._damaged(f"A line has more than {MAX_LINE} characters")
            if "\0" in line:
                raise self._damaged("It holds a byte that is no text")
            yield line

    def _open(self) -> TextIO:
        try:
            return self._path.open(encoding="utf-8-sig", newline="")
        except OSError as error:
            raise self._damaged(str(error.strerror)) from error

    def _damaged(self, why: str) -> SceneError:
        return SceneError(
            f"table {self._path.name} is damaged, or no CSV.",
            seen=f"{why}.",
            rule="It is UTF-8, with as many fields in each row as the first line has headings.",
        )
