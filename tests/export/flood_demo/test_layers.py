"""The pieces a scene is drawn from, each against a case with a known answer."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgers.export.flood_demo.bands import BANDS, scaled
from edgers.export.flood_demo.distance import signed_distance_px
from edgers.export.flood_demo.frame import Mask
from edgers.export.flood_demo.meander import Course, crossing_course
from edgers.export.flood_demo.noise import cell_uniform, fractal_noise
from edgers.export.flood_demo.resampling import block_mean, blurred, enlarged
from edgers.export.flood_demo.waters import CONNECTION_FACTOR, connected


def test_distance_from_a_straight_line_is_exact() -> None:
    along = np.arange(-200, 400, dtype=np.float32)
    course = Course(x_px=along, y_px=np.full_like(along, 40.0))
    distance = signed_distance_px(course, (120, 150))
    rows = np.arange(120, dtype=np.float32)[:, None]
    # Interpolation ends at the outermost coarse centres, so the last two rows are level.
    np.testing.assert_allclose(distance[2:-2], np.broadcast_to(rows - 40.0, (120, 150))[2:-2])


def test_distance_from_a_meander_is_that_of_its_nearest_point() -> None:
    course = crossing_course(
        np.random.default_rng(0),
        (96, 128),
        heading_rad=0.3,
        offset_px=0.0,
        wavelength_px=90.0,
        bend_rad=1.2,
    )
    found = np.abs(signed_distance_px(course, (96, 128)))[2:-2, 2:-2]
    rows, columns = np.mgrid[2:94, 2:126].astype(np.float32)
    away = np.hypot(columns[..., None] - course.x_px, rows[..., None] - course.y_px).min(axis=-1)
    assert np.abs(found - away).mean() < 0.4
    assert np.abs(found - away).max() < 4.0


def flooded_slowly(passable: Mask, seeds: Mask) -> Mask:
    filled = seeds & passable
    while True:
        grown = filled.copy()
        grown[1:] |= filled[:-1]
        grown[:-1] |= filled[1:]
        grown[:, 1:] |= filled[:, :-1]
        grown[:, :-1] |= filled[:, 1:]
        grown &= passable
        if (grown == filled).all():
            return filled
        filled = grown


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 14), st.integers(1, 14))
def test_flood_reaches_what_a_plain_flood_fill_reaches(seed: int, rows: int, columns: int) -> None:
    generator = np.random.default_rng(seed)
    cells = generator.random((rows, columns)) < 0.65
    seeds = generator.random((rows, columns)) < 0.05
    fine = np.ones((CONNECTION_FACTOR, CONNECTION_FACTOR), dtype=np.bool_)
    found = connected(np.kron(cells, fine), np.kron(seeds, fine))
    np.testing.assert_array_equal(found, np.kron(flooded_slowly(cells, seeds), fine))


def test_enlarging_undoes_block_means_of_a_plane() -> None:
    rows, columns = np.mgrid[0:24, 0:32].astype(np.float32)
    plane = 3.0 * rows - 2.0 * columns
    again = enlarged(block_mean(plane, 4), 4, plane.shape)
    np.testing.assert_allclose(again[2:-2, 2:-2], plane[2:-2, 2:-2], atol=1e-4)


def test_blur_keeps_the_level_and_spreads_a_point() -> None:
    point = np.zeros((31, 31), dtype=np.float32)
    point[15, 15] = 1.0
    spread = blurred(point, 1.5)
    assert spread.sum() == pytest.approx(1.0, abs=1e-5)
    assert spread[15, 15] == spread.max() < 0.1
    np.testing.assert_allclose(blurred(np.ones_like(point), 2.0), 1.0, rtol=1e-6)


def test_noise_is_standardised_and_smoother_with_a_steeper_slope() -> None:
    rough, smooth = (
        fractal_noise(np.random.default_rng(3), (90, 121), coarsest_px=30.0, slope=slope)
        for slope in (1.0, 4.0)
    )
    for field in (rough, smooth):
        assert field.shape == (90, 121)
        assert field.dtype == np.float32
        assert field.mean() == pytest.approx(0.0, abs=1e-4)
        assert field.std() == pytest.approx(1.0, abs=1e-3)
    assert np.abs(np.diff(smooth)).mean() < 0.5 * np.abs(np.diff(rough)).mean()


def test_cell_numbers_are_uniform_and_belong_to_the_cell() -> None:
    cells = np.arange(20_000, dtype=np.uint32).reshape(100, 200)
    first, again = cell_uniform(cells, salt=1), cell_uniform(cells[::-1], salt=1)
    np.testing.assert_array_equal(first, again[::-1])
    assert 0.0 <= first.min() < first.max() < 1.0
    assert np.abs(np.histogram(first, bins=10)[0] / first.size - 0.1).max() < 0.01


def test_scaling_fills_nodata_with_the_mean() -> None:
    counts = np.zeros((6, 2, 2), dtype=np.uint16)
    counts[:, 0, 0] = [round(band.mean + band.stddev) for band in BANDS]
    values = scaled(counts)
    assert values.dtype == np.float32
    np.testing.assert_allclose(values[:, 0, 0], 1.0, atol=1e-3)
    assert (values[:, 1] == 0.0).all()
