"""Thinning: every so manieth pixel, the same ones however the scene is cut."""

import itertools
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edgers.products.draft import Draft, DraftShape
from edgers.products.preview import MAX_SIDE_PX, Thinning


@pytest.mark.parametrize(
    ("height", "width", "step", "kept"),
    [
        (1, 1, 1, (1, 1)),
        (900, 900, 1, (900, 900)),
        (901, 10, 2, (451, 5)),
        (10, 901, 2, (5, 451)),
        (1800, 1799, 2, (900, 900)),
        (1801, 7, 3, (601, 3)),
        (60_000, 20_000, 67, (896, 299)),
    ],
)
def test_a_picture_fits_its_longest_side(
    height: int, width: int, step: int, kept: tuple[int, int]
) -> None:
    thinning = Thinning(height_px=height, width_px=width)
    shape = thinning.shape(3)
    assert thinning.step == step
    assert (shape.bands, shape.height_px, shape.width_px) == (3, *kept)
    assert shape.data_type == "float32"
    assert max(kept) <= MAX_SIDE_PX


def cuts(data: st.DataObject, size: int) -> list[int]:
    """Draw where a side is cut, with parts of nothing among them."""
    inner = data.draw(st.lists(st.integers(0, size), max_size=6))
    return [0, *sorted(inner), size]


@settings(max_examples=100, deadline=None)
@given(data=st.data(), height=st.integers(1, 2800), width=st.integers(1, 2800))
def test_blocks_put_together_are_the_thinned_scene(
    data: st.DataObject, height: int, width: int
) -> None:
    thinning = Thinning(height_px=height, width_px=width)
    samples = (np.arange(height) * 7)[:, None] + np.arange(width)
    shape = thinning.shape(1)
    found = np.full((shape.height_px, shape.width_px), -1)
    rows, columns = cuts(data, height), cuts(data, width)
    for top, bottom in itertools.pairwise(rows):
        for left, right in itertools.pairwise(columns):
            kept = thinning.keep(samples[np.newaxis, top:bottom, left:right], top, left)[0]
            row, column = thinning.place(top, left)
            stop = thinning.place(bottom, right)
            assert kept.shape == (stop[0] - row, stop[1] - column)
            found[row : stop[0], column : stop[1]] = kept
    assert np.array_equal(found, samples[:: thinning.step, :: thinning.step])


@settings(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(height=st.integers(1, 2000), width=st.integers(1, 2000))
def test_a_draft_is_thinned_the_same_way(tmp_path: Path, height: int, width: int) -> None:
    samples = np.random.default_rng(0).integers(0, 255, (1, height, width)).astype("uint8")
    shape = DraftShape(bands=1, height_px=height, width_px=width, data_type="uint8")
    thinning = Thinning(height_px=height, width_px=width)
    with Draft(tmp_path / "draft", shape) as draft:
        draft.write(samples, 0, 0)
        found = thinning.of(draft)
    assert np.array_equal(found, thinning.keep(samples, 0, 0))
