"""Finding the rows whose embeddings are most like a vector."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from edgers.errors import BadInputError
from edgers.products.embedding_table import EmbeddingTable
from edgers.products.feature import Column, Feature
from edgers.stored_vectors import of_length_one

CHUNK_ROWS = 16_384
"""Embeddings compared at once: 100 MB of double precision at 768 numbers."""

RANK = Column(name="rank", type="int", description="1 is the most alike.")
COSINE = Column(name="cosine", type="float", description="Cosine to the query, −1 to 1.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """One row that was found."""

    position: int
    """Position of the row in its table."""
    cosine: float
    """Cosine between its embedding and the query."""


def most_alike(
    table: EmbeddingTable, query: npt.NDArray[np.float32], count: int
) -> list[Hit]:
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


def hit_features(table: EmbeddingTable, hits: Sequence[Hit]) -> list[Feature]:
    """Give hits as rows: rank and cosine, then what the table says."""
    return [
        Feature(
            geometry=None,
            properties={
                RANK.name: rank, COSINE.name: round(hit.cosine, 7),
                **dict(zip(table.headings, table.rows[hit.position], strict=True)),
            },
        )
        for rank, hit in enumerate(hits, 1)
    ]  # fmt: skip


def hit_columns(table: EmbeddingTable) -> list[Column]:
    """Give the columns of those rows."""
    return [RANK, COSINE, *(Column(name=name, type="str") for name in table.headings)]
