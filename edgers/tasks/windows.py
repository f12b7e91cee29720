"""The windows of a grid, and which tile is the last that sees a place."""

import bisect

from edgers.tasks.pieces import Window
from edgers.tiling.axis_tiles import AxisPlan
from edgers.tiling.grid import Grid


class Windows:
    """Windows of all tiles, in the order of work."""

    def __init__(self, grid: Grid) -> None:
        self.grow(grid)

    def grow(self, grid: Grid) -> None:
        """Go on with a grid that has more rows of tiles after those there were."""
        self._grid = grid

    def __len__(self) -> int:
        return len(self._grid)

    def __getitem__(self, index: int) -> Window:
        tile, grid = self._grid.tile(index), self._grid
        top, bottom = _span(grid.rows, tile.row)
        left, right = _span(grid.columns, tile.column)
        return Window(
            left=left, top=top, right=right, bottom=bottom,
            inner=(left > 0, top > 0, right < grid.columns.size_px, bottom < grid.rows.size_px),
        )  # fmt: skip

    def last(self, index: int, bounds: tuple[float, float, float, float] | None) -> int:
        """Give the last tile whose window meets `bounds`, or the tile's window where None."""
        if bounds is None:
            bounds = self[index].rectangle
        row, column = _last(self._grid.rows, bounds[3]), _last(self._grid.columns, bounds[2])
        tile = self._grid.tile(index)
        return self._grid.index(max(row, tile.row), max(column, tile.column))

    def sooner(self, one: int, other: int) -> int:
        """Give the tile in the lesser row and the lesser column of two."""
        a, b = self._grid.tile(one), self._grid.tile(other)
        return self._grid.index(min(a.row, b.row), min(a.column, b.column))


def _last(plan: AxisPlan, bound: float) -> int:
    """Give the last tile that begins at or before `bound`: windows begin in order."""
    return bisect.bisect_right(plan.tiles, bound, key=lambda one: one.window_start) - 1


def _span(plan: AxisPlan, position: int) -> tuple[int, int]:
    tile = plan.tiles[position]
    return tile.window_start, min(tile.window_stop, plan.size_px)
