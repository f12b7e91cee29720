"""Running a model over one scene: the whole data path."""

import hashlib
import os
import re
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path

from affine import Affine

import edgers
from edgers.contract import ModelInput
from edgers.errors import EngineError, SceneError
from edgers.pipeline.flow import Flow, Stage
from edgers.pipeline.model import Model
from edgers.pipeline.preprocess import Preprocessor
from edgers.pipeline.progress import Progress, Silent
from edgers.pipeline.report import SceneReport
from edgers.pipeline.tile_work import TileWork
from edgers.products.class_map import Block, ClassMap
from edgers.products.cog import ProductGrid
from edgers.products.stac import acquisition_time
from edgers.products.staging import Staging
from edgers.scene.folder import scene_name
from edgers.scene.open import environment
from edgers.scene.raster import Raster
from edgers.tasks.segmentation import SegmentationDecoder
from edgers.tiling.grid import Grid, default_tile_px, plan_grid
from edgers.tiling.halo import Halo

MAX_WORKERS = 8
"""Most tiles inferred at once; each holds the activations of one tile."""

DEFAULT_OVERLAP_SHARE = 8
"""A graph without a bound gets a tile / 8 of overlap on each side when the contract states none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunOptions:
    """What the user may choose for a run."""

    tile_px: int | None = None
    """Longest side of a tile; None for the contract's, else a default."""
    renamed: Mapping[str, str] = field(default_factory=dict)
    """Scene band name or number by model band name."""
    probabilities: bool = False
    """Whether to write the probability of each class as well."""
    workers: int = field(default_factory=lambda: min(MAX_WORKERS, _cpu_count()))
    """Tiles inferred at once."""


def run_scene(
    model: Model, scene: Path, folder: Path, options: RunOptions | None = None,
    progress: Progress | None = None,
) -> SceneReport:  # fmt: skip
    """Run `model` over the raster `scene` and put the products into `folder`.

    Products appear together, when all are whole. Raises SceneError, TilingError or OutputError with
    nothing written.
    """
    options, progress = options or RunOptions(), progress or Silent()
    begin = time.perf_counter()
    with environment(), Raster(scene, model.source, options.renamed) as raster:
        grid = plan_scene(model, raster, options)
        with Staging(folder) as staging, ThreadPoolExecutor(1) as hasher:
            scene_sha256 = hasher.submit(scene_hash, raster.files)
            work = TileWork(
                raster=raster,
                grid=grid,
                prepare=Preprocessor(model.source, raster.bands, raster.is_scaled),
                model=model,
                decoder=SegmentationDecoder(model.output, with_probabilities=options.probabilities),
            )
            stages = work.stages(options.workers)
            with ClassMap(
                staging,
                name=f"{scene_name(scene)}_{slug(model.bundle.contract.name)}",
                grid=_product_grid(raster, grid),
                output=model.output,
                data_type=work.decoder.data_type,
                preview_bands=len(work.preview_bands),
                probabilities=options.probabilities,
            ) as class_map:
                _fill(class_map, grid, stages, options, progress, scene.name)
                _refuse_empty(class_map, scene.name, model.source.nodata.pixel)
                products = class_map.finish(
                    time=acquisition_time(raster.files[0], raster.tags),
                    provenance=_provenance(model, scene.name, scene_sha256.result(), grid),
                )
    return SceneReport(
        scene=scene.name,
        height_px=grid.rows.size_px,
        width_px=grid.columns.size_px,
        tiles=len(grid),
        skipped_tiles=class_map.skipped_tiles,
        nodata_share=class_map.nodata_share,
        not_finite_px=class_map.not_finite_px,
        classes=class_map.areas(),
        products=tuple(products),
        wall_s=time.perf_counter() - begin,
        stage_s={stage.name: stage.busy_s for stage in stages},
    )


def _refuse_empty(class_map: ClassMap, scene: str, rule: str) -> None:
    """Raise where not one pixel of the product has a class."""
    if class_map.nodata_share < 1.0:
        return
    if class_map.not_finite_px:
        raise EngineError(
            f"the network gave NaN or infinity on every pixel of {scene} that has data.",
            seen=f"There are {class_map.not_finite_px} such pixels.",
            fix="Check the contract's scaling: a wrong unit overflows the network.",
        )
    raise SceneError(
        f"scene {scene} has no data.",
        seen="All its pixels are nodata.",
        rule=f"A pixel is nodata when {rule} of its bands are missing.",
    )


