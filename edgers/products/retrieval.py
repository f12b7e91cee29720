"""Finding the rows whose embeddings are most like a vector."""

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from edgers.errors import BadInputError
from edgers.products.embedding_table import EmbeddingTable
from edgers.stored_vectors import of_length_one

CHUNK_ROWS = 16_384
"""Embeddings compared at once: 100 MB of double precision at 768 numbers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """One row that was found."""

    position: int
    """Position of the row in its table."""
    cosine: float
    """Cosine between its embedding and the query."""


def most_alike(table: EmbeddingTable, query: npt.NDArray[np.float32], count: int) -> list[Hit]:
    """Give up to `count` rows by falling cosine; of equal ones the earlier row comes first.

    `query` is (feature,). Raises BadInputError where its length is not that of the embeddings.
    """
    features = table.embeddings.shape[1]
    if query.shape != (features,):
        raise BadInputError(
            "the query does not fit the table's embeddings.",
            seen=f"It has {query.size} numbers, they have {features}.",
            rule="Both come from the towers of one model.",
        )
    wanted = of_length_one(query)
    cosines = np.empty(len(table.rows))
    for begin in range(0, len(cosines), CHUNK_ROWS):
        piece = of_length_one(np.asarray(table.embeddings[begin : begin + CHUNK_ROWS]))
        cosines[begin : begin + CHUNK_ROWS] = piece @ wanted
    # An embedding of length zero is like nothing.
    cosines[np.isnan(cosines)] = -2.0
    order = np.argsort(-cosines, kind="stable")[:count]
    return [Hit(position=int(i), cosine=float(cosines[i])) for i in order if cosines[i] >= -1.5]


def write_hits(path: Path, table: EmbeddingTable, hits: Sequence[Hit]) -> None:
    """Write hits as CSV: rank and cosine, then what the table says of the tile."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["rank", "cosine", *table.headings])
        for rank, hit in enumerate(hits, 1):
            writer.writerow([rank, f"{hit.cosine:.7f}", *table.rows[hit.position]])
