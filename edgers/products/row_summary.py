"""What the rows of a table hold, in numbers."""

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from edgers.products.found import Found, LabelCount, ValueRange
from edgers.tasks.row_meaning import RowMeaning

Reals = npt.NDArray[np.float32]


def found_in(meaning: RowMeaning, pieces: Iterable[Reals]) -> Found:
    """Count rows, (row, number) a piece, those each class holds in, and the range of each number,
    in one pass.
    """
    summary = Summary(meaning)
    for numbers in pieces:
        summary.add(numbers)
    return summary.found()


class Summary:
    """What rows hold, as they come in order."""

    def __init__(self, meaning: RowMeaning) -> None:
        self._meaning, self._rows = meaning, 0
        self._held = np.zeros(len(meaning.classes), np.int64)
        self._ranges = _Ranges(meaning) if meaning.kind == "numbers" else None

    def add(self, numbers: Reals) -> None:
        """Take in some rows, (row, number)."""
        self._rows += len(numbers)
        if self._meaning.classes:
            self._held += self._meaning.chosen(numbers).sum(axis=0)
        elif self._ranges is not None:
            self._ranges.add(self._meaning.values(numbers))

    def found(self) -> Found:
        """Give rows, those each class holds in, and the range of each number."""
        counts = zip(self._meaning.classes, self._held.tolist(), strict=True)
        return Found(
            rows=self._rows,
            labels=tuple(LabelCount(name=one.name, rows=count) for one, count in counts),
            values=self._ranges.found() if self._ranges else (),
        )


class _Ranges:
    """The range of each number; rows come in order, so that the sums are the same every time."""

    def __init__(self, meaning: RowMeaning) -> None:
        self._values = meaning.values_shown
        count = len(self._values)
        self._rows, self._sum = 0, np.zeros(count)
        self._least, self._most = (np.full(count, end) for end in (np.inf, -np.inf))

    def add(self, values: Reals) -> None:
        """Add some rows, (row, value); there may be none."""
        wide = values.astype(np.float64)
        self._rows += len(wide)
        self._sum += wide.sum(axis=0)
        self._least = np.minimum(self._least, wide.min(axis=0, initial=np.inf))
        self._most = np.maximum(self._most, wide.max(axis=0, initial=-np.inf))

    def found(self) -> tuple[ValueRange, ...]:
        """Give the ranges."""
        some = self._rows > 0
        return tuple(
            ValueRange(
                name=one.name, unit=one.unit, pixels=self._rows,
                least=float(self._least[i]) if some else None,
                most=float(self._most[i]) if some else None,
                mean=float(self._sum[i] / self._rows) if some else None,
            )
            for i, one in enumerate(self._values)
        )  # fmt: skip
