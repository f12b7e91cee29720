"""Weights of overlapping tiles sum to one everywhere, and mix as an obvious reference does."""

from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import numpy.typing as npt
from builders.halos import MIXED, Drawn, grids
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edgers.contract.model import Blend
from edgers.pipeline.seams import Seams
from edgers.tiling.blending import WINDOWS
from edgers.tiling.grid import Grid
from edgers.tiling.halo import Halo

MANY = settings(
    max_examples=150, deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)  # fmt: skip

Floats = npt.NDArray[np.float64]


@MANY
@given(drawn=grids(MIXED, most_px=400))
def test_weights_are_above_zero_and_sum_to_one_on_both_axes(drawn: Drawn) -> None:
    grid, _ = drawn
    weights = grid.weights
    assert weights is not None
    for tiles, count in zip((weights.rows, weights.columns), grid.output_shape, strict=True):
        total = np.zeros(count)
        for one in tiles:
            assert one.weights.shape == (one.stop - one.start,)
            assert (one.weights > 0).all()
            total[one.start : one.stop] += one.weights
        assert np.abs(total - 1).max() < 1e-6


def raw_weights(rule: Blend, count: int) -> Floats:
    """Weights before they are divided by their sum, worked out one by one."""
    found = []
    for i in range(count):
        if rule == "hann":
            found.append(0.5 - 0.5 * np.cos(2 * np.pi * (i + 0.5) / count))
        elif rule == "linear":
            found.append(min(i, count - 1 - i) + 0.5)
        else:
            found.append(1.0)
    return np.array(found)


@settings(deadline=None)
@given(rule=st.sampled_from(MIXED), count=st.integers(1, 3000))
def test_windows_are_what_their_names_say(rule: Blend, count: int) -> None:
    wanted = raw_weights(rule, count)
    np.testing.assert_allclose(WINDOWS[rule](count), wanted, rtol=1e-9, atol=1e-12)
    assert (WINDOWS[rule](count) > 0).all()


def scores_of(grid: Grid, halo: Halo, channels: int, seed: int) -> list[npt.NDArray[np.float32]]:
    """Give random scores for the whole window of each tile, in the order of work."""
    random = np.random.default_rng(seed)
    found = []
    for tile in grid:
        height, width = tile.window_shape
        shape = channels, halo.height.output_size(height), halo.width.output_size(width)
        found.append(random.normal(0, 3, shape).astype(np.float32))
    return found


def mixed_whole(
    grid: Grid, halo: Halo, rule: Blend, scores: list[npt.NDArray[np.float32]]
) -> Floats:
    """Mix over whole arrays: sums of weight × score over sums of weights."""
    height, width = grid.output_shape
    channels = len(scores[0])
    room = grid.tile_px * 2 + 8
    above = np.zeros((channels, height + room, width + room))
    below = np.zeros((height + room, width + room))
    for tile, score in zip(grid, scores, strict=True):
        top = int(tile.rows.window_start / halo.height.stride)
        left = int(tile.columns.window_start / halo.width.stride)
        weight = np.outer(raw_weights(rule, score.shape[1]), raw_weights(rule, score.shape[2]))
        there = (slice(top, top + score.shape[1]), slice(left, left + score.shape[2]))
        above[:, there[0], there[1]] += weight * score
        below[there] += weight
    return above[:, :height, :width] / below[:height, :width]


def mixed(grid: Grid, scores: list[npt.NDArray[np.float32]], folder: Path) -> Floats:
    """Mix tile by tile, as a run does."""
    weights = grid.weights
    assert weights is not None
    seams = Seams(grid, weights, len(scores[0]), folder)
    found = np.full((len(scores[0]), *grid.output_shape), np.nan)
    for tile, score in zip(grid, scores, strict=True):
        core, _ = seams.add(tile, seams.parts(tile, score))
        rows, columns = tile.rows, tile.columns
        there = found[:, rows.core_start : rows.core_stop, columns.core_start : columns.core_stop]
        there[...] = core
        seams.forget(tile.index + 1)
    return found


SMALL = settings(MANY, max_examples=40)


@SMALL
@given(drawn=grids(MIXED, most_px=80, most_overlap_px=16), seed=st.integers(0, 2**16))
def test_seams_mix_as_whole_arrays_do(drawn: Drawn, seed: int) -> None:
    grid, halo = drawn
    assert grid.weights is not None
    scores = scores_of(grid, halo, 2, seed)
    with TemporaryDirectory() as folder:
        found = mixed(grid, scores, Path(folder))
    wanted = mixed_whole(grid, halo, grid.weights.rule, scores)
    np.testing.assert_allclose(found, wanted, rtol=0, atol=1e-5)


@SMALL
@given(drawn=grids(MIXED, most_px=120, most_overlap_px=24), value=st.floats(-100, 100, width=32))
def test_scores_that_are_the_same_everywhere_stay_so(drawn: Drawn, value: float) -> None:
    grid, halo = drawn
    scores = [np.full_like(one, value) for one in scores_of(grid, halo, 1, 0)]
    with TemporaryDirectory() as folder:
        found = mixed(grid, scores, Path(folder))
    assert grid.weights is not None
    summands = np.prod(
        [
            max(len(tile.parts) for tile in axis)
            for axis in (grid.weights.rows, grid.weights.columns)
        ]
    )
    # Where hundreds of tiles meet, single precision rounds as many times.
    allowed = max(1e-6, 1e-7 * summands)
    assert np.abs(found - value).max() <= allowed * max(1.0, abs(value))
