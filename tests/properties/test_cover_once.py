"""Every output pixel is contributed by one tile, whatever the graph, the sizes and the overlap."""

from dataclasses import replace

import numpy as np
import pytest
from builders.halos import (
    MIXED,
    ORDERS,
    Drawn,
    coarse_halo,
    grids,
    same_halo,
    valid_halo,
    with_overlap,
)
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edgers.contract.model import Blend
from edgers.tiling.grid import Grid, Order, plan_grid
from edgers.tiling.halo import AxisHalo, Halo

MANY = settings(
    max_examples=300, deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)  # fmt: skip


FEW = settings(MANY, max_examples=60)


def times_covered(grid: Grid) -> np.ndarray:
    counts = np.zeros(grid.output_shape, int)
    for tile in grid:
        rows, columns = tile.rows, tile.columns
        counts[rows.core_start : rows.core_stop, columns.core_start : columns.core_stop] += 1
    return counts


@MANY
@given(drawn=grids(("trim", *MIXED)))
def test_cores_cover_the_product_once(drawn: Drawn) -> None:
    grid, _ = drawn
    assert (times_covered(grid) == 1).all()
    assert sum(tile.core_shape[0] * tile.core_shape[1] for tile in grid) == np.prod(
        grid.output_shape
    )


@MANY
@given(drawn=grids(("trim", *MIXED)))
def test_windows_stay_inside_and_hold_what_they_contribute(drawn: Drawn) -> None:
    grid, halo = drawn
    for plan, axis in ((grid.rows, halo.height), (grid.columns, halo.width)):
        assert plan.output_px == (axis.output_size(plan.extended_px) or 0) - int(
            (plan.extended_px - plan.size_px) / axis.stride
        )
        for tile in plan.tiles:
            assert 0 <= tile.window_start < tile.window_stop <= plan.extended_px
            assert tile.window_start < plan.size_px
            assert tile.window_start % axis.align_px == 0
            length = tile.window_stop - tile.window_start
            given_px = axis.output_size(length)
            assert given_px is not None
            assert axis.fixed_px in (None, length)
            first = int(tile.window_start / axis.stride)
            assert tile.crop_start == tile.core_start - first >= 0
            assert tile.core_start <= tile.core_stop <= first + given_px


@FEW
@given(drawn=grids(MIXED, most_px=90, most_overlap_px=16))
def test_no_tile_adds_to_a_core_that_is_done(drawn: Drawn) -> None:
    grid, _ = drawn
    weights = grid.weights
    assert weights is not None
    for tile in grid:
        counts = np.zeros(grid.output_shape, int)
        down, across = weights.rows[tile.row], weights.columns[tile.column]
        targets = []
        for high in down.parts:
            for wide in across.parts:
                targets.append(grid.index(high.core, wide.core))
                core = grid.tile(targets[-1])
                assert core.rows.core_start <= high.start <= high.stop <= core.rows.core_stop
                assert core.columns.core_start <= wide.start
                assert wide.start <= wide.stop <= core.columns.core_stop
                counts[high.start : high.stop, wide.start : wide.stop] += 1
        assert targets[0] == tile.index == min(targets)
        span = counts[down.start : down.stop, across.start : across.stop]
        assert (span == 1).all()
        assert span.sum() == counts.sum()


@settings(max_examples=200, deadline=None)
@given(rows=st.integers(1, 300), columns=st.integers(1, 300), order=st.sampled_from(ORDERS))
def test_each_tile_has_one_place_in_the_order(rows: int, columns: int, order: Order) -> None:
    halo = same_halo(3)
    grid = plan_grid(rows, columns, 20, Halo(height=halo, width=halo), order=order)
    tiles = list(grid)
    assert [tile.index for tile in tiles] == list(range(len(grid)))
    assert [grid.index(tile.row, tile.column) for tile in tiles] == list(range(len(grid)))
    places = {(tile.row, tile.column) for tile in tiles}
    assert len(places) == len(grid) == len(grid.rows.tiles) * len(grid.columns.tiles)
    for tile in tiles:
        assert tile.rows is grid.rows.tiles[tile.row]
        assert tile.columns is grid.columns.tiles[tile.column]


CASES: dict[str, tuple[AxisHalo, int, int]] = {
    "margin 0": (same_halo(), 100, 32),
    "odd last tile": (with_overlap(same_halo(), 5), 101, 32),
    "scene smaller than a tile": (with_overlap(same_halo(), 5), 7, 64),
    "scene of one pixel": (with_overlap(same_halo(), 5), 1, 64),
    "overlap of nearly half a tile": (with_overlap(same_halo(), 15), 100, 31),
    "overlap of more than half the step": (with_overlap(same_halo(), 20), 100, 48),
    "strided output": (with_overlap(coarse_halo(3, 4), 8), 103, 40),
    "valid output": (with_overlap(valid_halo(5), 8), 101, 40),
    "valid strided output": (with_overlap(valid_halo(5, 2), 8), 101, 40),
    "sizes of a multiple": (with_overlap(same_halo(4, 8, strict=True), 8), 101, 40),
}


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("blend", ["trim", *MIXED])
@pytest.mark.parametrize("order", ORDERS)
def test_named_cases(name: str, blend: Blend, order: Order) -> None:
    halo, size, tile = CASES[name]
    both = Halo(height=halo, width=halo)
    grid = plan_grid(size, size, tile, both, blend=blend, order=order)
    assert (times_covered(grid) == 1).all()
    assert grid.tile_px <= tile


@pytest.mark.parametrize("size_px", [1, 30, 63, 64, 65, 90, 97, 128, 150])
@pytest.mark.parametrize("align_px", [1, 2, 32, 64])
def test_a_graph_of_one_size_covers_any_scene(size_px: int, align_px: int) -> None:
    halo = replace(same_halo(0, align_px, strict=True), fixed_px=64)
    grid = plan_grid(size_px, 64, 64, Halo(height=halo, width=halo))
    assert (times_covered(grid) == 1).all()
    assert {tile.window_shape for tile in grid} == {(64, 64)}
