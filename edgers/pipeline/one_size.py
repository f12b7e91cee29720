"""Tiles of the one size that a plan is fastest on, or must have.

`edgers build` measures whether a plan runs one size faster than a range, and a DLA takes no range
at all. Tiles are then all of that size, where they may: each reads a little more than it needs.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, cast

from edgers.build_kit import TileSides
from edgers.pipeline.model import TENSORRT, Model
from edgers.tiling.grid import Grid
from edgers.tiling.halo import AxisHalo, Halo

FIXED = "fixed"
"""Word of the engine's setting `profile` for a plan that is faster on one size."""


def usual_side_px(axis: AxisHalo, sides: TileSides) -> int:
    """Give the side, height or width, that a plan is tuned for: one that the graph takes."""
    if axis.fixed_px:
        return axis.fixed_px
    found = (s for s in range(sides.usual_px, 0, -1) if (axis.output_size(s) or 0) > 0)
    return next(found, sides.usual_px)


def must_be_one_size(model: Model) -> bool:
    """Tell whether the engine takes tiles of a single size only: a DLA does."""
    kit = model.bundle.kit
    if kit is None or kit.plan is None or model.choice.name != TENSORRT:
        return False
    return kit.plan.dla_core is not None


def halo_of_one_size(model: Model, halo: Halo) -> Halo:
    """Give the halo of a graph that took the plan's usual size and no other."""
    assert model.bundle.kit is not None
    sides = model.bundle.kit.sides
    height, width = (
        replace(axis, fixed_px=usual_side_px(axis, sides)) for axis in (halo.height, halo.width)
    )
    return replace(halo, height=height, width=width)


def may_be_one_size(model: Model, tile_px: int, height_px: int, width_px: int) -> bool:
    """Tell whether the plan is faster on one size, and an image can be cut into tiles of it.

    It can where no tile has to reach beyond the image: tiled then still equals untiled.
    """
    kit = model.bundle.kit
    if kit is None or model.choice.name != TENSORRT:
        return False
    if model.choice.settings.get("profile") != FIXED or not model.bundle.halo.is_exact:
        return False
    return all(
        tile_px >= (side := usual_side_px(axis, kit.sides))
        and axis.fixed_px is None
        and size_px >= side
        and (size_px - side) % axis.align_px == 0
        for axis, size_px in ((model.bundle.halo.height, height_px),
                              (model.bundle.halo.width, width_px))
    )  # fmt: skip


def is_worth_it(model: Model, whole: Grid, balanced: Grid) -> bool:
    """Tell whether tiles of one size are done sooner: they are more pixels, each done faster."""
    built = cast(Mapping[str, Any], model.bundle.measured.get("built", {}))
    times = built.get("tile_ms", {})
    gain = times["dynamic"] / max(times[FIXED], 1e-9) if {"dynamic", FIXED} <= set(times) else 1.0
    return _pixels(whole) <= gain * _pixels(balanced)


def _pixels(grid: Grid) -> int:
    rows, columns = (
        sum(tile.window_stop - tile.window_start for tile in axis.tiles)
        for axis in (grid.rows, grid.columns)
    )
    return rows * columns
