"""Choosing the tiles of a scene."""

import io
import math
from dataclasses import replace
from pathlib import Path

import numpy as np

from edgers.bundle import GOLDEN_OUTPUT
from edgers.contract import Contract, ModelInput
from edgers.contract.model import Blend
from edgers.errors import TilingError
from edgers.pipeline.model import Model
from edgers.pipeline.one_size import (
    halo_of_one_size,
    is_worth_it,
    may_be_one_size,
    must_be_one_size,
)
from edgers.pipeline.options import RunOptions
from edgers.scene.block_cache import better_order
from edgers.scene.scene import Scene, scene_paths
from edgers.tasks.kinds import is_mixable, kind_of
from edgers.tiling.grid import DEFAULT_TILE_PX, Grid, default_tile_px, plan_grid
from edgers.tiling.halo import AxisHalo, Halo
from edgers.tiling.plain_grid import plan_plain_grid

MOST_TIMES = 300
"""Most times a pixel is inferred; sliding windows of published models come to about ten."""

DEFAULT_OVERLAP_SHARE = 8
"""A graph without a bound gets a tile / 8 of overlap on each side when the contract states none."""


def open_scene(model: Model, scene: Path | None, options: RunOptions) -> Scene:
    """Open a scene for all inputs of a model; `scene` fills those that the options do not name.

    Raises SceneError or BandError where it cannot be read or does not fit.
    """
    paths = scene_paths(model.inputs, () if scene is None else (scene,), options.inputs)
    return Scene(paths, model.inputs, options.renamed)


def plan_scene(model: Model, scene: Scene, options: RunOptions) -> Grid:
    """Choose the tiles of a scene, how they are mixed, and their order.

    Raises TilingError where the tile asked for is too small, or its answers cannot be mixed.
    """
    by_rows = plan_tiles(model, scene.height_px, scene.width_px, options)
    order = better_order(scene.used, by_rows, replace(by_rows, order="columns"))
    return replace(by_rows, order=order)


def plan_tiles(model: Model, height_px: int, width_px: int, options: RunOptions) -> Grid:
    """Choose the tiles of an image, row by row, and how they are mixed; raises TilingError."""
    halo, source = model.bundle.halo, model.source
    if kind_of(model.output) == "rows":
        return _plan_rows(model, height_px, width_px, options)
    if must_be_one_size(model):
        halo = halo_of_one_size(model, halo)
    blend = _blend(model, options)
    asked_px = halo.height.fixed_px or options.tile_px or source.tile_px
    if halo.is_exact and blend == "trim" and options.overlap_px is None:
        tile_px = model.largest_tile_px(asked_px or default_tile_px(halo))
    else:
        # What such a graph gives hangs on the tile: by default, the size it was trained on.
        tile_px = model.largest_tile_px(asked_px or trained_px(source) or default_tile_px(halo))
        halo = with_overlap(halo, _overlap_px(source, options, tile_px))
    grid = plan_grid(height_px, width_px, tile_px, halo, blend=blend)
    if blend == "trim" and may_be_one_size(model, tile_px, height_px, width_px):
        whole = plan_grid(height_px, width_px, tile_px, halo_of_one_size(model, halo))
        grid = whole if is_worth_it(model, whole, grid) else grid
    _refuse_endless(grid)
    return grid


def _plan_rows(model: Model, height_px: int, width_px: int, options: RunOptions) -> Grid:
    """Choose tiles that are answered for as a whole: side by side where nothing else is asked."""
    if options.blend not in (None, "trim"):
        raise TilingError(
            f"tiles of this model cannot be mixed by {options.blend!r}.",
            seen=f"Its output {model.output.name!r} answers for a tile as a whole.",
            fix="Leave --blend out.",
        )
    tile_px, overlap_px = row_tile_px(model, options)
    grid = plan_plain_grid(height_px, width_px, tile_px, overlap_px, model.bundle.halo)
    _refuse_endless(grid)
    return grid


