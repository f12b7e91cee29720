"""The tiles of a scene, in the order they are worked on."""

import itertools
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from edgers.contract.model import Blend
from edgers.tiling.axis_tiles import AxisPlan, AxisTile, plan_axis, smallest_tile_px
from edgers.tiling.blending import TileWeights, blend_axis
from edgers.tiling.halo import Halo

DEFAULT_TILE_PX = 256
"""Tile side where nothing else is asked for.

On a 2-core x86 CPU a 0.27 M parameter convolutional network ran as fast per pixel at 128 and 256 px
as at 512 px, with a quarter of the memory (ONNX Runtime 1.32; see bench/tile_size.py)."""

HALO_SHARE = 14
"""A default tile is at least this many halos wide, so that halos are some 30 % of the work."""

Order = Literal["rows", "columns"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tile:
    """One tile: the window it reads and the core it contributes."""

    index: int
    """Position in the order of work."""
    rows: AxisTile
    """Along the height."""
    columns: AxisTile
    """Along the width."""
    row: int = 0
    """Number of the tile along the height."""
    column: int = 0
    """Number of the tile along the width."""

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
class Weights:
    """How overlapping tiles are mixed, by tile along each axis."""

    rule: Blend
    """Where the weights come from."""
    rows: tuple[TileWeights, ...]
    """Along the height."""
    columns: tuple[TileWeights, ...]
    """Along the width."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Grid:
    """All tiles of one scene."""

    rows: AxisPlan
    """Along the height."""
    columns: AxisPlan
    """Along the width."""
    order: Order = "rows"
    """Whether a row of tiles or a column of tiles is finished before the next is begun."""
    weights: Weights | None = None
    """Weights of overlapping tiles; None where each pixel is taken from one tile."""

    def __len__(self) -> int:
        return len(self.rows.tiles) * len(self.columns.tiles)

    def __iter__(self) -> Iterator[Tile]:
        return (self.tile(index) for index in range(len(self)))

    def tile(self, index: int) -> Tile:
        """Give the tile that is worked on at a position of the order."""
        if self.order == "rows":
            row, column = divmod(index, len(self.columns.tiles))
        else:
            column, row = divmod(index, len(self.rows.tiles))
        return Tile(
            index=index,
            rows=self.rows.tiles[row],
            columns=self.columns.tiles[column],
            row=row,
            column=column,
        )

    def index(self, row: int, column: int) -> int:
        """Give the position of a tile in the order of work."""
        if self.order == "rows":
            return row * len(self.columns.tiles) + column
        return column * len(self.rows.tiles) + row

    @property
    def output_shape(self) -> tuple[int, int]:
        """Height and width of the product, in pixels."""
        return self.rows.output_px, self.columns.output_px

    @property
    def cuts(self) -> int:
        """CRC-32 over all windows and cores: equal for the same tiles of the same scene."""
        return zlib.crc32(repr((self.rows, self.columns)).encode())

    @property
    def overlap_px(self) -> int:
        """Most pixels that two windows next to one another share."""
        return max(
            (
                one.window_stop - other.window_start
                for axis in (self.rows, self.columns)
                for one, other in itertools.pairwise(axis.tiles)
            ),
            default=0,
        )

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


def plan_grid(
    height_px: int,
    width_px: int,
    tile_px: int,
    halo: Halo,
    *,
    blend: Blend = "trim",
    order: Order = "rows",
) -> Grid:
    """Cut a scene into tiles; raises TilingError where the tile is too small for the halo."""
    rows = plan_axis(height_px, tile_px, halo.height)
    columns = plan_axis(width_px, tile_px, halo.width)
    if blend == "trim":
        return Grid(rows=rows, columns=columns, order=order)
    down, across = (
        blend_axis(plan, axis, blend) for plan, axis in ((rows, halo.height), (columns, halo.width))
    )
    return Grid(
        rows=down.plan,
        columns=across.plan,
        order=order,
        weights=Weights(rule=blend, rows=down.tiles, columns=across.tiles),
    )
