"""Running a model over one scene: the whole data path."""

import contextlib
import math
import re
import time
import zlib
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

import edgers
from edgers.errors import EngineError, OutputError, SceneError
from edgers.pipeline.flow import Flow, Stage
from edgers.pipeline.input_watch import InputWatch
from edgers.pipeline.ledger import Ledger
from edgers.pipeline.memory import FINISH_CACHE_BYTES, peak_bytes, plan_run
from edgers.pipeline.model import Model
from edgers.pipeline.mosaic import Mosaic
from edgers.pipeline.options import RunOptions
from edgers.pipeline.plan import plan_scene, score_channels
from edgers.pipeline.preprocess import Preprocessor
from edgers.pipeline.progress import Progress, Silent
from edgers.pipeline.report import SceneReport
from edgers.pipeline.seams import Seams
from edgers.pipeline.tile_work import Answer, TileWork, preview_bands
from edgers.products.class_map import ClassMap, product_names
from edgers.products.stac import acquisition_time
from edgers.products.work_folder import LEDGER, WorkFolder
from edgers.scene.block_cache import cache_bytes, set_cache
from edgers.scene.folder import scene_name
from edgers.scene.open import environment
from edgers.scene.place import Place
from edgers.scene.raster import Raster
from edgers.tasks.segmentation import SegmentationDecoder
from edgers.tiling.grid import Grid


def run_scene(
    model: Model, scene: Path, folder: Path, options: RunOptions | None = None,
    progress: Progress | None = None,
) -> SceneReport:  # fmt: skip
    """Run `model` over the raster `scene` and put the products into `folder`.

    Products appear together, when all are whole. A run that was killed, interrupted or met a full
    disk goes on when it is called again. Raises SceneError, TilingError, MemoryPlanError or
    OutputError with nothing written under a product's name.
    """
    options, progress = options or RunOptions(), progress or Silent()
    begin = time.perf_counter()
    with environment(), Raster(scene, model.source, options.renamed) as raster:
        if options.max_memory_bytes is None:
            grid = plan_scene(model, raster, options)
        else:
            plan = plan_run(model, raster, options)
            options, grid = plan.options, plan.grid
        name = f"{scene_name(scene)}_{slug(model.bundle.contract.name)}"
        products = product_names(name, probabilities=options.probabilities).values()
        with WorkFolder(folder, name, products) as work, _kept_for_later(work):
            run = _Run(model=model, raster=raster, grid=grid, options=options, scene=scene.name)
            report = run.make(work, name, progress)
    return replace(report, wall_s=time.perf_counter() - begin)