def row_tile_px(model: Model, options: RunOptions) -> tuple[int, int]:
    """Give side and overlap of tiles that are answered for as a whole."""
    source = model.source
    tile_px = options.tile_px or source.tile_px or trained_px(source) or DEFAULT_TILE_PX
    stated = (options.overlap_px, source.overlap_px, 0)
    return tile_px, next(one for one in stated if one is not None)


def usual_tile_px(contract: Contract, halo: Halo) -> int:
    """Give the tile side of a run where nothing is asked for."""
    source = contract.main
    stated_px = halo.height.fixed_px or source.tile_px
    if halo.is_exact and contract.outputs[0].blend in (None, "trim"):
        return stated_px or default_tile_px(halo)
    return stated_px or trained_px(source) or default_tile_px(halo)


def _refuse_endless(grid: Grid) -> None:
    """Raise TilingError where tiles overlap so far that a run would take for ever."""
    times = math.prod(
        sum(tile.window_stop - tile.window_start for tile in axis.tiles) / axis.size_px
        for axis in (grid.rows, grid.columns)
        if len(axis.tiles) > 2
    )
    if times > MOST_TIMES:
        raise TilingError(
            f"every pixel would be inferred {times:.0f} times.",
            seen=f"Tiles of {grid.tile_px} px share {grid.overlap_px} px with the next.",
            rule=f"At most {MOST_TIMES} times are accepted.",
            fix="Choose a smaller --overlap, or larger tiles.",
        )


def _blend(model: Model, options: RunOptions) -> Blend:
    """Choose how overlapping tiles are mixed."""
    asked = options.blend or model.output.blend
    if not is_mixable(model.output):
        if asked not in (None, "trim"):
            raise TilingError(
                f"tiles of this model cannot be mixed by {asked!r}.",
                seen=f"Its output {model.output.name!r} holds "
                f"{'objects' if model.output.boxes else 'classes'}, not scores.",
                fix="Use --blend trim.",
            )
        return "trim"
    return asked or ("trim" if model.bundle.halo.is_exact else "hann")


def _overlap_px(source: ModelInput, options: RunOptions, tile_px: int) -> int:
    """Give the overlap on each side of a tile: asked for, stated, or a share of the tile."""
    for stated in (options.overlap_px, source.overlap_px):
        if stated is not None:
            return stated
    return tile_px // DEFAULT_OVERLAP_SHARE


def trained_px(source: ModelInput) -> int | None:
    """Give the smaller image side that a contract states, or None where it takes any."""
    sides = [source.shape[source.dim_order.index(axis)] for axis in ("height", "width")]
    return min(sides) if min(sides) > 0 else None


def with_overlap(halo: Halo, overlap_px: int) -> Halo:
    """Give a halo that reaches at least `overlap_px`."""
    height, width = (
        replace(
            _movable(axis) if halo.unbounded else axis,
            before_px=max(axis.before_px, overlap_px),
            after_px=max(axis.after_px, overlap_px),
        )
        for axis in (halo.height, halo.width)
    )
    return replace(halo, height=height, width=width)


def _movable(axis: AxisHalo) -> AxisHalo:
    """Let tiles of a graph of one size begin anywhere: without a bound there is no grid to keep."""
    if axis.fixed_px is None:
        return axis
    count = axis.output_size(axis.fixed_px)
    assert count is not None
    align_px = axis.stride.numerator
    steps, rest = divmod(axis.fixed_px, align_px)
    sizes: list[int | None] = [None] * align_px
    sizes[rest] = count - steps * axis.stride.denominator
    return replace(axis, align_px=align_px, sizes=tuple(sizes))


def score_channels(model: Model) -> int:
    """Give the numbers a pixel, from what the network really gave."""
    golden = np.load(io.BytesIO(model.bundle.entries[GOLDEN_OUTPUT]), allow_pickle=False)
    axes = zip(model.output.dim_order, golden.shape, strict=True)
    return math.prod(size for axis, size in axes if axis not in ("batch", "height", "width"))
