"""A finished table of embeddings, read back: its rows and the matrix beside it."""

import csv
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from edgers.errors import BadInputError
from edgers.files import check_file


@dataclass(frozen=True, slots=True, kw_only=True)
class EmbeddingTable:
    """Rows of a scene or of a table, and the embedding of each."""

    headings: tuple[str, ...]
    """Columns."""
    rows: list[tuple[str, ...]]
    """Cells of each row as text."""
    embeddings: npt.NDArray[np.float32]
    """Embedding of each row, (row, feature), mapped from the file."""

    @property
    def key(self) -> str:
        """Column that names what is embedded: the `tile` of a scene, the `row` of a table."""
        return self.headings[0]

    def row_of(self, name: str) -> int:
        """Give the position of a tile or row; raises BadInputError where there is none."""
        at = self.headings.index(self.key)
        for position, row in enumerate(self.rows):
            if row[at] == name:
                return position
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
        if any(len(row) != len(headings) for row in rows) or headings[0] not in ("tile", "row"):
            raise ValueError("rows differ in length, or the first column is no 'tile' or 'row'")
    except (ValueError, OSError, EOFError, csv.Error) as error:
        raise BadInputError(
            f"{path} is no table of embeddings.",
            seen=f"{error}.",
            rule="'edgers run' of an embedding model writes SCENE_MODEL.csv and .npy side by side.",
        ) from error
    return EmbeddingTable(headings=headings, rows=rows, embeddings=embeddings)
