"""The drafts of what is said of a table's rows: numbers, and what became of each row."""

from contextlib import ExitStack

import numpy as np
import numpy.typing as npt

from edgers.closing import Closing
from edgers.products.draft import Draft, DraftShape
from edgers.products.work_folder import WorkFolder

Reals = npt.NDArray[np.float32]
States = npt.NDArray[np.uint8]

MISSING, ANSWERED, NOT_FINITE = range(3)
"""What becomes of a row: it lacks something, is answered, or the network gave NaN or infinity."""


class TableDrafts(Closing):
    """Drafts of one table, in its work folder; a context manager."""

    def __init__(self, work: WorkFolder, rows: int, length: int) -> None:
        """Open or begin drafts for `rows` rows of `length` numbers each."""
        self.rows, self.length = rows, length
        with ExitStack() as opened:
            self._numbers, self._states = (
                opened.enter_context(
                    Draft(
                        work.path(f"{name}.raw"),
                        DraftShape(bands=1, height_px=rows, width_px=width, data_type=kind),
                    )
                )
                for name, width, kind in (("rows", length, "float32"), ("states", 1, "uint8"))
            )
            self._opened = opened.pop_all()

    def write(self, start: int, numbers: Reals, states: States) -> tuple[int, ...]:
        """Write some rows, (row, number) and (row,); give the checksums.

        Raises OutputError where the disk is full or fails.
        """
        return (
            self._numbers.write(numbers[None], start, 0),
            self._states.write(states[None, :, None], start, 0),
        )

    def is_whole(self, checksums: tuple[int, ...], start: int, count: int) -> bool:
        """Tell whether rows are there as they were written."""
        return checksums == (
            self._numbers.checksum(start, 0, count, self.length),
            self._states.checksum(start, 0, count, 1),
        )

    def read(self, start: int, count: int) -> tuple[Reals, States]:
        """Give numbers and states of some rows."""
        numbers = self._numbers.read(start, 0, count, self.length)[0]
        states = self._states.read(start, 0, count, 1)[0, :, 0]
        return numbers.astype(np.float32, copy=False), states.astype(np.uint8, copy=False)

    def sync(self) -> None:
        """Force the drafts to disk; raises OutputError where that fails."""
        for draft in (self._numbers, self._states):
            draft.sync()

    def close(self) -> None:
        """Close the drafts."""
        self._opened.close()
