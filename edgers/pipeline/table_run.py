"""Running a model over a table: batches of a fixed size, the ledger, and the products."""

import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import cast

import numpy as np
import numpy.typing as npt

from edgers.contract import ModelOutput
from edgers.contract.read_rows import is_location, row_output
from edgers.errors import ContractError, SceneError
from edgers.pipeline.flow import Flow, Stage
from edgers.pipeline.input_watch import InputWatch
from edgers.pipeline.ledger import Ledger
from edgers.pipeline.made_with import made_with
from edgers.pipeline.memory import peak_bytes
from edgers.pipeline.model import Model
from edgers.pipeline.options import RunOptions
from edgers.pipeline.progress import Progress, Silent
from edgers.pipeline.row_inputs import ROWS, ReadyRows, RowInputs
from edgers.pipeline.rows import check_columns
from edgers.pipeline.table_answers import answered_table, row_meaning
from edgers.pipeline.table_report import TableReport
from edgers.pipeline.work_kept import kept_for_later
from edgers.products.answered_table import own_columns, place_columns
from edgers.products.ending import Ending
from edgers.products.row_summary import found_in
from edgers.products.table_drafts import ANSWERED, MISSING, NOT_FINITE, TableDrafts
from edgers.products.table_files import TableFiles, table_names
from edgers.products.tile_record import TileRecord, record_from_document
from edgers.products.work_folder import LEDGER, WorkFolder
from edgers.programs.facts import program_facts
from edgers.scene.date import acquisition_time
from edgers.scene.open import environment
from edgers.scene.table import KnownTable, TablePiece
from edgers.scene.table_file import is_table, open_table
from edgers.scene.tile_centres import TileCentres
from edgers.tasks.rows import RowDecoder
from edgers.tiling.axis_tiles import AxisPlan
from edgers.tiling.grid import DEFAULT_TILE_PX
from edgers.tiling.plain_grid import plan_plain_grid

