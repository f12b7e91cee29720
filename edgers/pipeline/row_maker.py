"""Tables made of tiles: one row each, or one for the scene."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from edgers.engines import Tensors
from edgers.pipeline.answer import Answer, Seen
from edgers.products.ending import Ending
from edgers.products.found import Found
from edgers.products.row_drafts import RowDrafts
from edgers.products.row_products import RowFiles
from edgers.products.row_summary import found_in
from edgers.products.row_table import RowTable
from edgers.products.tally import Tally
from edgers.products.tile_record import TileRecord
from edgers.tasks.rows import RowDecoder
from edgers.tiling.grid import Grid


class RowMaker:
    """A `maker.SceneMaker` of a table."""

    def __init__(
        self, grid: Grid, output: str, decoder: RowDecoder, drafts: RowDrafts, files: RowFiles,
        tally: Tally,
    ) -> None:  # fmt: skip
        """Make `files` of the tensor `output`."""
        self._grid, self._output, self._decoder = grid, output, decoder
        self._drafts, self._files, self._tally = drafts, files, tally
        self._found: Found | None = None

    @property
    def tally(self) -> Tally:
        """Give the sums that all kinds have."""
        return self._tally

    @property
    def found(self) -> Found:
        """Give what was found."""
        return self._found or self._counted()

    @property
    def table(self) -> RowTable:
        """Give the table, to be read as long as the drafts are open."""
        return self._files.table

    @property
    def looks_beyond(self) -> bool:
        """A row speaks of its whole window."""
        return True

    def take(self, seen: Seen, outputs: Tensors | None) -> Answer:
        """Decode a tile and keep its numbers; one with NaN or infinity among them has none."""
        row, record = row_of(seen, outputs, self._output, self._decoder)
        checksums = self._drafts.write(seen.tile, row, seen.window_nodata_px, seen.preview)
        return Answer(tile=seen.tile, record=replace(record, checksums=checksums))

    def add(self, answer: Answer) -> TileRecord:
        """Count a tile."""
        assert answer.record is not None
        self._tally.count(answer.record)
        return answer.record

    def finish(self, ending: Ending) -> list[Path]:
        """Complete all products and move them into place."""
        # The drafts are closed when a report is made.
        self._found = self._counted()
        return self._files.finish(ending, self._found, self._tally.nodata_share)

    def _counted(self) -> Found:
        return found_in(self._files.table.meaning, self._files.table.numbers())

    def restore(self, records: Iterable[TileRecord]) -> Sequence[int]:
        """Count the tiles that are whole, wherever they lie; give the others."""
        done = bytearray(len(self._grid))
        for record in records:
            if self._drafts.is_whole(record.checksums, self._grid.tile(record.tile)):
                self._tally.count(record)
                done[record.tile] = True
        return [index for index in range(len(self._grid)) if not done[index]]

    def sync(self) -> None:
        """Force everything to disk."""
        self._drafts.sync()

    def close(self) -> None:
        """Close the drafts."""
        self._drafts.close()


def row_of(
    seen: Seen, outputs: Tensors | None, output: str, decoder: RowDecoder
) -> tuple[npt.NDArray[np.float32] | None, TileRecord]:
    """Give the numbers of a tile, None where it has none, and what is noted of it."""
    row = None if outputs is None else decoder.decode(outputs[output])
    is_lost = row is not None and not decoder.is_told(row)
    kept = None if is_lost else row
    record = TileRecord(
        tile=seen.tile.index,
        checksums=(),
        nodata_px=seen.nodata.size if kept is None else int(seen.nodata.sum()),
        not_finite_px=int((~seen.nodata).sum()) if is_lost else 0,
        skipped=row is None,
    )
    return kept, record
