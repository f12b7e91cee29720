"""Cutting a strip whose length is not known into rows of tiles, as its rows arrive.

Where the halo is exact any cut gives the same pixels, so tiles of one height follow one another
from the first row on, each as soon as its window is there. Only the end must be known to be treated
as the end: what is left when it comes is planned as a scene of its own, which begins so far back
that nothing new sees where it begins. The last rows that have arrived are therefore always kept.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from edgers.errors import TilingError
from edgers.tiling.axis_tiles import AxisPlan, AxisTile, plan_axis, smallest_tile_px
from edgers.tiling.halo import AxisHalo

ENDLESS_PX = 2**62
"""Stands for the length of a strip that has not ended: no row number reaches it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RowTile:
    """One row of tiles, along the height of the strip."""

    tile: AxisTile
    """Window and core, counted from the first row of the strip."""
    under: npt.NDArray[np.intp]
    """Input row under the centre of each output row of the core, (core rows,)."""


class RowStream:
    """The tiles along the height of one strip, in order."""

    def __init__(self, halo: AxisHalo, tile_px: int) -> None:
        """Prepare for tiles of at most `tile_px` rows.

        Raises TilingError where such a tile contributes nothing, or where the rows under the output
        pixels hang on the length of the strip.
        """
        self._halo, self._tile_px = halo, tile_px
        least_px = smallest_tile_px(halo)
        self.window_px = halo.fixed_px or _largest_px(halo, tile_px)
        reach_px = (self.window_px - halo.after_px) // halo.align_px * halo.align_px
        self._before_px = math.ceil(halo.before_px / halo.align_px) * halo.align_px
        if self.window_px < least_px or reach_px - self._before_px < halo.align_px:
            raise TilingError(
                f"a tile of {halo.fixed_px or tile_px} px is too small.",
                rule=f"The halo is {halo.before_px} px before and {halo.after_px} px after, "
                f"on a grid of {halo.align_px} px.",
                fix="Use a graph that takes larger tiles."
                if halo.fixed_px
                else f"Give a tile of at least {least_px} px.",
            )
        self.step_px = reach_px - self._before_px
        self._reach_px = reach_px
        self._learn_ends()
        self._slack_px = next(
            slack for slack in range(ENDLESS_PX)
            if self._fewest(self.window_px + slack) * halo.stride >= reach_px
        )  # fmt: skip
        self._core_start = 0

    @property
    def lag_px(self) -> int:
        """Rows from the first under an output row on, with which that output row can be made.

        So many of the last rows must be kept, and no more: windows, the end's too, reach no further
        back.
        """
        return self.window_px + self._slack_px

    @property
    def place(self) -> AxisPlan:
        """Where output rows lie: stride and origin of every strip of this graph."""
        return self._place

    def ready(self, rows: int) -> Iterator[RowTile]:
        """Give the tiles that can be made now that `rows` rows have arrived, each once."""
        halo = self._halo
        while True:
            start = self._window_start()
            if rows < start + self.lag_px:
                return
            core_start = self._core_start
            core_stop = self._core_start = int((start + self._reach_px) / halo.stride)
            yield RowTile(
                tile=AxisTile(
                    window_start=start,
                    window_stop=start + self.window_px,
                    core_start=core_start,
                    core_stop=core_stop,
                    crop_start=core_start - int(start / halo.stride),
                ),
                under=self._place.input_index(core_start, core_stop),
            )

    def rest(self, rows: int) -> list[RowTile]:
        """Give the tiles that are left now that the strip has ended after `rows` rows.

        Raises TilingError where a whole strip is too short to give one output row.
        """
        if self._core_start and self._core_start >= self._output_px(rows):
            return []
        begin = self._rest_start(rows) if self._core_start else 0
        shift = int(begin / self._halo.stride)
        plan = plan_axis(rows - begin, self._tile_px, self._halo)
        found = []
        for tile in plan.tiles:
            # What the rest's first tile says near its start was said by the tile before.
            skipped = max(0, self._core_start - shift - tile.core_start)
            first = tile.core_start + skipped
            if first >= tile.core_stop:
                continue
            found.append(
                RowTile(
                    tile=AxisTile(
                        window_start=tile.window_start + begin,
                        window_stop=tile.window_stop + begin,
                        core_start=first + shift,
                        core_stop=tile.core_stop + shift,
                        crop_start=tile.crop_start + skipped,
                    ),
                    under=plan.input_index(first, tile.core_stop) + begin,
                )
            )
        self._core_start = plan.output_px + shift
        return found

    def _window_start(self) -> int:
        """Give the first row the next tile needs."""
        return max(0, int(self._core_start * self._halo.stride) - self._before_px)

    def _rest_start(self, rows: int) -> int:
        """Choose where the rest begins: on the grid, so that its end is that of the whole strip.

        It holds what the next core needs, at least one step of the grid, and a whole window: that
        is what a graph without a bound wants, and it has as many real rows as are mirrored at the
        end (`smallest_tile_px` and `plan_axis` see to it).
        """
        align = self._halo.align_px
        extended = rows + self._extra[rows % align]
        starts = (
            self._window_start(),
            -(-(extended - self.window_px) // align) * align,
            (rows - align) // align * align,
        )
        return max(0, min(starts))

    def _learn_ends(self) -> None:
        """Learn how strips end, by their length modulo the grid: beyond a tile it repeats."""
        halo = self._halo
        base = math.ceil(2 * self.window_px / halo.align_px) * halo.align_px
        plans = [plan_axis(base + rest, self._tile_px, halo) for rest in range(halo.align_px)]
        self._extra = [plan.extended_px - plan.size_px for plan in plans]
        self._counts = [plan.output_px - int(base / halo.stride) for plan in plans]
        endless = [replace(plan, size_px=ENDLESS_PX, tiles=()) for plan in plans]
        self._place = endless[0]
        period = 2 * int(halo.align_px / halo.stride)
        rows = [tuple(plan.input_index(0, period)) for plan in endless]
        if len(set(rows)) > 1:
            raise TilingError(
                "this graph's output rows lie elsewhere for every length of the strip.",
                seen=f"The first lies on row {' or '.join(sorted({str(r[0]) for r in rows}))}.",
                rule="Rows leave before the length is known.",
                fix="Run the finished scene with 'edgers run'.",
            )

    def _output_px(self, rows: int) -> int:
        """Give the output rows of a strip that is longer than a tile."""
        steps, rest = divmod(rows, self._halo.align_px)
        return int(steps * self._halo.align_px / self._halo.stride) + self._counts[rest]

    def _fewest(self, rows: int) -> int:
        """Give the fewest output rows that a strip of at least `rows` rows can have."""
        return min(self._output_px(rows + more) for more in range(self._halo.align_px))


def _largest_px(halo: AxisHalo, tile_px: int) -> int:
    """Give the largest size up to `tile_px` that the graph takes, or 0."""
    sizes = range(tile_px, max(0, tile_px - 2 * halo.align_px), -1)
    return next((size for size in sizes if (halo.output_size(size) or 0) > 0), 0)
