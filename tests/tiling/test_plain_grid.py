"""Tiles at even steps: windows of one size, whose cores cover the scene once."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgers.errors import TilingError
from edgers.tiling.halo import AxisHalo, Halo
from edgers.tiling.plain_grid import plan_plain_grid


def halo(fixed_px: int | None = None) -> Halo:
    axis = AxisHalo(
        before_px=0, after_px=0, align_px=1, stride=Fraction(1), offset_px=Fraction(0),
        sizes=(0,), fixed_px=fixed_px,
    )  # fmt: skip
    return Halo(height=axis, width=axis, unbounded="it looks at the whole image")


@given(
    size=st.integers(1, 700), tile=st.integers(1, 300), overlap=st.integers(0, 120),
    is_fixed=st.booleans(),
)  # fmt: skip
def test_windows_have_one_size_and_cores_cover_the_scene_once(
    size: int, tile: int, overlap: int, is_fixed: bool
) -> None:
    if tile - 2 * overlap < 1:
        with pytest.raises(TilingError, match="half a tile"):
            plan_plain_grid(size, size, tile, overlap, halo())
        return
    grid = plan_plain_grid(size, size, tile, overlap, halo(tile if is_fixed else None))
    sides = {one.window_stop - one.window_start for one in grid.rows.tiles}
    assert sides == {tile if is_fixed else min(tile, size)}
    covered = np.zeros(size, int)
    for one in grid.rows.tiles:
        assert one.window_start <= one.core_start < one.core_stop <= one.window_stop
        assert one.core_start - one.window_start == one.crop_start
        covered[one.core_start : one.core_stop] += 1
    assert (covered == 1).all()


def test_tiles_lie_side_by_side_and_the_last_is_moved_back() -> None:
    grid = plan_plain_grid(50, 60, 20, 0, halo())
    assert [one.window_start for one in grid.rows.tiles] == [0, 20, 30]
    assert [one.window_start for one in grid.columns.tiles] == [0, 20, 40]
    # A pixel belongs to the window whose middle is nearest.
    assert [one.core_start for one in grid.rows.tiles] == [0, 20, 35]


def test_an_overlap_on_each_side_shortens_the_step_by_two() -> None:
    grid = plan_plain_grid(100, 100, 20, 4, halo())
    starts = [one.window_start for one in grid.rows.tiles]
    assert starts[:3] == [0, 12, 24]
    assert starts[-2:] == [72, 80]
    assert grid.overlap_px == 12


def test_a_scene_smaller_than_a_fixed_tile_is_extended() -> None:
    grid = plan_plain_grid(30, 50, 64, 0, halo(64))
    (row,) = grid.rows.tiles
    assert (row.window_start, row.window_stop) == (0, 64)
    assert (row.core_start, row.core_stop) == (0, 30)
    assert grid.output_shape == (30, 50)
