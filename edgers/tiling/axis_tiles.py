"""Cutting one axis of a scene into tiles.

Three rules make tiled equal untiled. Tiles start on the graph's grid. A tile reads the halo beyond
what it contributes. A tile at the scene's edge ends there, so that the model's own padding acts on
it as it would untiled: layer by layer, which no padding of the input can imitate.
"""

import itertools
import math
from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
import numpy.typing as npt

from edgers.errors import TilingError
from edgers.tiling.halo import AxisHalo


@dataclass(frozen=True, slots=True, kw_only=True)
class AxisTile:
    """One tile along one axis; all ranges are half open."""

    window_start: int
    """First input pixel read."""
    window_stop: int
    """End of the input pixels read; may lie beyond the scene, up to its extended size."""
    core_start: int
    """First output pixel contributed."""
    core_stop: int
    """End of the output pixels contributed."""
    crop_start: int
    """Where the core begins in the tile's own output."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AxisPlan:
    """All tiles along one axis."""

    size_px: int
    """Scene size in input pixels."""
    extended_px: int
    """Size the graph is shown: the scene's, or the next that the graph takes."""
    output_px: int
    """Output pixels that belong to the scene."""
    stride: Fraction
    """Input pixels to one output pixel."""
    origin_px: Fraction
    """Where output pixel 0 begins, in input pixels from the scene's first edge."""
    tiles: tuple[AxisTile, ...]
    """Tiles in order; their cores cover the output once."""

    def input_index(self, start: int, stop: int) -> npt.NDArray[np.intp]:
        """Give the input pixel under the centre of each output pixel from `start` to `stop`."""
        # The centre is origin + stride (o + 1/2), in whole numbers over one denominator.
        step = self.stride / 2
        below = math.lcm(self.origin_px.denominator, step.denominator)
        first, half = int(self.origin_px * below), int(step * below)
        centres = (first + half * (2 * np.arange(start, stop, dtype=np.intp) + 1)) // below
        return np.clip(centres, 0, self.size_px - 1)


def smallest_tile_px(halo: AxisHalo) -> int:
    """Give the smallest tile that contributes at least one step of the grid."""
    if halo.fixed_px:
        return halo.fixed_px
    before = math.ceil(halo.before_px / halo.align_px) * halo.align_px
    # Where scenes must be extended, the last tile also holds the pixels its end is mirrored from.
    mirrored = halo.align_px if None in halo.sizes else 0
    return _allowed_px(halo, before + halo.align_px + halo.after_px + mirrored)


def smallest_side_px(halo: AxisHalo) -> int:
    """Give the smallest side that the graph takes at all."""
    return halo.fixed_px or _allowed_px(halo, math.ceil(halo.stride))


def plan_axis(size_px: int, tile_px: int, halo: AxisHalo) -> AxisPlan:
    """Cut `size_px` pixels into tiles of at most `tile_px`, of nearly equal cores.

    Raises TilingError where no tile of that size contributes anything.
    """
    extended = _extended_px(size_px, halo)
    total = halo.output_size(extended)
    assert total is not None
    output = total - math.floor((extended - size_px) / halo.stride)
    if halo.fixed_px is not None:
        tile_px = halo.fixed_px
    if output < 1:
        raise TilingError(
            f"a scene side of {size_px} px is too small for this graph.",
            rule=f"It needs at least {smallest_tile_px(halo)} px to give one output pixel.",
        )
    step = int(halo.align_px / halo.stride)
    blocks = math.ceil(output / step)
    # A tile between two others looks to both sides; where it would hold no core there are none.
    has_room = tile_px >= halo.before_px + halo.align_px + halo.after_px
    most = blocks if has_room or halo.fixed_px else min(blocks, 2)
    for count in range(max(1, extended // tile_px), most + 1):
        cuts = (min(i * blocks // count * step, output) for i in range(count + 1))
        tiles = _tiles(cuts, size_px, extended, tile_px, halo)
        if tiles is not None:
            return AxisPlan(
                size_px=size_px,
                extended_px=extended,
                output_px=output,
                stride=halo.stride,
                origin_px=_origin_px(extended, total, halo),
                tiles=tiles,
            )
    raise TilingError(
        f"a tile of {tile_px} px is too small.",
        rule=f"The halo is {halo.before_px} px before and {halo.after_px} px after, "
        f"on a grid of {halo.align_px} px.",
        fix=f"Give a tile of at least {smallest_tile_px(halo)} px.",
    )


def _origin_px(extended: int, total: int, halo: AxisHalo) -> Fraction:
    """Place the near edge of output pixel 0.

    An output with as many pixels as the input holds steps begins where the input begins: padding
    has kept it there. One with fewer (no padding) or more begins half a step before the centre of
    what its first pixel depends on.
    """
    if math.floor(extended / halo.stride) <= total <= math.ceil(extended / halo.stride):
        return Fraction(0)
    return halo.offset_px + (1 - halo.stride) / 2


def _allowed_px(halo: AxisHalo, size_px: int) -> int:
    """Give the next size from `size_px` up that the graph takes."""
    for candidate in range(size_px, size_px + 2 * halo.align_px):
        if (halo.output_size(candidate) or 0) > 0:
            return candidate
    raise TilingError(
        f"the graph gives no output for a side of {size_px} px.",
        seen=f"It looks {halo.before_px + halo.after_px} px around each pixel.",
        fix="Use a larger scene.",
    )


def _extended_px(size_px: int, halo: AxisHalo) -> int:
    """Give the size the graph is shown for a scene of `size_px`."""
    if halo.fixed_px is None:
        least = math.ceil(halo.stride)
        return _allowed_px(halo, max(size_px, least))
    steps = math.ceil(max(0, size_px - halo.fixed_px) / halo.align_px)
    return halo.fixed_px + steps * halo.align_px


def _tiles(
    cuts: Iterable[int], size_px: int, extended: int, tile_px: int, halo: AxisHalo
) -> tuple[AxisTile, ...] | None:
    """Give the tiles whose cores lie between the cuts; None as soon as one would be too large."""
    tiles = []
    for start, stop in itertools.pairwise(cuts):
        tile = _tile(start, stop, size_px, extended, tile_px, halo)
        if tile is None:
            return None
        tiles.append(tile)
    return tuple(tiles)


def _tile(
    core_start: int, core_stop: int, size_px: int, extended: int, tile_px: int, halo: AxisHalo
) -> AxisTile | None:
    """Give the tile that contributes these output pixels, or None where it would be too large."""
    align, stride = halo.align_px, halo.stride
    start = max(0, (int(core_start * stride) - halo.before_px) // align * align)
    last = math.ceil(core_stop * stride / align) * align + halo.after_px
    stop = min(extended, max(last, start + 1))
    if stop < extended and halo.fixed_px is None:
        stop = min(extended, start + _allowed_px(halo, stop - start))
    if stop > size_px and halo.fixed_px is None:
        # As many real pixels as extended ones, so that a mirror image looks the same in any tile.
        start = min(start, max(0, (2 * size_px - stop - 1) // align * align))
    if stop - start > tile_px:
        return None
    if halo.fixed_px is not None:
        start = min(start, extended - halo.fixed_px)
        stop = start + halo.fixed_px
    return AxisTile(
        window_start=start,
        window_stop=stop,
        core_start=core_start,
        core_stop=core_stop,
        crop_start=core_start - int(start / stride),
    )
