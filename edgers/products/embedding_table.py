"""A finished table of embeddings, read back: its rows and the matrix beside it."""

import csv
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from edgers.errors import BadInputError
from edgers.files import check_file

KEYS = ("tile", "row")
"""First column of a table, which tells its rows apart: of a scene, or of a table that was run."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EmbeddingTable:
    """Rows of a scene or a table, and the embedding of each."""

    headings: tuple[str, ...]
    """Columns."""
    rows: list[tuple[str, ...]]
    """Cells of each row as text."""
    embeddings: npt.NDArray[np.float32]
    """Embedding of each row, (row, feature), mapped from the file; NaN where there is none."""

    @property
    def key(self) -> str:
        """Give what a row is: a `tile` of a scene, or a `row` of a table."""
        return self.headings[0]

    def embedding_of(self, name: str) -> npt.NDArray[np.float32]:
        """Give the embedding of a tile or row, (feature,).

        Raises BadInputError where it has none.
        """
        for row, found in zip(self.rows, self.embeddings, strict=True):
            if row[0] == name:
                if not np.isfinite(found).all():
                    raise BadInputError(f"{self.key} {name!r} has no embedding.")
                return np.array(found)
        if self.key == "row":
            raise BadInputError(
                f"the table has no row {name!r}.", rule=f"Its rows are 1 to {len(self.rows)}."
            )
        raise BadInputError(
            f"the table has no tile {name!r}.",
            seen="Tiles without data have no row.",
            rule="A tile is named by its row and column in the grid, such as 3_0.",
        )


def embeddings_from_product(path: Path) -> EmbeddingTable:
    """Read the table at `path` and the matrix beside it (.npy).

    Raises BadInputError where one of them is missing, damaged, or not of the other.
    """
    matrix = path.with_suffix(".npy")
    for part in (path, matrix):
        check_file(part, "table of embeddings", BadInputError)
    try:
        with path.open(encoding="utf-8", newline="") as file:
            headings, *rows = (tuple(row) for row in csv.reader(file))
        embeddings = np.load(matrix, mmap_mode="r", allow_pickle=False)
        wrong = f"{len(rows)} rows, and a matrix of {embeddings.shape}"
        if embeddings.dtype != np.float32 or embeddings.ndim != 2 or len(embeddings) != len(rows):
            raise ValueError(wrong)
        if any(len(row) != len(headings) for row in rows) or headings[0] not in KEYS:
            raise ValueError("rows differ in length, or the first column is no 'tile' or 'row'")
    except (ValueError, OSError, EOFError, csv.Error) as error:
        raise BadInputError(
            f"{path} is no table of embeddings.",
            seen=f"{error}.",
            rule="'edgers run' of an embedding model writes SCENE_MODEL.csv and .npy side by side.",
        ) from error
    return EmbeddingTable(headings=headings, rows=rows, embeddings=embeddings)