def plan_scene(model: Model, raster: Raster, options: RunOptions) -> Grid:
    """Choose the tiles of a scene."""
    halo, source = model.bundle.halo, model.source
    asked_px = options.tile_px or source.tile_px
    if halo.is_exact:
        tile_px = asked_px or default_tile_px(halo)
    else:
        # What such a graph gives hangs on the tile: by default, the size it was trained on.
        tile_px = asked_px or _trained_px(source) or default_tile_px(halo)
        stated_px = source.overlap_px
        halo = _with_overlap(
            halo, tile_px // DEFAULT_OVERLAP_SHARE if stated_px is None else stated_px
        )
    return plan_grid(raster.height_px, raster.width_px, tile_px, halo)


def _trained_px(source: ModelInput) -> int | None:
    """Give the smaller image side that a contract states, or None where it takes any."""
    sides = [source.shape[source.dim_order.index(axis)] for axis in ("height", "width")]
    return min(sides) if min(sides) > 0 else None


def _with_overlap(halo: Halo, overlap_px: int) -> Halo:
    """Give a halo that reaches at least `overlap_px`."""
    height, width = (
        replace(
            axis,
            before_px=max(axis.before_px, overlap_px),
            after_px=max(axis.after_px, overlap_px),
        )
        for axis in (halo.height, halo.width)
    )
    return replace(halo, height=height, width=width)


def _fill(
    class_map: ClassMap, grid: Grid, stages: list[Stage], options: RunOptions,
    progress: Progress, scene: str,
) -> None:  # fmt: skip
    """Send every tile through the stages and into the product."""
    height, width = grid.output_shape
    total_mp = grid.rows.size_px * grid.columns.size_px / 1e6
    progress.start(scene, len(grid), total_mp)
    try:
        flow: Flow[Block] = Flow(grid, stages, limit=2 * options.workers + 2)
        with closing(flow.results()) as blocks:
            for block in blocks:
                class_map.add(block)
                progress.advance(total_mp * block.classes.size / (height * width))
    finally:
        progress.finish()


def _product_grid(raster: Raster, grid: Grid) -> ProductGrid:
    """Place the product on the scene's grid."""
    height, width = grid.output_shape
    moved = Affine.translation(float(grid.columns.origin_px), float(grid.rows.origin_px))
    scaled = Affine.scale(float(grid.columns.stride), float(grid.rows.stride))
    is_same = moved.is_identity and scaled.is_identity
    return ProductGrid(
        height_px=height,
        width_px=width,
        crs=raster.crs,
        transform=raster.transform @ moved @ scaled,
        gcps=raster.gcps if is_same else ([], None),
    )


def _provenance(model: Model, scene: str, scene_sha256: str, grid: Grid) -> dict[str, object]:
    """Say what made a product, so that it can be made again."""
    halo = model.bundle.halo
    return {
        "version": edgers.__version__,
        "model": model.bundle.contract.name,
        "bundle_id": model.bundle.bundle_id,
        "engine": f"{model.engine.info.name} {model.engine.info.version}",
        "precision": model.choice.precision,
        "scene": scene,
        "scene_sha256": scene_sha256,
        "tile_px": grid.tile_px,
        "halo": halo.reason(),
    }


def slug(name: str) -> str:
    """Write a model name in characters that any file system takes."""
    return re.sub(r"[^0-9A-Za-z.]+", "-", name).strip("-.").lower() or "model"


def scene_hash(paths: Sequence[Path]) -> str:
    """Give the SHA-256 of a file; of several, the SHA-256 over theirs in this order."""
    hashes = []
    for path in paths:
        digest = hashlib.sha256()
        with path.open("rb") as handle:
            while piece := handle.read(2**20):
                digest.update(piece)
        hashes.append(digest.hexdigest())
    return hashes[0] if len(hashes) == 1 else hashlib.sha256("".join(hashes).encode()).hexdigest()


def _cpu_count() -> int:
    """Count the processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
