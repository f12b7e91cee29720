"""From the blocks of tiles to rows: counted, put side by side, and handed on."""

from typing import Protocol

import numpy as np
import numpy.typing as npt

from edgers.contract.model import ModelClass
from edgers.errors import OutputError
from edgers.pipeline.strip_report import ClassCount
from edgers.pipeline.strip_work import StripBlock
from edgers.products.row_map import RowMap


class Sink(Protocol):
    """What takes raw product rows besides the files, such as a pipe."""

    def write(self, data: memoryview, /) -> int | None:
        """Write some of `data` and give how many bytes that was."""


class Tally:
    """Running counts of the pixels of a product."""

    def __init__(self, classes: tuple[ModelClass, ...]) -> None:
        self._classes = classes
        self._pixels = [0] * len(classes)
        self.tiles = self.skipped_tiles = self.total_px = self.nodata_px = self.not_finite_px = 0

    def add(self, block: StripBlock) -> None:
        """Count a block."""
        gone = block.nodata | block.not_finite
        for i, entry in enumerate(self._classes):
            self._pixels[i] += int(np.count_nonzero((block.classes == entry.value) & ~gone))
        self.tiles += 1
        self.skipped_tiles += block.skipped
        self.total_px += gone.size
        self.nodata_px += int(gone.sum())
        self.not_finite_px += int((block.not_finite & ~block.nodata).sum())

    def classes(self) -> tuple[ClassCount, ...]:
        """Give what each class covers."""
        total = sum(self._pixels)
        return tuple(
            ClassCount(
                value=entry.value, name=entry.name, pixels=pixels,
                share=pixels / total if total else 0.0,
            )
            for entry, pixels in zip(self._classes, self._pixels, strict=True)
        )  # fmt: skip


class RowWriter:
    """Puts blocks side by side into rows and hands these on."""

    def __init__(self, product: RowMap, tally: Tally, sink: Sink | None) -> None:
        self._product, self._tally, self._sink = product, tally, sink
        self._parts: list[npt.NDArray[np.generic]] = []

    @property
    def rows(self) -> int:
        """Rows written."""
        return self._product.rows

    def add(self, block: StripBlock) -> bool:
        """Take the next block of a row of tiles; tell whether rows were written."""
        nodata = np.asarray(self._product.nodata, block.classes.dtype)
        self._parts.append(np.where(block.nodata | block.not_finite, nodata, block.classes))
        self._tally.add(block)
        if not block.is_last:
            return False
        rows = np.concatenate(self._parts, axis=1)
        self._parts = []
        self._product.append(rows)
        if self._sink is not None:
            _write_all(self._sink, memoryview(rows.tobytes()))
        return True


def _write_all(sink: Sink, data: memoryview) -> None:
    """Write all of `data`; raises OutputError where nobody takes it."""
    try:
        while data:
            data = data[sink.write(data) or 0 :]
    except OSError as error:
        raise OutputError(
            "the rows cannot be handed on.",
            seen=f"{error.strerror or error}.",
            rule="What reads them must read to their end.",
            fix="The rows written to the product so far are whole and stay.",
        ) from error
