"""The memory plan: what a run will take at its peak, known before it begins.

Nothing of the scene's size is ever held, so the peak is a sum of a few parts that can be told from
the tiles. What the engine takes for a tile is measured, by running one of zeros.
"""

import contextlib
import io
import math
import resource
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from edgers.bundle import GOLDEN_OUTPUT, golden_inputs
from edgers.errors import MemoryPlanError, TilingError
from edgers.pipeline.model import Model
from edgers.pipeline.options import RunOptions
from edgers.pipeline.plan import plan_scene, score_channels
from edgers.pipeline.scene_clusters import fitting_bytes
from edgers.pipeline.scene_scaling import looking_bytes
from edgers.pipeline.warmup import warm_up_run
from edgers.programs.proof import provable
from edgers.scene.block_cache import cache_bytes, decoding_bytes
from edgers.scene.scene import Scene
from edgers.tasks.kinds import kind_of
from edgers.tiling.axis_tiles import smallest_tile_px
from edgers.tiling.grid import Grid

FINISH_CACHE_BYTES = 16 * 2**20
"""GDAL block cache while products are made of drafts: a strip of blocks of 60 000 px. GDAL takes
several times this for overviews, and is no faster with more (bench/memory.py)."""

FINISH_BYTES = 88 * 2**20
"""What making the products takes: that cache, GDAL's strips, overviews and compression threads."""

HEAP_BYTES = 6 * 2**20
"""What the C library keeps of freed memory for each thread, about (bench/memory.py)."""

OTHER_THREADS = 4
"""Threads beside those that infer: feeding, reading, scaling and hashing."""

SHRINK = (1.0, 0.75, 0.5, 0.375, 0.25, 0.1875, 0.125, 0.0625)
"""Tile sides tried, as shares of the one that would be taken without a limit."""

SMALL_CACHE_BYTES = 16 * 2**20
"""A block cache that holds the blocks under a tile, not those under a row of tiles: blocks at the
borders of rows of tiles are then decoded once for each row."""

SMALL_CACHE_SPEED = 0.5
"""How much slower a run is taken to be when most blocks are decoded twice."""

PROBE_PX = 128
"""Tile side at which the engine's need is measured: what it takes grows with the area, and a small
tile leaves little behind."""

