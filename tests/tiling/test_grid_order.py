"""The order in which tiles are worked on, and what a grid says of its tiles."""

from contextlib import suppress
from typing import Any

import pytest
from builders.halos import ORDERS, same_halo, with_overlap

from edgers.errors import TilingError
from edgers.tiling import axis_tiles
from edgers.tiling.grid import Grid, Order, default_tile_px, plan_grid
from edgers.tiling.halo import AxisHalo, Halo


def grid(order: Order = "rows", blend: str = "trim", halo: AxisHalo | None = None) -> Grid:
    """Give 3 rows and 2 columns of tiles."""
    one = halo or same_halo()
    return plan_grid(90, 60, 30, Halo(height=one, width=one), blend=blend, order=order)  # type: ignore[arg-type]


def test_by_rows_a_row_is_finished_before_the_next() -> None:
    found = [(tile.row, tile.column) for tile in grid("rows")]
    assert found == [(0, 0), (0, 1), (1, 0), (1, 1), (2, 0), (2, 1)]


def test_by_columns_a_column_is_finished_before_the_next() -> None:
    found = [(tile.row, tile.column) for tile in grid("columns")]
    assert found == [(0, 0), (1, 0), (2, 0), (0, 1), (1, 1), (2, 1)]


@pytest.mark.parametrize("order", ORDERS)
def test_the_position_of_a_tile_is_found_again(order: Order) -> None:
    found = grid(order)
    for position, tile in enumerate(found):
        assert tile.index == position
        assert found.index(tile.row, tile.column) == position
        assert found.tile(position) == tile


def test_both_orders_have_the_same_tiles() -> None:
    places = [{(tile.rows, tile.columns) for tile in grid(order)} for order in ORDERS]
    assert places[0] == places[1]
    assert len(places[0]) == 6


@pytest.mark.parametrize("blend", ["hann", "linear", "average"])
def test_weights_say_their_rule_and_hang_on_no_order(blend: str) -> None:
    halo = with_overlap(same_halo(), 4)
    found = [grid(order, blend, halo).weights for order in ORDERS]
    assert [weights.rule for weights in found if weights] == [blend] * 2
    spans = [[(one.start, one.stop) for one in weights.rows] for weights in found if weights]
    assert spans[0] == spans[1]


def test_trimmed_tiles_have_no_weights() -> None:
    assert grid(blend="trim").weights is None


def test_a_default_tile_is_many_halos_wide_and_takes_the_smallest() -> None:
    narrow, wide = same_halo(), same_halo(40)
    assert default_tile_px(Halo(height=narrow, width=narrow)) == 256
    assert default_tile_px(Halo(height=narrow, width=wide)) == 14 * 40
    coarse = same_halo(10, 512)
    assert default_tile_px(Halo(height=narrow, width=coarse)) == 512 + 512 + 10


@pytest.mark.parametrize("tile_px", [40, 41, 42, 60])
def test_planning_takes_work_for_the_tiles_it_makes_not_for_their_square(
    monkeypatch: pytest.MonkeyPatch, tile_px: int
) -> None:
    plain, calls = axis_tiles._tile, []

    def counted(*arguments: Any) -> Any:
        calls.append(arguments)
        return plain(*arguments)

    monkeypatch.setattr(axis_tiles, "_tile", counted)
    with suppress(TilingError):  # 41 px are the least
        axis_tiles.plan_axis(600, tile_px, same_halo(20))
    # Every count from the least on would be 150 000.
    assert len(calls) < 50 * 600
