"""Running a model over rows as they arrive: finished product rows leave while the strip goes on.

    rows ─► read ahead ─► ring of the last rows ─► tiles ─► preprocess ─► infer ─► products

A row of tiles begins as soon as its window has arrived, so a product row leaves at most one tile
height after the first row under it. Memory does not grow with the strip:

    ring         tile rows × width × bands of the model × bytes a sample
    read ahead   at most as much again, and one chunk of 1 MiB (or one row of all bands, if longer)
    in flight    (2 workers + 2) × (samples and tensor of a tile) + workers × activations of a tile
    product      rows of one core × width; of objects, those that the last tiles may still join

Where the halo is exact, every pixel equals that of `edgers run` on the same samples. A graph
without a bound has tiles of one height from the first row on, which overlap as the contract says;
each pixel is taken from one tile, never mixed of two. What it says hangs on where tiles lie, and
does not equal what `edgers run` gives. So it is with detectors that see less near the edge of a
tile. Tables have the tiles of `edgers run`, and equal its.

A run of a strip always begins anew: a file is read again from its first row.
"""

import json
import time
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path

from edgers.contract.scaling import looks_at_scene
from edgers.errors import ContractError
from edgers.pipeline.ending import ending_on_signals
from edgers.pipeline.flow import Flow, Stage
from edgers.pipeline.kept_input import kept_input
from edgers.pipeline.made_with import made_with
from edgers.pipeline.model import Model, check_one_image
from edgers.pipeline.options import RunOptions
from edgers.pipeline.plan import (
    DEFAULT_OVERLAP_SHARE,
    plan_tiles,
    row_tile_px,
    trained_px,
    with_overlap,
)
from edgers.pipeline.preprocess import ScenePreprocessor
from edgers.pipeline.strip_maker import Sink, StripAnswer, StripMaker, StripOrder, StripProducts
from edgers.pipeline.strip_makers import STRIP_MAKERS
from edgers.pipeline.strip_report import StripReport
from edgers.pipeline.strip_work import StripWork
from edgers.pipeline.text import prompts
from edgers.products.tally import Tally
from edgers.scene.one_image import OneImage
from edgers.scene.place import Place
from edgers.scene.pushbroom import Samples, Strip, StripSource
from edgers.scene.raster import SceneWindow
from edgers.scene.row_ring import RowRing
from edgers.scene.strip_place import strip_place
from edgers.tasks.kinds import kind_of
from edgers.tiling.axis_tiles import AxisPlan, plan_axis
from edgers.tiling.even_rows import EvenRows
from edgers.tiling.grid import default_tile_px
from edgers.tiling.halo import Halo
from edgers.tiling.row_stream import RowStream

OnRows = Callable[[int, int], None]
"""Listener: told the rows that arrived and the rows written, each time rows were written."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StripOptions:
    """What the user may choose for a strip."""

    tile_px: int | None = None
    """Longest side of a tile; None for the contract's, else a default."""
    rows_px: int | None = None
    """Most rows of a tile, which is the lag; None for `tile_px`."""
    renamed: Mapping[str, str] = field(default_factory=dict)
    """Strip band name or number by model band name."""
    name: str | None = None
    """Name of the strip; None for that of its file or header."""
    workers: int = field(default_factory=lambda: RunOptions().workers)
    """Tiles inferred at once."""


