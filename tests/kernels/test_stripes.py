"""Statistics of detectors, and stripes taken out by gain and offset."""

import numpy as np
import pytest
from builders.cubes import cube_of, cubes
from builders.cuda_simulator import launch
from hypothesis import given, settings
from hypothesis import strategies as st

from edgers.errors import BadInputError
from edgers.kernels.column_moments import ColumnMoments, merge_moments
from edgers.kernels.cpu import stripes as cpu
from edgers.kernels.cuda import stripes as device
from edgers.kernels.moment_matching import Gains, match_moments
from edgers.kernels.reference import stripes as reference
from edgers.kernels.spectra import Cube


def assert_close(found: ColumnMoments, wanted: ColumnMoments) -> None:
    """Sums in float64 in another order: 1e-12 of the samples' size, and of its square."""
    assert np.array_equal(found.count, wanted.count)
    assert np.array_equal(found.minimum, wanted.minimum, equal_nan=True)
    assert np.array_equal(found.maximum, wanted.maximum, equal_nan=True)
    size = np.fmax(np.abs(wanted.minimum), np.abs(wanted.maximum)).astype(np.float64)
    # Whatever is not finite came from an infinite sample; it stays not finite.
    usual = np.isfinite(size)
    assert (np.isfinite(found.mean) == usual).all()
    assert (np.abs(found.mean - wanted.mean)[usual] <= 1e-12 * size[usual]).all()
    bound = 1e-12 * wanted.squares + 1e-12 * wanted.count * size**2
    assert (np.abs(found.squares - wanted.squares)[usual] <= bound[usual]).all()


@settings(max_examples=80, deadline=None, derandomize=True)
@given(cube=cubes())
def test_moments_on_the_cpu_equal_the_reference(cube: Cube) -> None:
    with np.errstate(invalid="ignore"):
        assert_close(cpu.column_moments(cube), reference.column_moments(cube))


@pytest.mark.parametrize("rows", [1, 2, 3, 4, 5, 8])
def test_blocks_of_rows_and_columns_meet_without_a_gap(rows: int) -> None:
    cube = cube_of(rows, 2, rows, 600, holes=0.2)
    assert_close(cpu.column_moments(cube), reference.column_moments(cube))


@settings(max_examples=30, deadline=None, derandomize=True)
@given(cube=cubes(), cuts=st.lists(st.integers(0, 9), max_size=3))
def test_windows_in_any_order_give_the_statistics_of_all(cube: Cube, cuts: list[int]) -> None:
    cube = np.where(np.isinf(cube), np.float32(3), cube)
    edges = sorted({0, len(cube[0]), *(min(cut, len(cube[0])) for cut in cuts)})
    parts = [cpu.column_moments(part) for part in np.split(cube, edges, axis=1)]
    assert_close(merge_moments(parts[::-1]), reference.column_moments(cube))


def test_moments_by_hand() -> None:
    cube = np.array([[[1, np.nan, 5], [3, np.nan, np.nan], [8, np.nan, 5]]], np.float32)
    for form in (cpu, reference):
        found = form.column_moments(cube)
        assert found.count.tolist() == [[3, 0, 2]]
        np.testing.assert_allclose(found.mean, [[4, np.nan, 5]])
        np.testing.assert_allclose(found.squares, [[26, 0, 0]])
        np.testing.assert_allclose(found.stddev, [[np.sqrt(26 / 3), np.nan, 0]])
        np.testing.assert_allclose(found.minimum, [[1, np.nan, 5]])
        np.testing.assert_allclose(found.maximum, [[8, np.nan, 5]])


def test_a_far_mean_costs_no_accuracy() -> None:
    cube = (1e6 + np.random.default_rng(0).normal(0, 0.5, (1, 5000, 3))).astype(np.float32)
    for form in (cpu, reference):
        found = form.column_moments(cube)
        np.testing.assert_allclose(found.stddev[0], cube[0].std(axis=0, dtype=float), rtol=1e-9)


@settings(max_examples=40, deadline=None, derandomize=True)
@given(cube=cubes(), seed=st.integers(0, 99))
def test_gains_on_the_cpu_equal_the_reference_bit_by_bit(cube: Cube, seed: int) -> None:
    gains = gains_for(cube, seed)
    found = cpu.apply_gains(cube, gains)
    assert np.array_equal(found, reference.apply_gains(cube, gains), equal_nan=True)


def gains_for(cube: Cube, seed: int) -> Gains:
    random = np.random.default_rng(seed)
    shape = cube.shape[0], cube.shape[2]
    return Gains(
        gain=random.normal(1, 0.1, shape).astype(np.float32),
        offset=random.normal(0, 50, shape).astype(np.float32),
    )


