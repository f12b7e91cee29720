"""Bounds of a model on a device that is not at hand: from the graph's work and the device's peaks.

Nothing here is measured.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from edgers.bundle import Bundle
from edgers.errors import BadInputError
from edgers.export.graph import graph_inputs, tensor_facts
from edgers.export.work import work_of_graph
from edgers.pipeline.options import RunOptions
from edgers.pipeline.plan import DEFAULT_OVERLAP_SHARE, trained_px, with_overlap
from edgers.targets.gpu import Gpu, PowerMode
from edgers.targets.roofline import PRECISIONS, Bound, GraphWork, bound
from edgers.tiling.graph import probe_shape
from edgers.tiling.grid import DEFAULT_TILE_PX, Grid, default_tile_px, plan_grid

if TYPE_CHECKING:
    import onnx

SCENE_PX = (10_000, 10_000)
"""Scene that is taken where none is named: about a Sentinel-2 tile at 10 m (10 980²)."""

Works = Mapping[str, GraphWork]
"""Work of a tile, by precision."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TilePlan:
    """How a scene is cut, as far as its work goes."""

    scene_px: tuple[int, int]
    """Height and width of the scene."""
    tile_px: tuple[int, int]
    """Height and width of the largest tile."""
    tiles: int
    """How many."""
    times: float
    """Pixels of all tiles, as multiples of the largest tile's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """Bounds at one precision and power mode."""

    precision: str
    """Precision."""
    mode: PowerMode
    """Power mode."""
    bound: Bound | None
    """What a tile takes at least; None where a peak is not known."""
    scene_s: float | None
    """Seconds that the scene takes at least."""
    scene_j: float | None
    """What the power limit allows to be drawn in that time, in joules."""


def tile_plan(bundle: Bundle, scene_px: tuple[int, int], options: RunOptions) -> TilePlan:
    """Cut a scene as a run on the bundle's device would; raises TilingError where it cannot."""
    halo, source = bundle.halo, bundle.contract.main
    asked_px = halo.height.fixed_px or options.tile_px or source.tile_px
    if asked_px is None and bundle.kit is not None:
        asked_px = bundle.kit.sides.usual_px
    overlap_px = options.overlap_px
    if not halo.is_exact:
        asked_px = asked_px or trained_px(source)
        overlap_px = source.overlap_px if overlap_px is None else overlap_px
    tile_px = asked_px or default_tile_px(halo)
    if overlap_px is None and not halo.is_exact:
        overlap_px = tile_px // DEFAULT_OVERLAP_SHARE
    if overlap_px is not None:
        halo = with_overlap(halo, overlap_px)
    return _plan_from_grid(plan_grid(*scene_px, tile_px, halo))


def plain_plan(model: "onnx.ModelProto", scene_px: tuple[int, int], asked: int | None) -> TilePlan:
    """Cut a scene for a graph without a contract: tiles side by side, no halo."""
    shape, _ = tensor_facts(graph_inputs(model)[0])
    fixed = [length for length in shape[-2:] if length > 0]
    tile_px = fixed[0] if fixed else asked or DEFAULT_TILE_PX
    times = scene_px[0] * scene_px[1] / tile_px**2
    tiles = -(-scene_px[0] // tile_px) * -(-scene_px[1] // tile_px)
    return TilePlan(scene_px=scene_px, tile_px=(tile_px, tile_px), tiles=tiles, times=times)


def works_of_bundle(bundle: Bundle, tile_px: tuple[int, int]) -> Works:
    """Count the work of each form of the graph; one that is missing is stood in for by another."""
    import onnx

    shapes = {one.name: probe_shape(one, tile_px) for one in bundle.contract.inputs}
    counted: dict[str, GraphWork] = {}
    works = {}
    entries = _graph_entries(bundle)
    for precision in PRECISIONS:
        entry = entries.get(precision) or entries.get("fp32") or next(iter(entries.values()))
        if entry not in counted:
            model = onnx.load_model_from_string(bundle.entries[entry])
            counted[entry] = work_of_graph(model, shapes)
        works[precision] = counted[entry]
    return works


def works_of_graph(model: "onnx.ModelProto", tile_px: tuple[int, int]) -> Works:
    """Count the work of a graph without a contract.

    Its inputs are images with the pixels last; raises BadInputError where one is not.
    """
    shapes = {}
    for entry in graph_inputs(model):
        shape, _ = tensor_facts(entry)
        if len(shape) < 4 or any(length <= 0 for length in shape[1:-2]):
            raise BadInputError(
                f"input {entry.name!r} of the graph is no image whose shape is told.",
                seen=f"Its shape is {list(shape)}.",
                rule="Without a contract: batch, channels, height, width; the channels are told.",
                fix="Compile it with its contract, and inspect the bundle.",
            )
        lengths = (1, *shape[1:-2], *tile_px)
        shapes[entry.name] = lengths
    return dict.fromkeys(PRECISIONS, work_of_graph(model, shapes))


def estimates(works: Works, gpu: Gpu, plan: TilePlan, allowed: tuple[str, ...]) -> list[Estimate]:
    """Give the bounds at each precision that is allowed, and each power mode."""
    found = []
    for precision in (one for one in PRECISIONS if one in allowed):
        for mode in gpu.power_modes:
            tile = bound(works[precision], precision, mode)
            scene_s = None if tile is None else tile.latency_s * plan.times
            energy_j = None if tile is None else tile.energy_j(mode.power_w)
            found.append(
                Estimate(
                    precision=precision, mode=mode, bound=tile, scene_s=scene_s,
                    scene_j=None if energy_j is None else energy_j * plan.times,
                )
            )  # fmt: skip
    return found


def _plan_from_grid(grid: Grid) -> TilePlan:
    windows = [
        [tile.window_stop - tile.window_start for tile in axis.tiles]
        for axis in (grid.rows, grid.columns)
    ]
    height, width = (max(axis) for axis in windows)
    return TilePlan(
        scene_px=(grid.rows.size_px, grid.columns.size_px),
        tile_px=(height, width),
        tiles=len(grid),
        times=sum(windows[0]) * sum(windows[1]) / (height * width),
    )


def _graph_entries(bundle: Bundle) -> dict[str, str]:
    """Give the entry of a graph for each precision that has one, what TensorRT is fed first."""
    found: dict[str, str] = {}
    for band in bundle.kit.bands if bundle.kit else ():
        for attempt in band.attempts:
            found.setdefault(attempt.precision, attempt.graph)
    for choice in bundle.engines:
        # The graph of a plan is no ONNX file.
        if bundle.kit is None or bundle.kit.plan is None or choice.graph != bundle.kit.plan.entry:
            found.setdefault(choice.precision, choice.graph)
    return found
