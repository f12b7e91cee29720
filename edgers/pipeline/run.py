"""Running a model over one scene: the whole data path."""

import math
import time
from collections.abc import Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass, replace
from pathlib import Path

from edgers.contract.program import CascadeRule
from edgers.pipeline.answer import Answer
from edgers.pipeline.empty import refuse_empty
from edgers.pipeline.flow import Flow, Stage
from edgers.pipeline.input_watch import InputWatch
from edgers.pipeline.kept_input import kept_input
from edgers.pipeline.ledger import Ledger, earlier_cuts
from edgers.pipeline.made_with import made_with
from edgers.pipeline.maker import Order
from edgers.pipeline.makers import making_of, product_names
from edgers.pipeline.memory import FINISH_CACHE_BYTES, peak_bytes, plan_run
from edgers.pipeline.model import Model
from edgers.pipeline.mosaic import Mosaic
from edgers.pipeline.options import RunOptions
from edgers.pipeline.placing import product_places
from edgers.pipeline.plan import open_scene, plan_scene
from edgers.pipeline.preprocess import ScenePreprocessor
from edgers.pipeline.progress import Progress, Silent
from edgers.pipeline.raw_kernels import preprocesses
from edgers.pipeline.report import SceneReport
from edgers.pipeline.scene_clusters import fitted_to_scene
from edgers.pipeline.text import prompts, questions_of
from edgers.pipeline.tile_work import TileWork, preview_bands
from edgers.pipeline.warmup import warm_up_run
from edgers.pipeline.work_kept import kept_for_later
from edgers.products.ending import Ending
from edgers.products.places import Places
from edgers.products.work_folder import LEDGER, WorkFolder, work_path
from edgers.programs.facts import program_facts
from edgers.scene.block_cache import cache_bytes, set_cache
from edgers.scene.open import environment
from edgers.scene.scene import Scene
from edgers.tiling.grid import Grid
from edgers.vector_swap import swapped_from


