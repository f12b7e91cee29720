"""Tiles at even steps, each answered for as a whole.

Where a tile gets one answer there is nothing to cut off its edges: windows of one size follow each
other, and the last is moved back so that it ends with the scene. A pixel belongs to the window
whose middle is nearest: those cores cover the scene once.
"""

import itertools
from fractions import Fraction

from edgers.errors import TilingError
from edgers.tiling.axis_tiles import AxisPlan, AxisTile
from edgers.tiling.grid import Grid
from edgers.tiling.halo import AxisHalo, Halo


def plan_plain_grid(
    height_px: int, width_px: int, tile_px: int, overlap_px: int, halo: Halo
) -> Grid:
    """Cut a scene into windows of `tile_px` that reach `overlap_px` into the next on each side.

    Raises TilingError where the overlap leaves no step.
    """
    return Grid(
        rows=plan_even(height_px, tile_px, overlap_px, halo.height),
        columns=plan_even(width_px, tile_px, overlap_px, halo.width),
    )


def plan_even(size_px: int, tile_px: int, overlap_px: int, halo: AxisHalo) -> AxisPlan:
    """Cut one axis; raises TilingError where the overlap leaves no step."""
    tile_px = halo.fixed_px or tile_px
    step = tile_px - 2 * overlap_px
    if step < 1:
        raise TilingError(
            f"tiles of {tile_px} px do not get on with an overlap of {overlap_px} px.",
            rule="The overlap on each side must be less than half a tile.",
        )
    # A graph of one size is shown more than there is where the scene is smaller.
    extended = max(size_px, halo.fixed_px or 0)
    tile_px = min(tile_px, extended)
    last = extended - tile_px
    starts = [*range(0, last, step), last]
    cuts = [0, *((a + tile_px + b) // 2 for a, b in itertools.pairwise(starts)), size_px]
    return AxisPlan(
        size_px=size_px,
        extended_px=extended,
        output_px=size_px,
        stride=Fraction(1),
        origin_px=Fraction(0),
        tiles=tuple(
            AxisTile(
                window_start=start,
                window_stop=start + tile_px,
                core_start=begin,
                core_stop=end,
                crop_start=begin - start,
            )
            for start, begin, end in zip(starts, cuts, cuts[1:], strict=False)
        ),
    )
