"""The windows of a scene that may become tiles: side by side, all of one size."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from edgers.contract import Contract
from edgers.errors import TilingError
from edgers.pipeline.plan import trained_px
from edgers.tiling.axis_tiles import plan_axis, smallest_tile_px
from edgers.tiling.grid import default_tile_px
from edgers.tiling.halo import AxisHalo, Halo

DEFAULT_TILE_PX = 128
"""Tile side where nothing else is asked for: 256 such tiles are 4 MP, as much as a chip of 2048 px,
from 256 places; 16 pixels under one of the coarsest grid of usual U-Nets."""

HALO_TIMES = 4
"""A tile is at least so many halos wide: what a graph pads with at a tile's edge is seen by less
than the outer three quarters of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TileWindow:
    """A window that may become a tile, in pixels of the scene's grid."""

    row: int
    """First row."""
    column: int
    """First column."""
    height: int
    """Rows that are read."""
    width: int
    """Columns that are read."""
    shape: tuple[int, int]
    """Height and width that the network takes: more than is read where a scene is smaller."""


def tile_sides_px(contract: Contract, halo: Halo, tile_px: int | None) -> tuple[int, int]:
    """Choose height and width of the tiles.

    Graphs of a fixed size take that. What a graph without a bound gives hangs on the tile, so it
    gets what a run would give it. Raises TilingError where a tile is too small for the halo.
    """
    source = contract.main
    given = tile_px
    if given is None and not halo.is_exact:
        given = source.tile_px or trained_px(source) or default_tile_px(halo)
    axes = (halo.height, halo.width)
    height, width = (_side_px(axis, given or _default_px(axis)) for axis in axes)
    return height, width


def _default_px(halo: AxisHalo) -> int:
    reach = max(halo.before_px, halo.after_px)
    return max(DEFAULT_TILE_PX, HALO_TIMES * reach, smallest_tile_px(halo))


def _side_px(halo: AxisHalo, asked_px: int) -> int:
    """Give the next size from the one asked for that the graph takes."""
    if halo.fixed_px:
        return halo.fixed_px
    if asked_px < smallest_tile_px(halo):
        raise TilingError(
            f"a tile of {asked_px} px is too small.",
            rule=f"The halo is {halo.before_px} px before and {halo.after_px} px after, "
            f"on a grid of {halo.align_px} px.",
            fix=f"Give a tile of at least {smallest_tile_px(halo)} px.",
        )
    whole = math.ceil(asked_px / halo.align_px) * halo.align_px
    return next(
        s for s in range(whole, whole + 2 * halo.align_px) if (halo.output_size(s) or 0) > 0
    )


def tile_windows(
    shape: tuple[int, int], sides_px: tuple[int, int], halo: Halo, most: int
) -> list[TileWindow]:
    """Give the windows of a scene by row; at most `most`, spread evenly over it.

    They lie side by side on the graph's grid; the last of a row or column ends where the scene
    does, as near as the grid allows. A scene that is smaller than a tile gives one window, which is
    extended as in a run. Raises TilingError where a scene is too small for the graph.
    """
    axes = (halo.height, halo.width)
    along = list(zip(shape, sides_px, axes, strict=True))
    starts = [_starts(size, side, axis.align_px) for size, side, axis in along]
    rows, columns = _thinned(starts[0], starts[1], most)
    height, width = (min(size, side) for size, side, _ in along)
    taken = [
        side if size >= side else plan_axis(size, side, axis).extended_px
        for size, side, axis in along
    ]
    return [
        TileWindow(row=row, column=column, height=height, width=width, shape=(taken[0], taken[1]))
        for row in rows
        for column in columns
    ]


def _starts(size_px: int, side_px: int, align_px: int) -> Sequence[int]:
    """Give where windows begin along one axis."""
    last = max(0, (size_px - side_px) // align_px * align_px)
    step = math.ceil(side_px / align_px) * align_px
    return [*range(0, last, step), last]


def _thinned(
    rows: Sequence[int], columns: Sequence[int], most: int
) -> tuple[Sequence[int], Sequence[int]]:
    """Leave rows and columns out, evenly, until there are at most `most` windows."""
    if len(rows) * len(columns) <= most:
        return rows, columns
    share = math.sqrt(most / (len(rows) * len(columns)))
    down = max(1, min(most, int(len(rows) * share)), most // len(columns))
    down = min(down, len(rows))
    across = min(len(columns), max(1, most // down))
    return _evenly(rows, down), _evenly(columns, across)


def _evenly(starts: Sequence[int], count: int) -> Sequence[int]:
    if count == 1:
        return [starts[len(starts) // 2]]
    return [starts[i] for i in np.linspace(0, len(starts) - 1, count).round().astype(int)]
