"""CSV tables (RFC 4180), written a piece at a time: UTF-8, one heading line, lines end in LF."""

import csv
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np


def write_csv(path: Path, headings: Sequence[str], rows: Iterable[Sequence[Any]]) -> int:
    """Write a table; give its number of rows. None is an empty cell."""
    count = 0
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(headings)
        for row in rows:
            writer.writerow([cell_text(cell) for cell in row])
            count += 1
    return count


def cell_text(cell: Any) -> str:
    """Write one cell: numbers in single precision as short as they can be read back."""
    if cell is None:
        return ""
    if isinstance(cell, float):
        with np.errstate(over="ignore"):
            single = np.float32(cell)
        return str(single) if float(single) == cell else repr(cell)
    return str(cell)
