"""RX scores, global and local."""

import numpy as np
import pytest
from builders.cubes import cube_of, cubes, same_holes
from builders.cuda_simulator import launch
from hypothesis import given, settings
from hypothesis import strategies as st
from spectral import rx

from edgers.errors import BadInputError
from edgers.kernels import eigen
from edgers.kernels.cpu import anomaly
from edgers.kernels.cuda import anomaly as device
from edgers.kernels.dual_window import dual_window
from edgers.kernels.reference import anomaly as reference
from edgers.kernels.spectra import Cube, Image

WINDOWS = st.sampled_from([(1, 3), (3, 5), (1, 5), (3, 7), (5, 7)])


def background(bands: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """A mean near that of `cube_of`, and a whitening matrix with a condition number below 1e3."""
    random = np.random.default_rng(seed)
    mixing = random.normal(size=(bands, bands)) + 3 * np.eye(bands)
    return random.normal(95, 3, bands), eigen.whitening(mixing @ mixing.T + np.eye(bands))


def assert_same(found: Image, wanted: Image, cube: Cube, whitening: np.ndarray) -> None:
    """A white sum is wrong by rounding of its terms, at most |W| |x|; a score by twice that."""
    assert found.shape == wanted.shape
    assert found.dtype == np.float32
    assert same_holes(found, wanted)
    known = ~np.isnan(wanted)
    terms = (np.abs(whitening).sum() * (np.abs(cube).max(axis=0) + 100))[known] * 1e-6
    bound = 2 * np.sqrt(len(cube) * wanted[known].astype(float)) * terms + terms**2 * len(cube)
    assert (np.abs(found - wanted)[known] <= bound + 1e-5 * wanted[known] + 1e-6).all()


@settings(max_examples=60, deadline=None, derandomize=True)
@given(cube=cubes(), seed=st.integers(0, 99))
def test_cpu_equals_the_reference(cube: Cube, seed: int) -> None:
    mean, white = background(len(cube), seed)
    found = anomaly.mahalanobis(cube, mean, white)
    assert_same(found, reference.mahalanobis(cube, mean, white), cube, white)


@settings(max_examples=50, deadline=None, derandomize=True)
@given(cube=cubes(least_pixels=7), window=WINDOWS)
def test_cpu_equals_the_reference_about_a_local_mean(cube: Cube, window: tuple[int, int]) -> None:
    white = background(len(cube))[1]
    inner, outer = window
    found = anomaly.local_rx(cube, white, inner=inner, outer=outer)
    wanted = reference.local_rx(cube, white, inner=inner, outer=outer)
    largest = np.abs(np.where(np.isfinite(cube), cube, 0)).max()
    assert_same(found, wanted, np.full_like(cube, largest), white)


@settings(max_examples=50, deadline=None, derandomize=True)
@given(cube=cubes(least_pixels=7), window=WINDOWS, loading=st.sampled_from([0, 0.01, 1.0]))
def test_cpu_equals_the_reference_with_a_local_covariance(
    cube: Cube, window: tuple[int, int], loading: float
) -> None:
    cube[np.abs(cube) > 1e9] = 1e5  # beside 1e12, float64 leaves nothing of other pixels
    inner, outer = window
    found = anomaly.local_covariance_rx(cube, inner=inner, outer=outer, loading=loading)
    wanted = reference.local_covariance_rx(cube, inner=inner, outer=outer, loading=loading)
    assert same_holes(found, wanted)
    known = ~np.isnan(wanted)
    # An outlier of 1e5 that has left a sum leaves 1e-16 · 1e10 in it, beside variances of about 1.
    np.testing.assert_allclose(found[known], wanted[known], rtol=2e-4, atol=1e-4)


@settings(max_examples=12, deadline=None, derandomize=True)
@given(cube=cubes())
def test_cuda_equals_the_reference(cube: Cube) -> None:
    mean, white = background(len(cube))
    n = cube[0].size
    out = np.zeros(n, np.float32)
    with np.errstate(all="ignore"):
        launch(
            device.mahalanobis, n, cube.ravel(), mean.astype(np.float32),
            white.astype(np.float32).ravel(), out, len(cube), n,
        )  # fmt: skip
    found = out.reshape(cube.shape[1:])
    assert_same(found, reference.mahalanobis(cube, mean, white), cube, white)


@settings(max_examples=8, deadline=None, derandomize=True)
@given(seed=st.integers(0, 99), window=WINDOWS, holes=st.sampled_from([0, 0.05]))
def test_cuda_equals_the_reference_about_a_local_mean(
    seed: int, window: tuple[int, int], holes: float
) -> None:
    cube = cube_of(seed, 3, 7, 9, holes=holes)
    white = background(3)[1]
    bands, rows, columns = cube.shape
    windows = dual_window(rows, columns, inner=window[0], outer=window[1])
    complete = np.isfinite(cube).all(axis=0).astype(np.uint8)
    layers = np.concatenate([cube, complete[None]]).astype(np.float32)
    sums = []
    for down, across in (
        (windows.outer_rows, windows.outer_columns), (windows.inner_rows, windows.inner_columns),
    ):  # fmt: skip
        half, whole = np.zeros(layers.size, np.float32), np.zeros(layers.size, np.float32)
        launch(
            device.window_sums_down, (bands + 1) * columns, layers.ravel(), complete.ravel(),
            down.astype(np.int32).ravel(), half, bands + 1, rows, columns,
        )  # fmt: skip
        launch(
            device.window_sums_across, (bands + 1) * rows, half, across.astype(np.int32).ravel(),
            whole, (bands + 1) * rows, columns,
        )  # fmt: skip
        sums.append(whole)
    n = rows * columns
    out = np.zeros(n, np.float32)
    launch(
        device.local_distance, n, cube.ravel(), sums[0][: bands * n], sums[1][: bands * n],
        sums[0][bands * n :], sums[1][bands * n :], white.astype(np.float32).ravel(), out, bands, n,
    )  # fmt: skip
    wanted = reference.local_rx(cube, white, inner=window[0], outer=window[1])
    assert_same(out.reshape(rows, columns), wanted, np.full_like(cube, 130), white)


def test_too_many_bands_for_the_device_give_no_score() -> None:
    cube = np.ones((device.MOST_BANDS + 1, 1, 1), np.float32)
    out, sums, one = np.zeros(1, np.float32), np.zeros(cube.size, np.float32), np.ones(1, "f4")
    white = np.zeros(cube.size**2, np.float32)
    launch(
        device.local_distance, 1, cube.ravel(), sums, sums, one, one * 0, white, out, cube.size, 1
    )
    assert np.isnan(out[0])


def test_a_distance_by_hand() -> None:
    cube = np.array([[[3.0, 1, np.nan, np.inf]], [[6.0, 2, 2, 1]]], np.float32)
    white = eigen.whitening(np.diag([4.0, 16.0]))
    for form in (anomaly.mahalanobis, reference.mahalanobis):
        found = form(cube, np.array([1.0, 2]), white)
        assert found[0, :2].tolist() == [2, 0]
        assert np.isnan(found[0, 2:]).all()


def test_a_local_distance_by_hand() -> None:
    cube = np.zeros((1, 3, 3), np.float32)
    cube[0, 1, 1], cube[0, 0, 0] = 5, 8
    for form in (anomaly.local_rx, reference.local_rx):
        found = form(cube, np.array([[2.0]]), inner=1, outer=3)
        assert found[1, 1] == pytest.approx((2 * (5 - 1)) ** 2)
        # At the corner the outer window is moved: it is the whole scene.
        assert found[0, 0] == pytest.approx((2 * (8 - 5 / 8)) ** 2)
    for other in (anomaly.local_covariance_rx, reference.local_covariance_rx):
        around = np.array([8.0, 0, 0, 0, 0, 0, 0, 0])
        wanted = (5 - around.mean()) ** 2 / around.var(ddof=1)
        assert other(cube, inner=1, outer=3)[1, 1] == pytest.approx(wanted)
        loaded = other(cube, inner=1, outer=3, loading=1.0)[1, 1]
        assert loaded == pytest.approx(wanted / 2)


def test_windows_move_or_are_cut_at_the_edges() -> None:
    windows = dual_window(7, 5, inner=3, outer=5)
    assert windows.outer_rows.tolist() == [[0, 5], [0, 5], [0, 5], [1, 6], [2, 7], [2, 7], [2, 7]]
    assert windows.inner_columns.tolist() == [[0, 2], [0, 3], [1, 4], [2, 5], [3, 5]]
    assert windows.outer_columns.tolist() == [[0, 5]] * 5
    assert windows.inner_rows.tolist()[0] == [0, 2]


def test_scores_are_those_of_spectral_python() -> None:
    cube = cube_of(1, 8, 24, 22)
    image = np.moveaxis(cube.astype(np.float64), 0, 2)
    pixels = cube.reshape(8, -1).astype(np.float64)
    covariance, mean = np.cov(pixels), pixels.mean(axis=1)
    white = eigen.whitening(covariance)
    np.testing.assert_allclose(anomaly.mahalanobis(cube, mean, white), rx(image), rtol=1e-4)
    theirs = rx(image, window=(3, 9), cov=covariance)
    found = anomaly.local_rx(cube, white, inner=3, outer=9)
    # At the outermost pixels its inner window is moved (against its documentation), ours is cut.
    inside = (slice(1, -1), slice(1, -1))
    np.testing.assert_allclose(found[inside], theirs[inside], rtol=1e-4)
    theirs = rx(image, window=(3, 9))
    found = anomaly.local_covariance_rx(cube, inner=3, outer=9)
    np.testing.assert_allclose(found[inside], theirs[inside], rtol=1e-4)


def test_many_blocks_and_many_bands() -> None:
    cube = cube_of(2, 61, 31, 67)
    mean, white = background(61)
    found = anomaly.mahalanobis(cube, mean, white)
    assert_same(found, reference.mahalanobis(cube, mean, white), cube, white)


def test_a_tile_gives_the_bits_of_the_whole() -> None:
    cube = cube_of(3, 11, 40, 70)
    mean, white = background(11)
    whole = anomaly.mahalanobis(cube, mean, white)
    part = anomaly.mahalanobis(cube[:, 3:20, 31:50], mean, white)
    assert np.array_equal(part, whole[3:20, 31:50])


def test_a_band_that_is_a_sum_of_others_makes_a_covariance_singular() -> None:
    cube = cube_of(5, 4, 9, 9)
    cube[3] = cube[0] + np.float32(0.3) * cube[1]
    for form in (anomaly.local_covariance_rx, reference.local_covariance_rx):
        assert np.isnan(form(cube, inner=1, outer=7)).all()
        assert np.isfinite(form(cube, inner=1, outer=7, loading=0.01)).all()
    wide = cube.reshape(4, -1).astype(np.float64)
    wide[3] = wide[0] + 0.3 * wide[1]
    with pytest.raises(BadInputError, match="has no inverse"):
        eigen.whitening(np.cov(wide))


def test_white_bands_have_the_identity_for_covariance() -> None:
    mixing = np.random.default_rng(0).normal(size=(6, 6))
    white = eigen.whitening(mixing @ mixing.T)
    np.testing.assert_allclose(white @ mixing @ mixing.T @ white.T, np.eye(6), atol=1e-9)
    loaded = eigen.whitening(np.diag([1.0, 3]), loading=0.5)
    np.testing.assert_allclose(loaded, np.diag([2**-0.5, 0.5]))


def test_what_makes_no_sense_is_refused() -> None:
    cube = cube_of(0, 2, 9, 9)
    for form in (anomaly.local_rx, reference.local_rx):
        for inner, outer in ((2, 5), (5, 5), (1, 11), (-1, 3), (3, 4)):
            with pytest.raises(BadInputError, match="cannot be laid"):
                form(cube, np.eye(2), inner=inner, outer=outer)
    for other in (anomaly.local_covariance_rx, reference.local_covariance_rx):
        with pytest.raises(BadInputError, match="loading is out of range"):
            other(cube, inner=1, outer=3, loading=-1)
    for score in (anomaly.mahalanobis, reference.mahalanobis):
        with pytest.raises(BadInputError, match="whitening matrix does not fit"):
            score(cube, np.zeros(2), np.eye(3))
        with pytest.raises(BadInputError, match="mean does not fit"):
            score(cube, np.zeros(3), np.eye(2))
    with pytest.raises(BadInputError, match="has no inverse"):
        eigen.whitening(np.ones((2, 2)))
