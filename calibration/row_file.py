"""Rows of a product: what a table says of each tile, or of the scene."""

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from edgers.calibration.jury import JudgedScene
from edgers.products.row_table import ORIGIN, PLACE, TILE, TILES

Reals = npt.NDArray[np.float64]

BESIDE = frozenset(one.name for one in (*PLACE, TILE, TILES, *ORIGIN))
"""Columns that say where a row is of, and not what it says."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RowFile:
    """The rows of one product."""

    keys: tuple[str, ...]
    """Tile of each; `scene` where the row is of all."""
    columns: Mapping[str, Sequence[str]]
    """What the rows say, by the names of columns."""
    vectors: Reals
    """The embedding of each row, (row, feature); no features where there are none."""

    def numbers(self, names: Sequence[str], keys: Sequence[str]) -> Reals:
        """Give columns for other keys, (column, 1, row); NaN for rows that are not here."""
        own = np.array([[float(text or "nan") for text in self.columns[name]] for name in names])
        return self._for(own.reshape(len(names), -1).T, keys)

    def embeddings(self, keys: Sequence[str]) -> Reals:
        """Give the embeddings for other keys, (feature, 1, row); NaN for rows not here."""
        return self._for(self.vectors, keys)

    def _for(self, own: Reals, keys: Sequence[str]) -> Reals:
        found = np.full((len(keys), own.shape[1]), np.nan)
        at = {key: i for i, key in enumerate(self.keys)}
        for i, key in enumerate(keys):
            if key in at:
                found[i] = own[at[key]]
        return found.T[:, np.newaxis]


def rows_from_product(judged: JudgedScene) -> RowFile | None:
    """Read a table, and the embeddings beside it; None where there is no product."""
    if judged.product is None:
        return None
    with judged.product.open(encoding="utf-8", newline="") as file:
        heads, *rows = csv.reader(file)
    cells = dict(zip(heads, zip(*rows, strict=True) if rows else [()] * len(heads), strict=True))
    keys = cells.get(TILE.name, ("scene",) * len(rows))
    matrix = next((one for one in judged.products if one.suffix == ".npy"), None)
    vectors = np.load(matrix, allow_pickle=False) if matrix else np.zeros((len(rows), 0))
    return RowFile(
        keys=tuple(keys),
        columns={name: column for name, column in cells.items() if name not in BESIDE},
        vectors=vectors.astype(np.float64),
    )