@settings(max_examples=10, deadline=None, derandomize=True)
@given(
    bands=st.integers(1, 3), rows=st.integers(1, 7), columns=st.integers(1, 7),
    holes=st.sampled_from([0.0, 0.5]),
)  # fmt: skip
def test_cuda_equals_the_reference(bands: int, rows: int, columns: int, holes: float) -> None:
    cube = cube_of(rows, bands, rows, columns, level=1e4, holes=holes)
    detectors = bands * columns
    count = np.zeros(detectors, np.int32)
    mean, squares = np.zeros((2, detectors))
    low, high = np.zeros((2, detectors), np.float32)
    launch(
        device.column_moments, detectors, cube.ravel(), count, mean, squares, low, high, rows,
        columns, detectors,
    )  # fmt: skip
    found = ColumnMoments(
        count=count.reshape(bands, columns).astype(np.int64),
        mean=mean.reshape(bands, columns), squares=squares.reshape(bands, columns),
        minimum=low.reshape(bands, columns), maximum=high.reshape(bands, columns),
    )  # fmt: skip
    assert_close(found, reference.column_moments(cube))
    gains, out = gains_for(cube, rows), np.zeros(cube.size, np.float32)
    launch(
        device.apply_gains, cube.size, cube.ravel(), gains.gain.ravel(), gains.offset.ravel(),
        out, rows, columns, cube.size,
    )  # fmt: skip
    wanted = reference.apply_gains(cube, gains)
    assert np.array_equal(out.reshape(cube.shape), wanted, equal_nan=True)


def scene(rows: int = 256, columns: int = 192) -> Cube:
    """A smooth scene with a disc in it, much alike in all columns; 2 bands."""
    down, right = np.mgrid[:rows, :columns] / 100
    plane = 1000 + 300 * np.sin(9 * down) + 60 * np.sin(2 * right)
    plane += 200 * ((down - 1.3) ** 2 + (right - 0.9) ** 2 < 0.1)
    return np.stack([plane, 0.5 * plane]).astype(np.float32)


def striped(clean: Cube) -> Cube:
    random = np.random.default_rng(7)
    gain = random.normal(1, 0.04, (clean.shape[0], 1, clean.shape[2]))
    offset = random.normal(0, 25, gain.shape)
    return (clean * gain + offset).astype(np.float32)


def psnr(found: Cube, clean: Cube) -> float:
    """Peak signal to noise in dB, peak being the largest sample of the scene."""
    return float(10 * np.log10(clean.max() ** 2 / np.mean((found - clean) ** 2.0)))


def destriped(cube: Cube, window: int | None) -> Cube:
    return cpu.apply_gains(cube, match_moments(cpu.column_moments(cube), window=window))


@pytest.mark.parametrize(("window", "least_gain_db"), [(None, 1), (21, 9)])
def test_planted_stripes_go(window: int | None, least_gain_db: float) -> None:
    clean = scene()
    before = psnr(striped(clean), clean)
    assert psnr(destriped(striped(clean), window), clean) > before + least_gain_db


def test_detectors_of_a_band_become_alike() -> None:
    found = cpu.column_moments(destriped(striped(scene()), None))
    assert np.ptp(found.mean, axis=1).max() < 1e-2
    assert np.ptp(found.stddev, axis=1).max() < 1e-2


def test_a_scene_without_stripes_hardly_changes() -> None:
    clean = scene()
    # A window follows what changes slowly across track; the whole band would flatten it.
    assert psnr(destriped(clean, 11), clean) > 40
    same = np.repeat(clean[:, :, :1], 30, axis=2)
    np.testing.assert_allclose(destriped(same, None), same, rtol=1e-5)


def test_matching_by_hand() -> None:
    cube = np.array([[[0, 6, 5, np.nan], [2, 10, 5, np.nan]]], np.float32)
    gains = match_moments(reference.column_moments(cube))
    # Means 1, 8, 5; mean 14 / 3. Variances 1, 4, 0; mean 5 / 3.
    spread = np.sqrt(5 / 3)
    np.testing.assert_allclose(gains.gain, [[spread, spread / 2, 1, 1]], rtol=1e-6)
    wanted = [14 / 3 - spread, 14 / 3 - spread / 2 * 8, 14 / 3 - 5, 0]
    np.testing.assert_allclose(gains.offset, [wanted], rtol=1e-5)


def test_a_window_takes_the_columns_around() -> None:
    cube = np.array([[[0, 6, 10, 40], [2, 8, 12, 42]]], np.float32)
    gains = match_moments(reference.column_moments(cube), window=3)
    np.testing.assert_allclose(gains.gain, 1, rtol=1e-6)
    np.testing.assert_allclose(gains.offset, [[4 - 1, 19 / 3 - 7, 59 / 3 - 11, 26 - 41]], rtol=1e-5)


def test_what_does_not_fit_is_refused() -> None:
    cube = scene(8, 8)
    wrong = Gains(gain=np.ones((2, 7), np.float32), offset=np.ones((2, 8), np.float32))
    for form in (cpu, reference):
        with pytest.raises(BadInputError, match="gain or offset"):
            form.apply_gains(cube, wrong)
        with pytest.raises(BadInputError, match="not a cube"):
            form.column_moments(cube[0])
    with pytest.raises(BadInputError, match="odd number of columns"):
        match_moments(cpu.column_moments(cube), window=4)
    with pytest.raises(BadInputError, match="whole rows"):
        merge_moments([cpu.column_moments(cube), cpu.column_moments(cube[:1])])
    with pytest.raises(BadInputError, match="whole rows"):
        merge_moments([])
