"""The tiles of a scene, row by row."""

from collections.abc import Iterator
from dataclasses import dataclass

from edgers.tiling.axis_tiles import AxisPlan, AxisTile, plan_axis, smallest_tile_px
from edgers.tiling.halo import Halo

DEFAULT_TILE_PX = 256
"""Tile side where nothing else is asked for.

On a 2-core x86 CPU a 0.27 M parameter convolutional network ran as fast per pixel at 128 and 256 px
as at 512 px, with a quarter of the memory (ONNX Runtime 1.32; see bench/tile_size.py)."""

HALO_SHARE = 14
"""A default tile is at least this many halos wide, so that halos are some 30 % of the work."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tile:
    """One tile: the window it reads and the core it contributes."""

    index: int
    """Position in row-major order."""
    rows: AxisTile
    """Along the height."""
    columns: AxisTile
    """Along the width."""

    @property
    def window_shape(self) -> tuple[int, int]:
        """Height and width read, in input pixels."""
        return (
            self.rows.window_stop - self.rows.window_start,
            self.columns.window_stop - self.columns.window_start,
        )

    @property
    def core_shape(self) -> tuple[int, int]:
        """Height and width contributed, in output pixels."""
        return (
            self.rows.core_stop - self.rows.core_start,
            self.columns.core_stop - self.columns.core_start,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Grid:
    """All tiles of one scene."""

    rows: AxisPlan
    """Along the height."""
    columns: AxisPlan
    """Along the width."""

    def __len__(self) -> int:
        return len(self.rows.tiles) * len(self.columns.tiles)

    def __iter__(self) -> Iterator[Tile]:
        across = len(self.columns.tiles)
        for i, rows in enumerate(self.rows.tiles):
            for j, columns in enumerate(self.columns.tiles):
                yield Tile(index=i * across + j, rows=rows, columns=columns)

    @property
    def output_shape(self) -> tuple[int, int]:
        """Height and width of the product, in pixels."""
        return self.rows.output_px, self.columns.output_px

    @property
    def tile_px(self) -> int:
        """Longest side of any window."""
        return max(
            tile.window_stop - tile.window_start for tile in self.rows.tiles + self.columns.tiles
        )


def default_tile_px(halo: Halo) -> int:
    """Give the tile side to use when neither the command line nor the contract names one."""
    axes = (halo.height, halo.width)
    reach = max(max(axis.before_px, axis.after_px) for axis in axes)
    return max(DEFAULT_TILE_PX, HALO_SHARE * reach, *(smallest_tile_px(axis) for axis in axes))


def plan_grid(height_px: int, width_px: int, tile_px: int, halo: Halo) -> Grid:
    """Cut a scene into tiles; raises TilingError where the tile is too small for the halo."""
    return Grid(
        rows=plan_axis(height_px, tile_px, halo.height),
        columns=plan_axis(width_px, tile_px, halo.width),
    )
