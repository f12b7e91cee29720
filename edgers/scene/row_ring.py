"""The last rows of a strip: memory that does not grow with the strip."""

import numpy as np
import numpy.typing as npt

from edgers.errors import MemoryPlanError

Samples = npt.NDArray[np.generic]


class RowRing:
    """A ring of rows; the newest takes the place of the oldest."""

    def __init__(self, *, bands: int, rows: int, width_px: int, data_type: str) -> None:
        """Make room for `rows` rows; raises MemoryPlanError where there is none."""
        try:
            self._rows = np.empty((bands, rows, width_px), data_type)
        # numpy tells a size no address can have as a ValueError.
        except (MemoryError, ValueError) as error:
            size = bands * rows * width_px * np.dtype(data_type).itemsize
            raise MemoryPlanError(
                "the last rows of the strip do not fit in memory.",
                seen=f"{rows} rows of {width_px} px and {bands} bands have {size} bytes.",
                fix="Give fewer rows a tile with --rows.",
            ) from error
        self.count = 0

    @property
    def size_bytes(self) -> int:
        """Bytes held, full or not."""
        return self._rows.nbytes

    def add(self, row: Samples) -> None:
        """Take the next row, (band, width)."""
        self._rows[:, self.count % self._rows.shape[1]] = row
        self.count += 1

    def window(self, start: int, stop: int, left: int, right: int) -> Samples:
        """Give a copy of rows `start` to `stop`, columns `left` to `right`: (band, row, column)."""
        capacity = self._rows.shape[1]
        assert max(0, self.count - capacity) <= start <= stop <= self.count, "a row is gone"
        order = np.arange(start, stop) % capacity
        return np.take(self._rows[:, :, left:right], order, axis=1)