def run_strip(
    model: Model, where: StripSource, folder: Path, options: StripOptions | None = None, *,
    sink: Sink | None = None, on_rows: OnRows | None = None,
) -> StripReport:  # fmt: skip
    """Run `model` over the rows of a strip until it ends, and write the growing product.

    What is made goes to `folder` at once, and the main product, as it is stored, to `sink`. In the
    main thread SIGINT, SIGTERM and SIGHUP end the strip cleanly; a second signal stops the run, and
    what is whole stays. Raises ContractError, SceneError, TilingError or OutputError; without a row
    made, with nothing written.
    """
    options, begin = options or StripOptions(), time.perf_counter()
    check_one_image(model, "A strip")
    _check_scaling(model)
    # Signals come first: one between the making of files and their handler would leave these.
    with (
        Strip(where, model.source, options.renamed) as strip,
        ending_on_signals(strip.stop),
    ):
        stream, columns = _tiles(model, strip.header.samples, options)
        seen = strip_place(strip.header.samples, strip.header.map_fields)
        image = OneImage(
            model.source, strip.bands, strip.is_scaled, strip.header.data_type, seen, _never_read
        )
        name, kept = options.name or strip.name, kept_input(model, image)
        order = StripOrder(
            model=model, folder=folder, name=f"{name}_{model.slug}",
            description=f"{name}, {model.bundle.contract.name}, bundle {model.bundle.bundle_id}",
            rows=stream.place, columns=columns, seen=seen,
            place=_product_place(seen, stream.place, columns),
            map_fields=_map_fields(strip, stream.place, columns), kept=kept, sink=sink,
        )  # fmt: skip
        with closing(STRIP_MAKERS[kind_of(model.output)](order)) as maker:
            work = StripWork(
                strip=strip,
                image=image,
                stream=stream,
                columns=columns,
                ring=RowRing(
                    bands=len(strip.bands), rows=stream.lag_px, width_px=strip.header.samples,
                    data_type=strip.header.data_type,
                ),
                prepare=ScenePreprocessor(model.inputs, image, model.kernels),
                model=model,
                maker=maker,
                preview_bands=(),
                kept=kept,
                beside=prompts(model, ()),
            )  # fmt: skip
            stages, count = work.stages(options.workers), _Count()
            _fill(work, stages, options, maker, count, stream.step_px, on_rows)
            maker.finish(work.ring.count, count.rows)
            report = replace(
                _report(work, stream, count, maker, name), wall_s=time.perf_counter() - begin,
                stage_s={stage.name: stage.busy_s for stage in stages},
            )  # fmt: skip
            return _told(report, maker)


@dataclass(slots=True, kw_only=True)
class _Count:
    """What is counted of tiles whatever they answer."""

    tiles: int = 0
    """Tiles made."""
    rows: int = 0
    """Output rows of whole rows of tiles."""
    tally: Tally = field(default_factory=lambda: Tally(total_px=0))
    """Pixels."""

    def add(self, answer: StripAnswer, last: int) -> bool:
        """Count a tile; tell whether its row of tiles, which ends with number `last`, is whole."""
        self.tiles += 1
        self.tally.count(answer.record)
        height, width = answer.tile.core_shape
        self.tally.total_px += height * width
        if answer.tile.column != last:
            return False
        self.rows = answer.tile.rows.core_stop
        return True


def _never_read(row: int, column: int, height: int, width: int) -> SceneWindow:
    """Stand for the reading of a strip: its rows come by themselves."""
    raise AssertionError(f"rows {row} to {row + height}, {width} px from {column}")


def _told(report: StripReport, maker: StripProducts) -> StripReport:
    """Write the summary, which vouches for the finished strip, and list it."""
    summary = maker.files[0].with_suffix(".json")
    report = replace(report, products=(*maker.files, summary))
    maker.tell(json.dumps(report.document(), indent=2) + "\n")
    return report


def _check_scaling(model: Model) -> None:
    """Refuse models that must see the whole strip before its first row."""
    if looks_at_scene(model.source.scaling):
        raise ContractError(
            f"model {model.bundle.contract.name!r} takes percentiles of the whole scene.",
            rule="A strip is run while its rows arrive.",
            fix="Run the finished file with 'edgers run', or state fixed numbers in the contract.",
        )


def _tiles(
    model: Model, width_px: int, options: StripOptions
) -> tuple[RowStream | EvenRows, AxisPlan]:
    """Choose the tiles along the height and along the width."""
    if kind_of(model.output) == "rows":
        return _even_tiles(model, width_px, options)
    halo, tile_px = _halo_and_tile(model, options)
    rows_px = model.largest_tile_px(options.rows_px or tile_px)
    return RowStream(halo.height, rows_px), plan_axis(width_px, tile_px, halo.width)


