"""Running a model over rows as they arrive: finished product rows leave while the strip goes on.

    rows ─► read ahead ─► ring of the last rows ─► tiles ─► preprocess ─► infer ─► product rows

A row of tiles begins as soon as its window has arrived, so a product row leaves at most one tile
height after the first row under it. Memory does not grow with the strip:

    ring         tile rows × width × bands of the model × bytes a sample
    read ahead   at most as much again, and one chunk of 1 MiB (or one row of all bands, if longer)
    in flight    (2 workers + 2) × (samples and tensor of a tile) + workers × activations of a tile
    product      rows of one core × width

Where the halo is exact, every pixel equals that of `edgers run` on the same samples. A graph
without a bound has tiles of one height from the first row on, which overlap as the contract says;
each pixel is taken from one tile, never mixed of two. Its pixels hang on where tiles lie, and do
not equal those of `edgers run`.

A run of a strip always begins anew: a file is read again from its first row.
"""

import time
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path

import edgers
from edgers.contract.scaling import looks_at_scene
from edgers.errors import ContractError
from edgers.pipeline.ending import ending_on_signals
from edgers.pipeline.flow import Flow, Stage
from edgers.pipeline.model import Model, check_one_image, slug
from edgers.pipeline.options import RunOptions
from edgers.pipeline.plan import DEFAULT_OVERLAP_SHARE, trained_px, with_overlap
from edgers.pipeline.preprocess import Preprocessor
from edgers.pipeline.row_writer import RowWriter, Sink, Tally
from edgers.pipeline.strip_report import StripReport
from edgers.pipeline.strip_work import StripBlock, StripWork
from edgers.products.row_map import RowMap
from edgers.scene.pushbroom import Samples, Strip, StripSource
from edgers.scene.row_ring import RowRing
from edgers.tasks.segmentation import SegmentationDecoder
from edgers.tiling.axis_tiles import plan_axis
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

    Rows go to `folder`, and to `sink` as raw class values, as they are made. In the main thread
    SIGINT, SIGTERM and SIGHUP end the strip cleanly; a second signal stops the run, and whole rows
    stay. Raises SceneError, TilingError, MemoryPlanError or OutputError; without a row made, with
    nothing written.
    """
    options, begin = options or StripOptions(), time.perf_counter()
    check_one_image(model, "A strip")
    _check_scaling(model)
    # Signals come first: one between the making of files and their handler would leave these.
    with (
        Strip(where, model.source, options.renamed) as strip,
        ending_on_signals(strip.stop),
    ):
        halo, tile_px = _halo_and_tile(model, options)
        rows_px = model.largest_tile_px(options.rows_px or tile_px)
        stream = RowStream(halo.height, rows_px)
        work = StripWork(
            strip=strip,
            stream=stream,
            columns=plan_axis(strip.header.samples, tile_px, halo.width),
            ring=RowRing(
                bands=len(strip.bands), rows=stream.lag_px, width_px=strip.header.samples,
                data_type=strip.header.data_type,
            ),
            prepare=Preprocessor(model.source, strip.bands, strip.is_scaled),
            model=model,
            decoder=SegmentationDecoder(model.output, with_probabilities=False),
        )  # fmt: skip
        name = options.name or strip.name
        with RowMap(
            folder, f"{name}_{slug(model.bundle.contract.name)}",
            width_px=work.columns.output_px, data_type=work.decoder.data_type,
            classes=model.output.shown_classes, map_fields=_map_fields(work),
            description=f"{name}, {model.bundle.contract.name}, bundle {model.bundle.bundle_id}",
        ) as product:  # fmt: skip
            stages, tally = work.stages(options.workers), Tally(model.output.shown_classes)
            _fill(work, stages, options, RowWriter(product, tally, sink), on_rows)
            report = _report(work, tally, product.rows, name)
            report = replace(
                report, wall_s=time.perf_counter() - begin,
                stage_s={stage.name: stage.busy_s for stage in stages},
            )  # fmt: skip
            return replace(report, products=tuple(product.finish(report.document())))


def _check_scaling(model: Model) -> None:
    """Refuse models that must see the whole strip before its first row."""
    if looks_at_scene(model.source.scaling):
        raise ContractError(
            f"model {model.bundle.contract.name!r} takes percentiles of the whole scene.",
            rule="A strip is run while its rows arrive.",
            fix="Run the finished file with 'edgers run', or state fixed numbers in the contract.",
        )


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


def _map_fields(work: StripWork) -> Mapping[str, str]:
    """Give the header's fields of place where product pixels are those of the strip."""
    for plan in (work.stream.place, work.columns):
        if plan.stride != 1 or plan.origin_px != 0:
            return {}
    return work.strip.header.map_fields


def _fill(
    work: StripWork, stages: list[Stage], options: StripOptions, writer: RowWriter,
    on_rows: OnRows | None,
) -> None:  # fmt: skip
    """Send every tile through the stages and into the product."""
    # A flow without stages reads ahead: a thread of its own, and a bounded number of rows.
    ahead: Flow[Samples] = Flow(work.strip.rows(), [], limit=work.stream.step_px)
    with closing(ahead.results()) as rows:
        flow: Flow[StripBlock] = Flow(work.tiles(rows), stages, limit=2 * options.workers + 2)
        with closing(flow.results()) as blocks:
            try:
                for block in blocks:
                    if writer.add(block) and on_rows is not None:
                        on_rows(work.ring.count, writer.rows)
            except BaseException:
                # The thread that waits for rows must wake before the flows can end.
                work.strip.stop()
                raise


def _report(work: StripWork, tally: Tally, rows: int, name: str) -> StripReport:
    """Sum up a strip that has ended."""
    strip, model = work.strip, work.model
    return StripReport(
        strip=name,
        ended_by=strip.ended_by,
        rows_in=work.ring.count,
        width_px=strip.header.samples,
        rows_out=rows,
        tiles=tally.tiles,
        skipped_tiles=tally.skipped_tiles,
        nodata_share=tally.nodata_px / tally.total_px,
        not_finite_px=tally.not_finite_px,
        dropped_bytes=strip.dropped_bytes,
        missing_rows=max(0, (strip.expected_rows or 0) - work.ring.count),
        classes=tally.classes(),
        tile_rows_px=work.stream.window_px,
        lag_px=work.stream.lag_px,
        ring_bytes=work.ring.size_bytes,
        provenance={
            "version": edgers.__version__,
            "model": model.bundle.contract.name,
            "bundle_id": model.bundle.bundle_id,
            "engine": f"{model.engine.info.name} {model.engine.info.version}",
            "precision": model.choice.precision,
            "halo": model.bundle.halo.reason(),
            **model.fallback,
        },
        wall_s=0.0,
        stage_s={},
    )
