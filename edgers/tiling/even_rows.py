"""Rows of tiles at even steps, each answered for as a whole, of a strip whose rows arrive.

The same as `plain_grid` gives for the finished strip: only the last window hangs on the length.
"""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from edgers.tiling.axis_tiles import AxisPlan, AxisTile
from edgers.tiling.halo import AxisHalo
from edgers.tiling.plain_grid import plan_even
from edgers.tiling.row_stream import ENDLESS_PX, RowTile


class EvenRows:
    """The tiles along the height of one strip, in order."""

    def __init__(self, tile_px: int, overlap_px: int, halo: AxisHalo) -> None:
        """Prepare for windows of `tile_px` that reach `overlap_px` into the next on each side.

        Raises TilingError where the overlap leaves no step.
        """
        self._tile_px, self._overlap_px, self._halo = tile_px, overlap_px, halo
        self.window_px = halo.fixed_px or tile_px
        self._plan = plan_even(self.window_px, tile_px, overlap_px, halo)
        self.step_px = self.window_px - 2 * overlap_px
        self._done = 0

    @property
    def lag_px(self) -> int:
        """Rows from the first of a window on, with which its tile can be made: the next window is
        there, so that it is not the last. So many of the last rows must be kept.
        """
        return self.window_px + self.step_px

    @property
    def place(self) -> AxisPlan:
        """Where output rows lie."""
        return replace(self._plan, size_px=ENDLESS_PX, tiles=())

    def ready(self, rows: int) -> Iterator[RowTile]:
        """Give the tiles that can be made now that `rows` rows have arrived, each once."""
        window, step = self.window_px, self.step_px
        while rows >= (start := self._done * step) + self.lag_px:
            begin = (2 * start - step + window) // 2 if start else 0
            self._done += 1
            yield self._made(
                AxisTile(
                    window_start=start,
                    window_stop=start + window,
                    core_start=begin,
                    core_stop=(2 * start + step + window) // 2,
                    crop_start=begin - start,
                )
            )

    def rest(self, rows: int) -> list[RowTile]:
        """Give the tiles that are left now that the strip has ended after `rows` rows."""
        plan = plan_even(rows, self._tile_px, self._overlap_px, self._halo)
        return [self._made(tile) for tile in plan.tiles[self._done :]]

    def _made(self, tile: AxisTile) -> RowTile:
        return RowTile(tile=tile, under=np.arange(tile.core_start, tile.core_stop, dtype=np.intp))
