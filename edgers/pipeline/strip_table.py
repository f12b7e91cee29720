"""Tables of a strip: a row of tiles gives its rows when it is complete."""

import csv
import io
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import numpy.typing as npt

from edgers.engines import Tensors
from edgers.errors import ContractError
from edgers.pipeline.answer import Seen
from edgers.pipeline.options import RunOptions
from edgers.pipeline.row_maker import row_of
from edgers.pipeline.rows import check_columns, meaning_of
from edgers.pipeline.strip_lines import StripLines
from edgers.pipeline.strip_maker import StripAnswer, StripOrder
from edgers.products.csv_table import csv_texts
from edgers.products.feature import Feature
from edgers.products.found import Found
from edgers.products.places import Places
from edgers.products.raster_files import Layer
from edgers.products.row_map import RowMap
from edgers.products.row_summary import Summary
from edgers.products.row_table import RowCells
from edgers.products.vrt import Meaning
from edgers.tasks.rows import RowDecoder

Reals = npt.NDArray[np.float32]


class StripTable(StripLines):
    """A `strip_maker.StripProducts` of a table; of embeddings, also of the matrix."""

    def __init__(self, order: StripOrder) -> None:
        """Begin the files; raises ContractError where one row is for the whole strip, or two
        columns have one name.
        """
        output = order.model.output
        if output.scope == "scene":
            raise ContractError(
                f"output {output.name!r} gives one row for a scene.",
                rule="A strip is told of tile by tile while its rows arrive.",
                fix="Run the finished file with 'edgers run'.",
            )
        meaning = meaning_of(order.model, RunOptions())
        self._decoder, self._output = RowDecoder(output), output.name
        places = Places(computed=order.place, product=order.place)
        self._cells = RowCells(places=places, meaning=meaning, of_scene=False)
        check_columns(output, self._cells.columns)
        self._summary = Summary(meaning)
        self._parts: list[tuple[Seen, Reals]] = []
        self._is_new = True
        super().__init__(order, "csv")
        with ExitStack() as opened:
            opened.callback(super().close)
            self._matrix = None
            if meaning.is_embedding:
                self._matrix = opened.enter_context(
                    RowMap(
                        order.folder, order.name, width_px=meaning.length,
                        layer=_matrix_layer(), map_fields={}, description=order.description,
                    )
                )  # fmt: skip
            self._opened = opened.pop_all()

    @property
    def found(self) -> Found:
        """Give what the rows hold so far."""
        return self._summary.found()

    @property
    def files(self) -> list[Path]:
        """Give table and matrix."""
        return [*super().files, *(self._matrix.files if self._matrix else [])]

    def take(self, seen: Seen, outputs: Tensors | None) -> StripAnswer:
        """Decode a tile."""
        row, record = row_of(seen, outputs, self._output, self._decoder)
        return StripAnswer(
            tile=seen.tile, record=record, given=None if row is None else (seen, row)
        )

    def add(self, answer: StripAnswer) -> None:
        """Take a tile; write the row of tiles where it is the last."""
        if isinstance(answer.given, tuple):
            self._parts.append(answer.given)
        if answer.tile.column == len(self.order.columns.tiles) - 1:
            self._write()

    def finish(self, rows_in: int, rows_out: int) -> None:
        """All is written already."""

    def close(self) -> None:
        """Let go of the files."""
        self._opened.close()

    def _write(self) -> None:
        text = io.StringIO(newline="")
        writer = csv.writer(text, lineterminator="\r\n")
        if self._is_new:
            writer.writerow([column.name for column in self._cells.columns])
            self._is_new = False
        parts, self._parts = self._parts, []
        if parts:
            numbers = np.stack([row for _, row in parts])
            for feature in self._features([seen for seen, _ in parts], numbers):
                writer.writerow(csv_texts(feature, self._cells.columns))
            self._summary.add(numbers)
            if self._matrix is not None:
                self._matrix.add_rows(numbers[np.newaxis])
        self.write(text.getvalue().splitlines(keepends=True))

    def _features(self, seen: list[Seen], numbers: Reals) -> list[Feature]:
        """Give rows as features, of the tiles that have one."""
        windows, shares = [], []
        for one in seen:
            assert one.around is not None
            tile = one.tile
            windows.append((tile.rows.window_start, tile.columns.window_start, *one.around.shape))
            shares.append(one.window_nodata_px / one.around.size)
        names = [f"{one.tile.row}_{one.tile.column}" for one in seen]
        origin = self.order.model.bundle.bundle_id, None
        return self._cells.piece(
            names, np.array(windows, np.int64), np.array(shares), numbers, origin
        ).features


def _matrix_layer() -> Layer:
    """Say what embeddings are: a row a tile, a number a column."""
    meaning = Meaning(bands=["embedding"], nodata=float("nan"))
    return Layer(ending="", bands=1, data_type="float32", meaning=meaning, continuous=True)