CHECKPOINT_S = 30.0
"""Seconds between forcing everything to disk, as for scenes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AnsweredBatch:
    """A batch that the network has seen."""

    start: int
    """Position of the first row."""
    numbers: npt.NDArray[np.float32]
    """What is kept of each row, (row, number)."""
    states: npt.NDArray[np.uint8]
    """What became of each row, (row,)."""


def runs_as_table(model: Model, scene: Path | None) -> bool:
    """Tell whether a scene is run row by row: a table, or a raster for a model of locations."""
    if scene is None:
        return False
    return is_table(scene) or (is_location(model.bundle.contract) and not scene.is_dir())


def open_rows(model: Model, path: Path, options: RunOptions) -> KnownTable:
    """Open a table, or a raster's tiles as one; raises SceneError, or ContractError where the model
    takes no rows, or the options ask for what a table has not.
    """
    if row_output(model.bundle.contract) is None:
        raise ContractError(
            f"model {model.bundle.contract.name!r} takes no rows of a table.",
            seen=f"{path.name} is a table.",
            rule="The inputs of a model that does have the axes 'batch' and 'channel', or its "
            "program is 'per-pixel'.",
        )
    asked = {
        "--input": bool(options.inputs), "--warp": options.warp, "--alert": options.alert,
        "--probabilities": options.probabilities, "--overlap": options.overlap_px,
        "--blend": options.blend, "--ask": bool(options.ask),
        "--max-memory": options.max_memory_bytes, "--cube": options.cube != "cog",
        "--tile": options.tile_px and is_table(path),
    }  # fmt: skip
    if option := next((name for name, is_asked in asked.items() if is_asked), None):
        raise ContractError(
            f"a table has no use for {option}.",
            seen=f"{path.name} is run row by row.",
            rule=f"Rows are taken {ROWS} at a time, whatever their number.",
            fix=f"Run without {option}.",
        )
    if is_table(path):
        table = open_table(path)
    else:
        halo, side = model.bundle.halo, options.tile_px or DEFAULT_TILE_PX

        def cut(height: int, width: int) -> tuple[AxisPlan, AxisPlan]:
            grid = plan_plain_grid(height, width, side, 0, halo)
            return grid.rows, grid.columns

        table = TileCentres(path, cut)
    if not table.rows:
        raise SceneError(f"table {path.name} has no rows.")
    RowInputs(model.inputs, table, options.renamed, path.name)
    return table


def run_table(
    model: Model, path: Path, folder: Path, options: RunOptions | None = None,
    progress: Progress | None = None,
) -> TableReport:  # fmt: skip
    """Run `model` over a table, or a raster's tiles, and put the products into `folder`.

    As `run_scene`: products appear together when all are whole, and a run that was killed goes on.
    """
    options, progress = options or RunOptions(), progress or Silent()
    begin = time.perf_counter()
    with environment():
        table = open_rows(model, path, options)
        name = f"{path.stem}_{model.slug}"
        run = TableRun(model=model, table=table, path=path, options=options)
        names = run.names(name)
        with WorkFolder(folder, name, names.values()) as work, kept_for_later(work):
            report = run.make(work, names, progress)
    return replace(report, wall_s=time.perf_counter() - begin)


@dataclass(frozen=True, slots=True, kw_only=True)
class TableRun:
    """A run over one table."""

    model: Model
    """Network."""
    table: KnownTable
    """What is looked at."""
    path: Path
    """Its file."""
    options: RunOptions
    """What the user chose."""

    @property
    def output(self) -> ModelOutput:
        """The output as that of a row."""
        found = row_output(self.model.bundle.contract)
        assert found is not None, "open_rows has refused it"
        return found

    def names(self, name: str) -> dict[str, str]:
        """Give the file of each product by its role; raises ContractError where there is no such,
        or a value is named like another column.
        """
        meaning = row_meaning(self.model, self.output)
        check_columns(self.output, own_columns(meaning))
        return table_names(
            name, self.options.vectors, is_embedding=meaning.is_embedding,
            has_points=place_columns(self.table.headings) is not None,
        )  # fmt: skip

    def make(self, work: WorkFolder, names: dict[str, str], progress: Progress) -> TableReport:
        """Make the products in `work` and move them into place."""
        table, model = self.table, self.model
        if self.options.restart:
            work.clear()
        inputs = RowInputs(model.inputs, table, self.options.renamed, self.path.name)
        meaning = row_meaning(model, self.output)
        with (
            Ledger(work.path(LEDGER), self._identity()) as ledger,
            InputWatch(table.files, ledger) as watch,
            TableDrafts(work, table.rows, meaning.length) as drafts,
        ):
            done = self._restored(ledger, drafts)
            stages = self._stages(inputs, RowDecoder(self.output))
            self._fill(inputs, stages, (ledger, drafts), done, progress)
            states = _counted(drafts)
            answered = answered_table(table, drafts, meaning, inputs)
            if states[ANSWERED] == 0:
                raise self._empty(states)
            found = found_in(meaning, answered.numbers())
            bands = () if is_location(model.bundle.contract) else model.source.bands
            files = TableFiles(work=work, names=names, table=answered, bands=bands)
            ending = Ending(
                time=acquisition_time(self.path, {}),
                provenance={**self._facts(), **model.fallback, "scene_sha256": watch.sha256()},
            )
            share = 1 - states[ANSWERED] / table.rows
            products = files.finish(ending, found, share)
        return TableReport(
            scene=self.path.name, rows=table.rows, reused_rows=sum(done.values()),
            missing_rows=states[MISSING], not_finite_rows=states[NOT_FINITE], found=found,
            products=tuple(products), wall_s=0.0, peak_bytes=peak_bytes(),
            stage_s={stage.name: stage.busy_s for stage in stages}, fallback=model.passed_over,
        )  # fmt: skip

    def _restored(self, ledger: Ledger, drafts: TableDrafts) -> dict[int, int]:
        """Give the rows of batches that an earlier run finished, by their number."""
        done = {}
        for entry in ledger.entries():
            if "tile" in entry:
                record = record_from_document(entry)
                start = record.tile * ROWS
                count = min(ROWS, self.table.rows - start)
                if drafts.is_whole(record.checksums, start, count):
                    done[record.tile] = count
        return done

    def _stages(self, inputs: RowInputs, decoder: RowDecoder) -> list[Stage]:
        return [
            Stage(name="preprocess", work=lambda item: inputs.ready(cast(TablePiece, item))),
            Stage(
                name="infer",
                work=lambda item: self._infer(cast(ReadyRows, item), decoder),
                threads=self.options.workers,
            ),
        ]

    def _infer(self, ready: ReadyRows, decoder: RowDecoder) -> AnsweredBatch:
        """Run the network on a batch; rows that lack something are not believed."""
        count = len(ready.missing)
        states = np.where(ready.missing, MISSING, ANSWERED).astype(np.uint8)
        if ready.tensors is None:
            length = row_meaning(self.model, self.output).length
            numbers = np.zeros((count, length), np.float32)
            return AnsweredBatch(start=ready.start, numbers=numbers, states=states)
        image = self.model.infer(ready.tensors)[self.model.output.name]
        numbers = decoder.decode_all(rows_of_image(image, self.model.output))[:count]
        told = decoder.are_told(numbers)
        states[~ready.missing & ~told] = NOT_FINITE
        numbers = np.where((states == ANSWERED)[:, None], numbers, np.float32(0))
        return AnsweredBatch(start=ready.start, numbers=numbers, states=states)

    def _fill(
        self, inputs: RowInputs, stages: Sequence[Stage], kept: tuple[Ledger, TableDrafts],
        done: dict[int, int], progress: Progress,
    ) -> None:  # fmt: skip
        """Send every batch that is left through the stages and into the drafts."""
        (ledger, drafts), table = kept, self.table
        batches, saved = -(-table.rows // ROWS), time.monotonic()
        progress.start(self.path.name, batches - len(done), table.rows / 1e6)

        def source() -> Iterator[TablePiece]:
            if len(done) < batches:
                for piece in table.pieces(inputs.columns, (), ROWS):
                    if piece.start // ROWS not in done:
                        yield piece

        try:
            flow: Flow[AnsweredBatch] = Flow(source(), stages, limit=self.options.in_flight)
            with closing(flow.results()) as answers:
                for one in answers:
                    record = TileRecord(
                        tile=one.start // ROWS,
                        checksums=drafts.write(one.start, one.numbers, one.states),
                        nodata_px=int((one.states == MISSING).sum()),
                        not_finite_px=int((one.states == NOT_FINITE).sum()),
                        skipped=bool((one.states == MISSING).all()),
                    )
                    ledger.add(record.document())
                    progress.advance(len(one.states) / 1e6)
                    if time.monotonic() - saved > CHECKPOINT_S:
                        drafts.sync()
                        ledger.sync()
                        saved = time.monotonic()
        finally:
            progress.finish()

    def _empty(self, states: Sequence[int]) -> SceneError:
        return SceneError(
            f"table {self.path.name} has no row that can be answered.",
            seen=f"{states[MISSING]} rows lack something, {states[NOT_FINITE]} gave NaN or "
            "infinity.",
            rule="A row needs a number in every column that the model takes.",
        )

    def _identity(self) -> dict[str, object]:
        """Say what run this is: with all of it equal, products are equal to the last byte."""
        return {
            **self._facts(),
            "input": [[path.name, path.stat().st_size] for path in self.table.files],
            "rows": self.table.rows,
            "vectors": list(self.options.vectors),
            "map": dict(self.options.renamed),
            "tile_px": self.options.tile_px,
        }

    def _facts(self) -> dict[str, object]:
        return {
            **made_with(self.model),
            "scene": self.path.name,
            "batch_rows": ROWS,
            **program_facts(self.model.bundle.contract),
        }


def rows_of_image(image: npt.NDArray[np.generic], output: ModelOutput) -> npt.NDArray[np.generic]:
    """Give the rows of an image one pixel wide, in the order of a row's own axes."""
    axes = output.dim_order
    rest = [i for i, axis in enumerate(axes) if axis not in ("batch", "height", "width")]
    order = [axes.index(axis) for axis in ("height", "batch", "width")] + rest
    rows = image.transpose(order)
    return rows.reshape(len(rows), *rows.shape[3:])


def _counted(drafts: TableDrafts) -> list[int]:
    """Count what became of rows, in the order of `table_drafts`' states."""
    total = np.zeros(3, np.int64)
    for start in range(0, drafts.rows, ROWS):
        states = drafts.read(start, min(ROWS, drafts.rows - start))[1]
        total += np.bincount(states, minlength=3)
    return [int(one) for one in total]
