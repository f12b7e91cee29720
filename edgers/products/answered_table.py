"""A table with what was said of its rows, read back a piece at a time."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from edgers.errors import SceneError
from edgers.products.embedding_parquet import EMBEDDING
from edgers.products.feature import Column, Value
from edgers.products.geoparquet import GEOMETRY
from edgers.products.row_table import ORIGIN
from edgers.products.table_drafts import ANSWERED, NOT_FINITE, TableDrafts
from edgers.scene.table import KnownTable, TablePiece
from edgers.tasks.row_meaning import RowMeaning

Floats = npt.NDArray[np.float64]

ROW = Column(name="row", type="int", description="Row of the table, from 1.")
REASON = Column(name="reason", type="str", description="Why the row has no answer.")
BROKEN = "the network gave NaN or infinity"
IN = "in_{}"
"""Name of a column of the table that is also one of the product."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AnsweredRows:
    """Some rows one after the other."""

    cells: list[list[Value]]
    """Cells column by column."""
    numbers: npt.NDArray[np.float32]
    """What the network gave, (row, number); NaN for rows without an answer."""
    answered: npt.NDArray[np.bool_]
    """True for rows with an answer, (row,)."""
    spectra: Floats
    """Bands of the first input, (row, band)."""
    points: Floats
    """Longitude and latitude, (row, 2); NaN where there is none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AnsweredTable:
    """One table and its answers."""

    table: KnownTable
    """Rows."""
    drafts: TableDrafts
    """What was said of them."""
    meaning: RowMeaning
    """What the numbers say."""
    needed: Sequence[int]
    """Columns that the model takes, by position."""
    carried: Sequence[int]
    """Columns that are carried through, by position."""
    spectra: Callable[[TablePiece], tuple[Floats, list[str]]]
    """Gives bands of the first input, and what each row lacks, of the columns `needed`."""
    places: tuple[int, int] | None
    """Columns of longitude and latitude, by position; None where rows have no place."""
    step: int
    """Rows of a piece."""

    @property
    def columns(self) -> tuple[Column, ...]:
        """Give the columns of the product: no two have one name."""
        row, *others = own_columns(self.meaning)
        # Parquet has these two beside the columns.
        own = {GEOMETRY, EMBEDDING, *(one.name for one in (row, *others))}
        taken, kept = own | {self.table.headings[i] for i in self.carried}, []
        for i in self.carried:
            name, is_place = self.table.headings[i], i in (self.places or ())
            if name in own:
                while name in taken:
                    name = IN.format(name)
                taken.add(name)
            kept.append(
                Column(name=name, type="float" if is_place else "str", unit="°" if is_place else "")
            )
        return (row, *kept, *others)

    def pieces(self, origin: tuple[str, str] = ("", "")) -> Iterator[AnsweredRows]:
        """Give all rows; `origin` is the id of the bundle and the hash of the input.

        Raises SceneError where the table has other rows than it had.
        """
        seen = 0
        numbers = (*self.needed, *(self.places or ()))
        for piece in self.table.pieces(numbers, self.carried, self.step):
            count = len(piece.numbers)
            if piece.start + count > self.drafts.rows:
                break
            yield self._answered(piece, origin)
            seen += count
        if seen != self.drafts.rows:
            raise SceneError("the table was changed while it was read.")

    def numbers(self) -> Iterator[npt.NDArray[np.float32]]:
        """Give the numbers of rows with an answer, (row, number), a piece at a time."""
        for start in range(0, self.drafts.rows, self.step):
            rows, states = self.drafts.read(start, min(self.step, self.drafts.rows - start))
            yield rows[states == ANSWERED]

    def _answered(self, piece: TablePiece, origin: tuple[str, str]) -> AnsweredRows:
        count = len(piece.numbers)
        rows, states = self.drafts.read(piece.start, count)
        answered = states == ANSWERED
        spectra, reasons = self.spectra(piece)
        told = self.meaning.columns(rows[answered])
        said = [_spread(column, answered) for column in told]
        why: list[Value] = [
            BROKEN if state == NOT_FINITE else reason or None
            for state, reason in zip(states.tolist(), reasons, strict=True)
        ]
        from_where: list[list[Value]] = [[one] * count for one in origin]
        points = np.full((count, 2), np.nan)
        if self.places is not None:
            points = piece.numbers[:, -2:]
        kept: list[list[Value]] = []
        for i, column in zip(self.carried, piece.texts, strict=True):
            is_place = self.places is not None and i in self.places
            degrees = points[:, self.places.index(i)].tolist() if self.places and is_place else None
            # A degree that is no number is null in the product.
            kept.append(list(column) if degrees is None else degrees)
        return AnsweredRows(
            cells=[rows_from(piece), *kept, *said, why, *from_where],
            numbers=np.where(answered[:, None], rows, np.float32(np.nan)),
            answered=answered,
            spectra=spectra,
            points=np.where(np.isfinite(points).all(axis=1, keepdims=True), points, np.nan),
        )  # fmt: skip


def own_columns(meaning: RowMeaning) -> tuple[Column, ...]:
    """Give the columns that are not the table's; the first is the number of the row."""
    said = (Column(name=one.name, type=one.type, unit=one.unit) for one in meaning.fields)
    return (ROW, *said, REASON, *ORIGIN)


def rows_from(piece: TablePiece) -> list[Value]:
    """Number the rows of a piece, from 1."""
    return list(range(piece.start + 1, piece.start + len(piece.numbers) + 1))


def _spread(values: Sequence[Value], answered: npt.NDArray[np.bool_]) -> list[Value]:
    """Put the cells of rows with an answer in their places; the others are null."""
    following = iter(values)
    return [next(following) if has else None for has in answered]


def place_columns(headings: Sequence[str]) -> tuple[int, int] | None:
    """Find the columns of longitude and latitude, by their names; None where one is missing."""
    small = [one.lower() for one in headings]
    for names in (("lon", "lat"), ("longitude", "latitude"), ("lon_deg", "lat_deg")):
        if all(name in small for name in names):
            return small.index(names[0]), small.index(names[1])
    return None