MARGIN = 1.1
"""A run is only begun under a limit this much above its plan: measured peaks were up to 10 % higher
(bench/memory.py)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MemoryPlan:
    """What each part of a run takes at its peak, in bytes."""

    process: int
    """Interpreter, libraries and the loaded graph, measured, and what the threads' heaps keep."""
    engine: int
    """Activations of the tiles inferred at once."""
    cache: int
    """Blocks of the scene, so that each is decoded once."""
    tiles: int
    """Tiles between reading and writing, and blocks of files that are decoded side by side."""
    seams: int
    """What waits to be mixed with later tiles."""
    finish: int
    """Making the products of the drafts, after the last tile."""

    @property
    def peak(self) -> int:
        """Give the most that is taken at any time."""
        return self.process + self.engine + max(self.cache + self.tiles + self.seams, self.finish)


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """What was measured of a loaded model."""

    process_bytes: int
    """What the process held before it inferred anything of size."""
    bytes_per_px: float
    """What the engine takes for each input pixel of a tile."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunPlan:
    """How a scene is run."""

    options: RunOptions
    """What the user chose, and what was chosen to keep the memory allowed."""
    grid: Grid
    """Tiles."""
    memory: MemoryPlan
    """What they take."""


def plan_run(model: Model, scene: Scene, options: RunOptions, cuts: int | None = None) -> RunPlan:
    """Choose tiles, and how many are worked on at once, so that the memory allowed is kept.

    `cuts` are those of an unfinished run: its tiles are taken again where they fit at all. Raises
    MemoryPlanError, with the smallest amount that would do, where nothing fits.
    """
    grid = plan_scene(model, scene, options)
    # What is compiled, or loaded, takes memory that lasts.
    warm_up_run(model, scene)
    need = measured_need(model, _probe_px(model, grid))
    choices = [(options, grid)]
    if options.max_memory_bytes is not None:
        choices = list(_choices(model, scene, options, grid))
    plans = [
        RunPlan(options=o, grid=g, memory=memory_plan(model, scene, g, o, need)) for o, g in choices
    ]
    limit = options.max_memory_bytes or sys.maxsize
    fitting = [p for p in plans if p.grid.cuts == cuts and p.memory.peak <= limit]
    fitting = fitting or [p for p in plans if MARGIN * p.memory.peak <= limit]
    if fitting:
        return max(fitting, key=_speed)
    least = min(plans, key=lambda plan: plan.memory.peak)
    raise MemoryPlanError(
        f"the run does not fit in {limit / 1e6:.0f} MB.",
        seen=f"With tiles of {least.grid.tile_px} px and {least.options.workers} at once it takes "
        f"{least.memory.peak / 1e6:.0f} MB, and a tenth is kept in reserve.",
        rule=f"{least.memory.process / 1e6:.0f} MB of them are the runtime and the model.",
        fix=f"Allow at least --max-memory {math.ceil(MARGIN * least.memory.peak / 1e6)}MB.",
    )


def memory_plan(
    model: Model, scene: Scene, grid: Grid, options: RunOptions, need: Need
) -> MemoryPlan:
    """Work out the peak for tiles of `grid`."""
    has_chances = options.probabilities or options.alert
    is_chosen = kind_of(model.output) == "classes" and not (grid.weights or has_chances)
    channels = 1 if is_chosen else _numbers_a_px(model)
    # The first reads in the thread that was there before.
    more_readers = scene.readers - 1
    threads = options.workers + OTHER_THREADS + more_readers
    return MemoryPlan(
        process=need.process_bytes + HEAP_BYTES * threads,
        engine=round(need.bytes_per_px * _largest_area(grid) * options.workers),
        cache=options.cache_bytes or cache_bytes(scene.used, grid),
        tiles=max(
            _tiles_bytes(model, scene, grid, options, channels) + fitting_bytes(model),
            looking_bytes(model.inputs, scene),
        )
        + (more_readers * decoding_bytes(scene.used) if more_readers else 0),
        seams=_seams_bytes(grid, channels),
        finish=FINISH_BYTES,
    )


def measured_need(model: Model, tile_px: int) -> Need:
    """Measure what the engine takes, by running a tile of zeros.

    Memory the engine holds already is not counted, so this is right for a model that was just
    loaded.
    """
    tensors = _zeros(model, tile_px)
    before = resident_bytes()
    # Zeros may not pass the gate of a cascade; its heavy graph is what takes memory.
    provable(model.engine).infer(tensors)
    grown = max(0, resident_bytes() - before)
    return Need(process_bytes=before, bytes_per_px=grown / tile_px**2)


def _zeros(model: Model, tile_px: int) -> dict[str, npt.NDArray[np.generic]]:
    """Give a tile of zeros for each input of a model."""
    tensors: dict[str, npt.NDArray[np.generic]] = {}
    for source in model.inputs:
        sides = {
            "batch": 1, "time": 1, "channel": len(source.bands), "height": tile_px,
            "width": tile_px,
        }  # fmt: skip
        shape = [
            size if size > 0 else sides[axis]
            for axis, size in zip(source.dim_order, source.shape, strict=True)
        ]
        tensors[source.name] = np.zeros(shape, source.data_type)
    return tensors


def resident_bytes() -> int:
    """Give the memory this process holds now; where the system does not say, the most it held."""
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
    except OSError:
        return peak_bytes()
    return pages * resource.getpagesize()


def peak_bytes() -> int:
    """Give the most memory this process ever held."""
    # getrusage also counts what the process was that started this one.
    with contextlib.suppress(OSError, StopIteration, ValueError, IndexError):
        lines = Path("/proc/self/status").read_text().splitlines()
        return int(next(line for line in lines if line.startswith("VmHWM:")).split()[1]) * 1024
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    # Kilobytes on Linux, bytes on macOS (getrusage(2) of each).
    return peak if sys.platform == "darwin" else peak * 1024


def _probe_px(model: Model, grid: Grid) -> int:
    """Give the side of the tile that is measured: one that the graph takes, and not a large one."""
    halo = model.bundle.halo.height
    if halo.fixed_px:
        return halo.fixed_px
    side = min(grid.tile_px, max(PROBE_PX, _least_px(model)))
    return next(s for s in range(side, side + 2 * halo.align_px) if halo.output_size(s))


def _least_px(model: Model) -> int:
    halo = model.bundle.halo
    return max(smallest_tile_px(halo.height), smallest_tile_px(halo.width))


def _choices(
    model: Model, scene: Scene, options: RunOptions, grid: Grid
) -> Iterator[tuple[RunOptions, Grid]]:
    """Give what may be chosen: smaller tiles where that changes no answer, fewer of them."""
    may_shrink = model.bundle.halo.is_exact and grid.weights is None and options.tile_px is None
    sides = [grid.tile_px]
    if may_shrink:
        sides = [max(_least_px(model), int(grid.tile_px * share)) for share in SHRINK]
    for tile_px in dict.fromkeys(sides):
        smaller = grid
        if may_shrink:
            try:
                smaller = plan_scene(model, scene, replace(options, tile_px=tile_px))
            # An overlap that was asked for may leave nothing of so small a tile.
            except TilingError:
                continue
        for workers in range(options.workers, 0, -1):
            whole = cache_bytes(scene.used, smaller)
            for cache in {whole, min(whole, SMALL_CACHE_BYTES)}:
                queue = workers + 2 if cache < whole else None
                yield replace(options, workers=workers, queue=queue, cache_bytes=cache), smaller


def _speed(plan: RunPlan) -> float:
    """Give output for work done: tiles at once times the share of a window that is core."""
    options, grid = plan.options, plan.grid
    height, width = (axis.size_px for axis in (grid.rows, grid.columns))
    windows = [
        sum(tile.window_stop - tile.window_start for tile in axis.tiles)
        for axis in (grid.rows, grid.columns)
    ]
    decoding = SMALL_CACHE_SPEED if options.queue else 1.0
    return options.workers * decoding * (height * width) / (windows[0] * windows[1])


def _numbers_a_px(model: Model) -> int:
    """Give the numbers that the network gives for a pixel, rounded up where it gives boxes, text or
    a row for the tile.

    Masks count as if each had the size of the tile.
    """
    if kind_of(model.output) not in ("objects", "instances", "rows"):
        return score_channels(model)
    source = model.source
    entry = golden_inputs(model.bundle.contract)[source.name]
    numbers, tile = (
        np.load(io.BytesIO(model.bundle.entries[one]), allow_pickle=False)
        for one in (GOLDEN_OUTPUT, entry)
    )
    axes = zip(source.dim_order, tile.shape, strict=True)
    area = math.prod(int(size) for axis, size in axes if axis in ("height", "width"))
    masks = model.output.masks
    pictures = 0
    if masks is not None:
        boxes = int(numbers.size) // numbers.shape[model.output.dim_order.index("channel")]
        pictures = {"prototypes": masks.coefficients, "window": boxes}.get(masks.form, 0)
    return -(-int(numbers.size) // area) + pictures


def _largest_area(grid: Grid) -> int:
    """Give the input pixels of the largest tile."""
    height, width = (
        max(tile.window_stop - tile.window_start for tile in axis.tiles)
        for axis in (grid.rows, grid.columns)
    )
    return height * width


def _tiles_bytes(model: Model, scene: Scene, grid: Grid, options: RunOptions, channels: int) -> int:
    """Give what tiles take between reading and writing."""
    area = _largest_area(grid)
    samples, missing = scene.stored_bytes_per_px * area, scene.layers * area
    tensor = 4 * area * sum(len(one.bands) * max(1, one.dates) for one in model.inputs)
    core = round(area / float(grid.rows.stride * grid.columns.stride))
    scores = 4 * channels * core
    if (restores := model.output.restores) is not None and restores.where is not None:
        # What of the scene is kept: as read, and what is taken of the network.
        tensor += 5 * core * len(scene.stacks[restores.input].bands)
    # Being read (twice: as read, and put together), being scaled, waiting or inferred, decoded.
    return (
        2 * samples + missing + samples + missing + 2 * tensor
        + options.in_flight * max(tensor, scores) + 3 * scores + 16 * core
    )  # fmt: skip


def _seams_bytes(grid: Grid, channels: int) -> int:
    """Give what waits for later tiles, at most: what one row (or column) of tiles puts aside."""
    weights = grid.weights
    if weights is None:
        return 0
    axes = (weights.rows, weights.columns)
    plans = (grid.rows.tiles, grid.columns.tiles)
    slow, fast = (0, 1) if grid.order == "rows" else (1, 0)
    spans = [[tile.stop - tile.start for tile in axis] for axis in axes]
    cores = [[tile.core_stop - tile.core_start for tile in plan] for plan in plans]
    most = 0
    for span, core in zip(spans[slow], cores[slow], strict=True):
        most = max(most, span * sum(spans[fast]) - core * sum(cores[fast]))
    return 4 * channels * most
