"""Median, Gaussian and Savitzky-Golay filters."""

from itertools import product

import numpy as np
import pytest
from builders.cubes import cube_of, cubes, same_holes
from builders.cuda_simulator import launch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage, signal

from edgers.errors import BadInputError
from edgers.kernels.cpu import denoise as cpu
from edgers.kernels.cuda import denoise as device
from edgers.kernels.median_network import median_network, sorting_network
from edgers.kernels.reference import denoise as reference
from edgers.kernels.smoothing import gaussian_weights, savitzky_golay_weights
from edgers.kernels.spectra import Cube


@settings(max_examples=60, deadline=None, derandomize=True)
@given(cube=cubes(), size=st.sampled_from([3, 5]))
def test_medians_on_the_cpu_equal_the_reference_bit_by_bit(cube: Cube, size: int) -> None:
    found = cpu.median_filter(cube, size)
    assert np.array_equal(found, reference.median_filter(cube, size), equal_nan=True)


@pytest.mark.parametrize("size", [3, 5])
def test_medians_are_those_of_scipy(size: int) -> None:
    cube = cube_of(1, 2, 40, 600)
    wanted = ndimage.median_filter(cube, (1, size, size))
    assert np.array_equal(cpu.median_filter(cube, size), wanted)
    assert np.array_equal(reference.median_filter(cube[:, :9, :9], size),
                          ndimage.median_filter(cube[:, :9, :9], (1, size, size)))  # fmt: skip


def test_blocks_with_and_without_holes_meet_without_a_gap() -> None:
    cube = cube_of(2, 1, 5, 600)
    cube[0, 2, [0, 255, 256, 599]] = np.nan
    assert np.array_equal(
        cpu.median_filter(cube, 5), reference.median_filter(cube, 5), equal_nan=True
    )


def test_medians_by_hand() -> None:
    cube = np.array([[[9, 1, np.nan], [4, 7, 2], [np.nan, 5, 3]]], np.float32)
    for form in (cpu, reference):
        found = form.median_filter(cube)
        # Around the middle 1 2 3 4 5 7 9; at the upper left, mirrored, 9 9 9 9 1 1 4 4 7.
        assert found[0, 1, 1] == 4
        assert found[0, 0, 0] == 7
        # At the upper edge 9 1 9 1 4 7 2, at the right 2 2 1 7 7 5 3 3 less none of the holes.
        assert found[0, 0, 1] == 4
        assert found[0, 1, 2] == 3
        assert np.isnan(found[0, 0, 2])
        assert np.isnan(found[0, 2, 0])


def test_an_even_number_of_samples_has_the_mean_of_two() -> None:
    cube = np.array([[[np.nan, 1.0, 4.0]]], np.float32)
    for form in (cpu, reference):
        # Mirrored rows: three times 1 and six times 4, and three times 1 and 4.
        assert form.median_filter(cube)[0, 0].tolist()[1:] == [2.5, 4.0]


@pytest.mark.parametrize("count", range(14))
def test_networks_sort_all_rows_of_zeros_and_ones(count: int) -> None:
    """What sorts these sorts everything (Knuth, zero-one principle)."""
    rows = np.array(list(product((0, 1), repeat=count)), np.int8).T.copy()
    for a, b in sorting_network(count):
        rows[a], rows[b] = np.minimum(rows[a], rows[b]), np.maximum(rows[a], rows[b])
    assert (np.diff(rows, axis=0) >= 0).all()