def _even_tiles(model: Model, width_px: int, options: StripOptions) -> tuple[EvenRows, AxisPlan]:
    """Choose tiles that are answered for as a whole: those of a scene."""
    halo, side = model.bundle.halo, options.tile_px
    chosen = RunOptions(tile_px=side)
    # As long as wide: no tile hangs on the length but the last.
    plan = plan_tiles(model, width_px, width_px, chosen)
    tile_px, overlap_px = row_tile_px(model, chosen)
    rows_px = options.rows_px or tile_px
    return EvenRows(rows_px, overlap_px, halo.height), plan.columns


def _product_place(seen: Place, rows: AxisPlan, columns: AxisPlan) -> Place:
    """Place product pixels, which may be coarser than the strip's, or begin later."""
    return seen.subgrid(
        float(columns.origin_px), float(rows.origin_px), float(columns.stride),
        float(rows.stride), seen.height_px, columns.output_px,
    )  # fmt: skip


def _halo_and_tile(model: Model, options: StripOptions) -> tuple[Halo, int]:
    """Choose the tile side as for a scene; a graph without a bound gets its stated overlap."""
    halo, source = model.bundle.halo, model.source
    fixed_px = halo.height.fixed_px
    asked_px = fixed_px or options.tile_px or source.tile_px
    if halo.is_exact:
        return halo, model.largest_tile_px(asked_px or default_tile_px(halo))
    tile_px = model.largest_tile_px(asked_px or trained_px(source) or default_tile_px(halo))
    shortest_px = min(tile_px, fixed_px or options.rows_px or tile_px)
    overlap_px = source.overlap_px
    if overlap_px is None:
        overlap_px = shortest_px // DEFAULT_OVERLAP_SHARE
    return with_overlap(halo, overlap_px), tile_px


def _map_fields(strip: Strip, rows: AxisPlan, columns: AxisPlan) -> Mapping[str, str]:
    """Give the header's fields of place where product pixels are those of the strip."""
    if any(plan.stride != 1 or plan.origin_px != 0 for plan in (rows, columns)):
        return {}
    return strip.header.map_fields


def _fill(
    work: StripWork, stages: list[Stage], options: StripOptions, maker: StripMaker,
    count: _Count, ahead_px: int, on_rows: OnRows | None,
) -> None:  # fmt: skip
    """Send every tile through the stages and into the products."""
    # A flow without stages reads ahead: a thread of its own, and a bounded number of rows.
    ahead: Flow[Samples] = Flow(work.strip.rows(), [], limit=ahead_px)
    last = len(work.columns.tiles) - 1
    with closing(ahead.results()) as rows:
        flow: Flow[StripAnswer] = Flow(work.tiles(rows), stages, limit=2 * options.workers + 2)
        with closing(flow.results()) as answers:
            try:
                for answer in answers:
                    maker.add(answer)
                    if count.add(answer, last) and on_rows is not None:
                        on_rows(work.ring.count, count.rows)
            except BaseException:
                # The thread that waits for rows must wake before the flows can end.
                work.strip.stop()
                raise


def _report(
    work: StripWork, stream: RowStream | EvenRows, count: _Count, maker: StripProducts, name: str
) -> StripReport:
    """Sum up a strip that has ended."""
    strip, model, tally = work.strip, work.model, count.tally
    return StripReport(
        strip=name,
        ended_by=strip.ended_by,
        rows_in=work.ring.count,
        width_px=strip.header.samples,
        rows_out=count.rows,
        tiles=count.tiles,
        skipped_tiles=tally.skipped_tiles,
        nodata_share=tally.nodata_share,
        not_finite_px=tally.not_finite_px,
        dropped_bytes=strip.dropped_bytes,
        missing_rows=max(0, (strip.expected_rows or 0) - work.ring.count),
        found=maker.found,
        tile_rows_px=stream.window_px,
        lag_px=stream.lag_px,
        ring_bytes=work.ring.size_bytes,
        provenance={
            **made_with(model),
            "halo": model.bundle.halo.reason(),
            **model.fallback,
        },
        wall_s=0.0,
        stage_s={},
    )
