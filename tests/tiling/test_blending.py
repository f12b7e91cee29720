"""What each tile counts where tiles overlap: named cases with numbers."""

from dataclasses import replace

import numpy as np
import pytest
from builders.halos import MIXED, coarse_halo, same_halo, valid_halo, with_overlap

from edgers.contract.model import Blend
from edgers.tiling.axis_tiles import plan_axis
from edgers.tiling.blending import AxisBlend, Part, blend_axis
from edgers.tiling.halo import AxisHalo


def blended(
    size_px: int, tile_px: int, halo: AxisHalo, rule: Blend = "hann"
) -> AxisBlend:  # fmt: skip
    return blend_axis(plan_axis(size_px, tile_px, halo), halo, rule)


TWO = with_overlap(same_halo(), 2)
"""Tiles of 8 px on 12 px then read 0 to 8 and 4 to 12."""


@pytest.mark.parametrize(
    ("rule", "first"),
    [
        ("average", [1, 1, 1, 1, 0.5, 0.5, 0.5, 0.5]),
        ("linear", [1, 1, 1, 1, 7 / 8, 5 / 8, 3 / 8, 1 / 8]),
        ("hann", [1, 1, 1, 1, *(np.cos(np.pi * np.array([1, 3, 5, 7]) / 16) ** 2)]),
    ],
)
def test_weights_of_two_tiles(rule: Blend, first: list[float]) -> None:
    one, two = blended(12, 8, TWO, rule).tiles
    assert (one.start, one.stop, two.start, two.stop) == (0, 8, 4, 12)
    np.testing.assert_allclose(one.weights, first, atol=1e-7)
    np.testing.assert_allclose(two.weights, first[::-1], atol=1e-7)


def test_a_core_ends_where_the_next_tile_begins() -> None:
    found = blended(12, 8, TWO)
    assert [(tile.core_start, tile.core_stop) for tile in found.plan.tiles] == [(0, 4), (4, 12)]
    assert [tile.crop_start for tile in found.plan.tiles] == [0, 0]
    one, two = found.tiles
    assert one.parts == (Part(core=0, start=0, stop=4), Part(core=1, start=4, stop=8))
    assert two.parts == (Part(core=1, start=4, stop=12),)


def test_windows_stay_as_they_were_planned() -> None:
    plan = plan_axis(101, 32, with_overlap(same_halo(), 5))
    found = blend_axis(plan, with_overlap(same_halo(), 5), "hann").plan
    for one, other in zip(plan.tiles, found.tiles, strict=True):
        assert (one.window_start, one.window_stop) == (other.window_start, other.window_stop)
    assert replace(found, tiles=plan.tiles) == plan


@pytest.mark.parametrize("rule", MIXED)
@pytest.mark.parametrize("size_px", [1, 5, 32])
def test_one_tile_counts_all(rule: Blend, size_px: int) -> None:
    (one,) = blended(size_px, 32, with_overlap(same_halo(), 5), rule).tiles
    assert one.weights.tolist() == [1.0] * size_px
    assert one.parts == (Part(core=0, start=0, stop=size_px),)


@pytest.mark.parametrize("rule", MIXED)
def test_without_overlap_each_tile_counts_all(rule: Blend) -> None:
    for one in blended(100, 32, same_halo(), rule).tiles:
        assert (one.weights == 1).all()
        assert len(one.parts) == 1


@pytest.mark.parametrize("rule", MIXED)
def test_a_wide_overlap_reaches_over_several_cores(rule: Blend) -> None:
    found = blended(100, 41, with_overlap(same_halo(), 18), rule)
    assert max(len(one.parts) for one in found.tiles) > 3
    total = np.zeros(100)
    for one in found.tiles:
        total[one.start : one.stop] += one.weights
    np.testing.assert_allclose(total, 1, atol=1e-6)


@pytest.mark.parametrize("rule", ["hann", "linear"])
def test_the_tile_whose_middle_is_nearer_counts_more(rule: Blend) -> None:
    found = blended(200, 40, with_overlap(same_halo(), 8), rule)
    for one, two in zip(found.tiles, found.tiles[1:], strict=False):
        both = range(two.start, one.stop)
        assert len(both) >= 16
        left, right = one.weights[two.start - one.start :], two.weights[: len(both)]
        assert left[0] > 0.9 > 0.1 > left[-1]
        assert right[0] < 0.1 < 0.9 < right[-1]


def test_weights_are_counted_in_output_pixels() -> None:
    halo = with_overlap(coarse_halo(0, 4), 8)
    found = blended(100, 40, halo)
    assert found.plan.output_px == 25
    for tile, one in zip(found.plan.tiles, found.tiles, strict=True):
        assert one.start == tile.window_start // 4
        assert one.stop == -(-tile.window_stop // 4)


def test_a_graph_without_padding_counts_only_what_it_gives() -> None:
    found = blended(100, 40, with_overlap(valid_halo(5), 8), "average")
    assert found.plan.output_px == 96
    for tile, one in zip(found.plan.tiles, found.tiles, strict=True):
        assert (one.start, one.stop) == (tile.window_start, tile.window_stop - 4)


def test_what_lies_beyond_the_scene_counts_for_nothing() -> None:
    strict = with_overlap(same_halo(0, 8, strict=True), 8)
    found = blended(101, 40, strict)
    assert found.plan.extended_px == 104
    last = found.tiles[-1]
    assert last.stop == 101
    assert len(last.weights) == 101 - last.start
