"""Products of a strip that are lines of text: appended whole, and never changed."""

from pathlib import Path

from edgers.pipeline.strip_maker import StripOrder, hand_on
from edgers.products.growing_file import GrowingFile


class StripLines:
    """The growing file of lines of one strip, and what its makers share."""

    looks_beyond = True

    def __init__(self, order: StripOrder, ending: str) -> None:
        """Begin `order.name`.`ending`."""
        self.order, self._lines = order, 0
        self._file = GrowingFile(order.folder, order.name, ending, ("json",))

    @property
    def files(self) -> list[Path]:
        """Give the file."""
        return [self._file.path()]

    def write(self, lines: list[str]) -> None:
        """Add lines with their ends; where there are none, the file begins."""
        data = memoryview("".join(lines).encode())
        self._file.append(data)
        self._lines += len(lines)
        self._file.told = f"the first {self._lines} lines"
        hand_on(self.order.sink, data)

    def tell(self, text: str) -> None:
        """Write the summary, beside the main file."""
        self._file.replace("json", text)

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()