@pytest.mark.parametrize("size", [3, 5])
def test_the_network_finds_the_median_of_any_zeros_and_ones(size: int) -> None:
    network = median_network(size)
    if size == 3:
        window = np.array(list(product((0, 1), repeat=9)), np.int8).T.copy()
    else:
        window = np.random.default_rng(0).integers(0, 2, (25, 200_000)).astype(np.int8)
    wanted = (window.sum(axis=0) > size * size // 2).astype(np.int8)
    columns = window.reshape(size, size, -1)
    for a, b in network.columns:
        columns[a], columns[b] = (
            np.minimum(columns[a], columns[b]),
            np.maximum(columns[a], columns[b]),
        )
    for a, b in network.window:
        window[a], window[b] = np.minimum(window[a], window[b]), np.maximum(window[a], window[b])
    assert np.array_equal(window[network.place], wanted)


def assert_smooth(found: Cube, wanted: Cube, cube: Cube) -> None:
    """Up to 2 · 129 float32 products: 1e-5 of the largest sample about, here of all."""
    assert same_holes(found, wanted)
    assert np.array_equal(np.isinf(found), np.isinf(wanted))
    usual = np.isfinite(wanted)
    size = np.abs(cube[np.isfinite(cube)]).max(initial=0)
    assert (np.abs(found[usual] - wanted[usual]) <= 1e-5 * size).all()


@settings(max_examples=60, deadline=None, derandomize=True)
@given(cube=cubes(), sigma=st.sampled_from([0.3, 1.0, 2.5, 10.0]))
def test_gaussians_on_the_cpu_equal_the_reference(cube: Cube, sigma: float) -> None:
    assert_smooth(cpu.gaussian_filter(cube, sigma), reference.gaussian_filter(cube, sigma), cube)


def test_a_gaussian_far_from_borders_and_holes_is_that_of_scipy() -> None:
    cube = cube_of(3, 2, 30, 40)
    wanted = ndimage.gaussian_filter(cube, 1.5, radius=5, axes=(1, 2))
    for form in (cpu, reference):
        found = form.gaussian_filter(cube, 1.5)
        np.testing.assert_allclose(found[:, 5:-5, 5:-5], wanted[:, 5:-5, 5:-5], rtol=1e-5)


def test_a_gaussian_gives_the_weight_of_holes_to_the_others() -> None:
    cube = np.array([[[1.0, np.nan, 3.0, 5.0]]], np.float32)
    a, b = np.exp(-0.5), np.exp(-2)
    for form in (cpu, reference):
        found = form.gaussian_filter(cube)[0, 0]
        assert np.isnan(found[1])
        c = np.exp(-4.5)
        np.testing.assert_allclose(found[0], (1 + 3 * b + 5 * c) / (1 + b + c), rtol=1e-6)
        np.testing.assert_allclose(found[2], (3 + b + 5 * a) / (1 + a + b), rtol=1e-6)
        flat = np.full((1, 9, 9), 7, np.float32)
        np.testing.assert_allclose(form.gaussian_filter(flat, 3), 7, rtol=1e-6)


WINDOWS = st.sampled_from([(1, 0), (3, 0), (3, 2), (5, 3), (7, 2), (9, 4), (11, 2), (13, 5)])


@settings(max_examples=60, deadline=None, derandomize=True)
@given(cube=cubes(), window=WINDOWS, is_even=st.booleans())
def test_savitzky_golay_on_the_cpu_equals_the_reference_bit_by_bit(
    cube: Cube, window: tuple[int, int], is_even: bool
) -> None:
    if window[0] > len(cube):
        return
    places = None if is_even else np.cumsum(np.random.default_rng(1).uniform(1, 9, len(cube)))
    found = cpu.savitzky_golay(cube, *window, places)
    assert np.array_equal(found, reference.savitzky_golay(cube, *window, places), equal_nan=True)


@pytest.mark.parametrize("window", [(1, 0), (3, 1), (5, 3), (7, 2), (9, 2), (11, 4), (15, 3)])
def test_savitzky_golay_is_that_of_scipy(window: tuple[int, int]) -> None:
    cube = cube_of(4, 30, 23, 25)
    wanted = signal.savgol_filter(cube.astype(np.float64), *window, axis=0, mode="interp")
    for form in (cpu, reference):
        np.testing.assert_allclose(form.savitzky_golay(cube, *window), wanted, atol=2e-3)


def test_polynomials_in_wavelength_stay_however_uneven() -> None:
    places = 400 + np.cumsum(np.random.default_rng(5).uniform(2, 15, 40))
    spectrum = 3 + 0.02 * (places - 600) + 1e-4 * (places - 600) ** 2
    cube = spectrum.astype(np.float32)[:, None, None]
    np.testing.assert_allclose(cpu.savitzky_golay(cube, 7, 2, places), cube, rtol=2e-5)
    assert np.abs(cpu.savitzky_golay(cube, 7, 2) - cube).max() > 0.05


def test_savitzky_golay_passes_missing_samples_on() -> None:
    cube = cube_of(6, 12, 1, 2)
    cube[5, 0, 0] = np.nan
    for form in (cpu, reference):
        found = np.isnan(form.savitzky_golay(cube, 5, 2))
        assert np.flatnonzero(found[:, 0, 0]).tolist() == [3, 4, 5, 6, 7]
        assert not found[:, 0, 1].any()


@settings(max_examples=10, deadline=None, derandomize=True)
@given(
    bands=st.sampled_from([1, 3]), rows=st.integers(1, 6), columns=st.integers(1, 6),
    holes=st.sampled_from([0.0, 0.4]),
)  # fmt: skip
def test_cuda_equals_the_reference(bands: int, rows: int, columns: int, holes: float) -> None:
    cube = cube_of(rows, bands, rows, columns, holes=holes)
    out, n = np.zeros(cube.size, np.float32), cube.size
    for half in (1, 2):
        launch(device.median_filter, n, cube.ravel(), out, half, rows, columns, n)
        wanted = reference.median_filter(cube, 2 * half + 1)
        assert np.array_equal(out.reshape(cube.shape), wanted, equal_nan=True)
    weights = gaussian_weights(0.8)
    with np.errstate(all="ignore"):
        launch(device.gaussian_filter, n, cube.ravel(), weights, out, 3, rows, columns, n)
    assert_smooth(out.reshape(cube.shape), reference.gaussian_filter(cube, 0.8), cube)
    window = min(bands, 3)
    plan = savitzky_golay_weights(bands, window, window - 1)
    launch(
        device.savitzky_golay, n, cube.ravel(), plan.weights.ravel(), plan.first, out, window,
        rows * columns, n,
    )  # fmt: skip
    wanted = reference.savitzky_golay(cube, window, window - 1)
    np.testing.assert_allclose(out.reshape(cube.shape), wanted, rtol=1e-6, atol=1e-5)


def test_noise_goes_down_and_salt_goes_away() -> None:
    clean = np.full((1, 64, 64), 100, np.float32)
    noisy = clean + np.random.default_rng(0).normal(0, 10, clean.shape).astype(np.float32)
    assert cpu.gaussian_filter(noisy, 1.5).std() < 0.25 * noisy.std()
    salted = clean.copy()
    salted[0, ::7, ::5] = 5000
    assert np.array_equal(cpu.median_filter(salted), clean)


def test_what_is_out_of_range_is_refused() -> None:
    cube = cube_of(0, 5, 4, 4)
    for form in (cpu, reference):
        with pytest.raises(BadInputError, match="sizes are 3 and 5"):
            form.median_filter(cube, 4)
        for sigma in (0, np.nan, 30):
            with pytest.raises(BadInputError, match="sigma"):
                form.gaussian_filter(cube, sigma)
        for window in ((4, 1), (3, 3), (7, 2), (3, -1)):
            with pytest.raises(BadInputError, match="window is odd"):
                form.savitzky_golay(cube, *window)
        for places in (np.arange(4.0), np.zeros(5), np.full(5, np.nan)):
            with pytest.raises(BadInputError, match="wavelength of its own"):
                form.savitzky_golay(cube, 3, 1, places)
        with pytest.raises(BadInputError, match="not a cube"):
            form.median_filter(cube[0])