@contextlib.contextmanager
def _kept_for_later(work: WorkFolder) -> Iterator[None]:
    """Keep the work folder where the same command can go on with it; else remove it."""
    try:
        yield
    except (KeyboardInterrupt, SystemExit, OutputError, MemoryError):
        raise
    except BaseException:
        work.discard()
        raise
    work.discard()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Run:
    """A run over one scene."""

    model: Model
    """Network."""
    raster: Raster
    """Scene."""
    grid: Grid
    """Its tiles."""
    options: RunOptions
    """What the user chose."""
    scene: str
    """File name of the scene."""

    def make(self, work: WorkFolder, name: str, progress: Progress) -> SceneReport:
        """Make the products `name` in `work` and move them into place."""
        model, raster, grid, options = self.model, self.raster, self.grid, self.options
        if options.restart:
            work.clear()
        set_cache(options.cache_bytes or cache_bytes(raster.used, grid))
        decoder = SegmentationDecoder(model.output, with_probabilities=options.probabilities)
        picture = preview_bands(model.source, raster.bands)
        with (
            Ledger(work.path(LEDGER), self._identity()) as ledger,
            InputWatch(raster.files, ledger) as watch,
            ClassMap(
                work, name=name, place=_product_place(raster, grid), output=model.output,
                data_type=decoder.data_type, preview_bands=len(picture),
                probabilities=options.probabilities,
            ) as class_map,
        ):  # fmt: skip
            tiles = TileWork(
                raster=raster,
                grid=grid,
                prepare=Preprocessor(model.source, raster.bands, raster.is_scaled),
                model=model,
                decoder=decoder,
                class_map=class_map,
                seams=self._seams(work),
                preview_bands=picture,
            )
            stages = tiles.stages(options.workers)
            mosaic = Mosaic(work=tiles, ledger=ledger)
            todo = mosaic.todo()
            self._fill(mosaic, todo, stages, progress)
            self._refuse_empty(class_map)
            set_cache(FINISH_CACHE_BYTES)
            products = class_map.finish(
                time=acquisition_time(raster.files[0], raster.tags),
                provenance=self._provenance(watch.sha256()),
            )
        return SceneReport(
            scene=self.scene,
            height_px=grid.rows.size_px,
            width_px=grid.columns.size_px,
            tiles=len(grid),
            reused_tiles=len(grid) - len(todo),
            skipped_tiles=class_map.skipped_tiles,
            nodata_share=class_map.nodata_share,
            not_finite_px=class_map.not_finite_px,
            classes=class_map.areas(),
            products=tuple(products),
            wall_s=0.0,
            peak_bytes=peak_bytes(),
            stage_s={stage.name: stage.busy_s for stage in stages},
        )

    def _fill(
        self, mosaic: Mosaic, todo: Sequence[int], stages: list[Stage], progress: Progress
    ) -> None:
        """Send every tile that is left through the stages and into the product."""
        grid = self.grid
        total_mp = grid.rows.size_px * grid.columns.size_px / 1e6
        whole_px = math.prod(grid.output_shape)
        progress.start(self.scene, len(todo), total_mp)
        try:
            source = (grid.tile(index) for index in todo)
            flow: Flow[Answer] = Flow(source, stages, limit=self.options.in_flight)
            with closing(flow.results()) as answers:
                for answer in answers:
                    mosaic.add(answer)
                    progress.advance(total_mp * math.prod(answer.tile.core_shape) / whole_px)
        finally:
            progress.finish()

    def _seams(self, work: WorkFolder) -> Seams | None:
        """Prepare for mixing tiles, where the grid asks for it."""
        weights = self.grid.weights
        if weights is None:
            return None
        return Seams(self.grid, weights, score_channels(self.model), work.path(""))

    def _refuse_empty(self, class_map: ClassMap) -> None:
        """Raise where not one pixel of the product has a class."""
        if class_map.nodata_share < 1.0:
            return
        if class_map.not_finite_px:
            raise EngineError(
                f"the network gave NaN or infinity on every pixel of {self.scene} that has data.",
                seen=f"There are {class_map.not_finite_px} such pixels.",
                fix="Check the contract's scaling: a wrong unit overflows the network.",
            )
        raise SceneError(
            f"scene {self.scene} has no data.",
            seen="All its pixels are nodata.",
            rule=f"A pixel is nodata when {self.model.source.nodata.pixel} of its bands "
            "are missing.",
        )

    def _identity(self) -> dict[str, object]:
        """Say what run this is: with all of it equal, products are equal to the last byte."""
        grid, options = self.grid, self.options
        return {
            **self._facts(),
            "input": [[path.name, path.stat().st_size] for path in self.raster.files],
            "size_px": [grid.rows.size_px, grid.columns.size_px],
            "tiles": [len(grid.rows.tiles), len(grid.columns.tiles)],
            "overlap_px": grid.overlap_px,
            "cuts": zlib.crc32(repr((grid.rows, grid.columns)).encode()),
            "order": grid.order,
            "probabilities": options.probabilities,
            "map": dict(options.renamed),
        }

    def _facts(self) -> dict[str, object]:
        """Say what a product is made with."""
        model, grid = self.model, self.grid
        halo = model.bundle.halo
        return {
            "version": edgers.__version__,
            "model": model.bundle.contract.name,
            "bundle_id": model.bundle.bundle_id,
            "engine": f"{model.engine.info.name} {model.engine.info.version}",
            "precision": model.choice.precision,
            "scene": self.scene,
            "tile_px": grid.tile_px,
            "halo": halo.reason(),
            "blend": grid.weights.rule if grid.weights else "trim",
        }

    def _provenance(self, scene_sha256: str) -> dict[str, object]:
        """Say what made a product, so that it can be made again."""
        return {**self._facts(), "scene_sha256": scene_sha256}


def _product_place(raster: Raster, grid: Grid) -> Place:
    """Place the product: its pixels may be coarser than the scene's, or begin later."""
    height, width = grid.output_shape
    return raster.place.subgrid(
        float(grid.columns.origin_px), float(grid.rows.origin_px), float(grid.columns.stride),
        float(grid.rows.stride), height, width,
    )  # fmt: skip


def slug(name: str) -> str:
    """Write a model name in characters that any file system takes."""
    return re.sub(r"[^0-9A-Za-z.]+", "-", name).strip("-.").lower() or "model"
