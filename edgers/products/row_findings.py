"""What an alert tells of a table: the rarest classes first, or the largest of each number."""

import numpy as np

from edgers.products.alert import Finding
from edgers.products.feature import Feature
from edgers.products.row_table import RowTable


def row_findings(table: RowTable) -> list[Finding]:
    """Give each class that a row has: in how many, and place and probability of the surest.

    Where rows hold numbers, each of these: the largest, and its place.
    """
    return _numbers(table) if table.meaning.kind == "numbers" else _classes(table)


def _numbers(table: RowTable) -> list[Finding]:
    values = table.meaning.values_shown
    most = np.full(len(values), -np.inf)
    spots: list[tuple[float, float] | None] = [None] * len(values)
    for piece in table.pieces(("", "")):
        numbers = table.meaning.values(piece.numbers)
        for i, at in enumerate(numbers.argmax(axis=0).tolist()):
            if numbers[at, i] > most[i]:
                most[i], spots[i] = numbers[at, i], _spot(piece.features[at])
    return [
        Finding(name=one.name, most=float(most[i]), lonlat=spots[i])
        for i, one in enumerate(values)
        if np.isfinite(most[i])
    ]


def _classes(table: RowTable) -> list[Finding]:
    meaning = table.meaning
    count = len(meaning.classes)
    rows, best = np.zeros(count, np.int64), np.full(count, -1.0)
    spots: list[tuple[float, float] | None] = [None] * count
    for piece in table.pieces(("", "")):
        held = meaning.chosen(piece.numbers)
        chances = np.where(held, meaning.probabilities(piece.numbers).astype(np.float64), -1.0)
        rows += held.sum(axis=0)
        for i in range(count):
            at = int(chances[:, i].argmax())
            if chances[at, i] > best[i]:
                best[i], spots[i] = chances[at, i], _spot(piece.features[at])
    order = sorted((i for i in range(count) if rows[i]), key=lambda i: int(rows[i]))
    return [
        Finding(
            name=meaning.classes[i].name, objects=int(rows[i]), lonlat=spots[i],
            confidence=float(best[i]),
        )
        for i in order
    ]  # fmt: skip


def _spot(row: Feature) -> tuple[float, float] | None:
    """Give the place of the middle of a row's window."""
    lon, lat = row.properties["longitude"], row.properties["latitude"]
    return None if lon is None or lat is None else (float(lon), float(lat))