def run_scene(
    model: Model, scene: Path | None, folder: Path, options: RunOptions | None = None,
    progress: Progress | None = None,
) -> SceneReport:  # fmt: skip
    """Run `model` over `scene`, a file or folder, and put the products into `folder`.

    `scene` fills every input that the options do not name; None where they name all.

    Products appear together, when all are whole. A run that was killed, interrupted or met a full
    disk goes on when it is called again. Raises SceneError, TilingError, MemoryPlanError or
    OutputError with nothing written under a product's name.
    """
    options, progress = options or RunOptions(), progress or Silent()
    with environment(), open_scene(model, scene, options) as opened:
        # What a machine compiles once is no part of how long this scene takes.
        warm_up_run(model, opened)
        begin = time.perf_counter()
        name = f"{options.called or opened.name}_{model.slug}"
        if options.max_memory_bytes is None:
            grid = plan_scene(model, opened, options)
        else:
            cuts = None if options.restart else earlier_cuts(work_path(folder, name) / LEDGER)
            plan = plan_run(model, opened, options, cuts)
            options, grid = plan.options, plan.grid
        products = product_names(model, options, name).values()
        places = product_places(opened, grid, options.warp)
        with WorkFolder(folder, name, products) as work, kept_for_later(work):
            called = options.called or (opened.files[0] if scene is None else scene).name
            run = _Run(model=model, scene=opened, grid=grid, options=options, name=called)
            report = run.make(work, name, places, progress)
    return replace(report, wall_s=time.perf_counter() - begin)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Run:
    """A run over one scene."""

    model: Model
    """Network."""
    scene: Scene
    """What is looked at."""
    grid: Grid
    """Its tiles."""
    options: RunOptions
    """What the user chose."""
    name: str
    """What the user calls the scene."""

    def make(self, work: WorkFolder, name: str, places: Places, progress: Progress) -> SceneReport:
        """Make the products `name` in `work` and move them into place."""
        scene, grid, options = self.scene, self.grid, self.options
        if options.restart:
            work.clear()
        set_cache(options.cache_bytes or cache_bytes(scene.used, grid))
        picture = preview_bands(self.model.source, scene.first.bands)
        with ExitStack() as opened:
            ledger = opened.enter_context(Ledger(work.path(LEDGER), self._identity()))
            watch = opened.enter_context(InputWatch(scene.files, ledger))
            model, fitted = fitted_to_scene(self.model, scene, grid, options, ledger)
            order = Order(
                model=model, scene=scene, grid=grid, options=options, work=work, name=name,
                places=places, preview_bands=picture,
            )  # fmt: skip
            maker = opened.enter_context(closing(making_of(model).make(order)))
            tiles = TileWork(
                scene=scene,
                grid=grid,
                prepare=ScenePreprocessor(model.inputs, scene, model.kernels),
                model=model,
                maker=maker,
                preview_bands=picture,
                kept=kept_input(model, scene),
                beside=prompts(model, options.ask),
            )
            stages = tiles.stages(options.workers)
            mosaic = Mosaic(maker=maker, tiles=len(grid), ledger=ledger)
            todo = mosaic.todo()
            self._fill(mosaic, todo, stages, progress)
            refuse_empty(model, maker.tally, len(grid), f"scene {self.name}")
            set_cache(FINISH_CACHE_BYTES)
            provenance = {**self._provenance(watch.sha256(), len(mosaic.gated)), **fitted}
            ending = Ending(time=scene.time, provenance=provenance, span=scene.span)
            products, tally = maker.finish(ending), maker.tally
        return SceneReport(
            scene=self.name,
            height_px=scene.own_place.height_px,
            width_px=scene.own_place.width_px,
            run_px=(grid.rows.size_px, grid.columns.size_px),
            tiles=len(grid),
            reused_tiles=len(grid) - len(todo),
            skipped_tiles=tally.skipped_tiles,
            nodata_share=tally.nodata_share,
            not_finite_px=tally.not_finite_px,
            found=maker.found,
            products=tuple(products),
            gated_tiles=len(mosaic.gated),
            wall_s=0.0,
            peak_bytes=peak_bytes(),
            stage_s={stage.name: stage.busy_s for stage in stages},
            fallback=model.passed_over,
        )

    def _fill(
        self, mosaic: Mosaic, todo: Sequence[int], stages: list[Stage], progress: Progress
    ) -> None:
        """Send every tile that is left through the stages and into the product."""
        grid = self.grid
        total_mp = grid.rows.size_px * grid.columns.size_px / 1e6
        whole_px = math.prod(grid.output_shape)
        progress.start(self.name, len(todo), total_mp)
        try:
            source = (grid.tile(index) for index in todo)
            flow: Flow[Answer] = Flow(source, stages, limit=self.options.in_flight)
            with closing(flow.results()) as answers:
                for answer in answers:
                    mosaic.add(answer)
                    progress.advance(total_mp * math.prod(answer.tile.core_shape) / whole_px)
        finally:
            progress.finish()

    def _identity(self) -> dict[str, object]:
        """Say what run this is: with all of it equal, products are equal to the last byte."""
        grid, options = self.grid, self.options
        return {
            **self._facts(),
            "input": [[path.name, path.stat().st_size] for path in self.scene.files],
            "size_px": [grid.rows.size_px, grid.columns.size_px],
            "tiles": [len(grid.rows.tiles), len(grid.columns.tiles)],
            "overlap_px": grid.overlap_px,
            "cuts": grid.cuts,
            "order": grid.order,
            "probabilities": options.probabilities,
            "alert": options.alert,
            "warp": options.warp,
            "cube": options.cube,
            "map": dict(options.renamed),
        }

    def _facts(self) -> dict[str, object]:
        """Say what a product is made with."""
        model, grid = self.model, self.grid
        halo = model.bundle.halo
        inputs = self.scene.listing
        has_parts = len(inputs) > 1 or self.scene.dates
        asked = questions_of(model, self.options.ask)
        return {
            **made_with(model),
            "scene": self.name,
            "tile_px": grid.tile_px,
            "halo": halo.reason(),
            "blend": grid.weights.rule if grid.weights else "trim",
            **program_facts(model.bundle.contract),
            **({"asked": list(asked)} if asked else {}),
            **({"swapped_from": source} if (source := swapped_from(model.bundle)) else {}),
            **({"inputs": inputs} if has_parts else {}),
            **({"kept": list(self.options.kept)} if self.options.kept else {}),
            **({"preprocessing": "gpu"} if preprocesses(model.kernels, self.scene) else {}),
        }

    def _provenance(self, scene_sha256: str, gated_tiles: int) -> dict[str, object]:
        """Say what made a product, so that it can be made again."""
        is_cascade = isinstance(self.model.bundle.contract.program, CascadeRule)
        gated: dict[str, object] = {"gated_tiles": gated_tiles} if is_cascade else {}
        return {**self._facts(), **gated, **self.model.fallback, "scene_sha256": scene_sha256}
