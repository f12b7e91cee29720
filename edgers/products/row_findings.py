"""What an alert tells of a table: the rarest classes first, each with its surest tile."""

import numpy as np

from edgers.products.alert import Finding
from edgers.products.row_table import RowTable


def row_findings(table: RowTable) -> list[Finding]:
    """Give each class that a row has: in how many, and place and probability of the surest."""
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
                best[i] = chances[at, i]
                cells = piece.features[at].properties
                lon, lat = cells["longitude"], cells["latitude"]
                spots[i] = None if lon is None or lat is None else (float(lon), float(lat))
    order = sorted((i for i in range(count) if rows[i]), key=lambda i: int(rows[i]))
    return [
        Finding(
            name=meaning.classes[i].name, objects=int(rows[i]), lonlat=spots[i],
            confidence=float(best[i]),
        )
        for i in order
    ]  # fmt: skip
