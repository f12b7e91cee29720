"""Filters for a known spectrum, and adaptive coherence."""

import numpy as np
import pytest
from builders.cubes import cube_of, cubes, same_holes
from builders.cuda_simulator import launch
from hypothesis import given, settings
from hypothesis import strategies as st
from spectral import ace as spy_ace
from spectral import calc_stats
from spectral import matched_filter as spy_matched_filter

from edgers.errors import BadInputError
from edgers.kernels import eigen
from edgers.kernels.cpu import matched_filter
from edgers.kernels.cuda import matched_filter as device
from edgers.kernels.eigen import Affine
from edgers.kernels.reference import matched_filter as reference
from edgers.kernels.spectra import Cube, Image
from edgers.kernels.target_filter import constrained_energy, target_direction
from edgers.kernels.target_filter import matched_filter as make_filter


def scene(bands: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Target, mean and covariance."""
    random = np.random.default_rng(seed)
    mixing = random.normal(size=(bands, bands)) + 3 * np.eye(bands)
    return random.normal(110, 5, bands), random.normal(95, 3, bands), mixing @ mixing.T


def assert_scores(found: Image, wanted: Image, cube: Cube, score: Affine) -> None:
    assert found.shape == wanted.shape
    assert same_holes(found, wanted)
    inside = np.isfinite(cube).all(axis=0)
    near, far = found[inside], wanted[inside]
    size = np.abs(score.matrix).sum() * (np.abs(cube[:, inside]).max(axis=0) + 130)
    assert (np.abs(near - far) <= 1e-6 * size).all()  # a few float32 roundings of each term


def assert_coherence(found: Image, wanted: Image, cube: Cube, white: np.ndarray) -> None:
    """Errors of white sums relative to their length: exact only away from the mean."""
    assert same_holes(found, wanted)
    known = ~np.isnan(wanted)
    assert (found[known] >= 0).all()
    np.testing.assert_allclose(found[known], wanted[known], atol=2e-4)


@settings(max_examples=40, deadline=None, derandomize=True)
@given(cube=cubes(), seed=st.integers(0, 99))
def test_cpu_equals_the_reference(cube: Cube, seed: int) -> None:
    target, mean, covariance = scene(len(cube), seed)
    white = eigen.whitening(covariance)
    for score in (make_filter(target, mean, covariance), constrained_energy(*scene(len(cube)))):
        found = matched_filter.filter_score(cube, score)
        assert_scores(found, reference.filter_score(cube, score), cube, score)
    found = matched_filter.coherence(cube, target, mean, white)
    assert_coherence(found, reference.coherence(cube, target, mean, white), cube, white)


@settings(max_examples=10, deadline=None, derandomize=True)
@given(cube=cubes())
def test_cuda_equals_the_reference(cube: Cube) -> None:
    target, mean, covariance = scene(len(cube))
    white = eigen.whitening(covariance)
    score = make_filter(target, mean, covariance)
    n = cube[0].size
    scores, likeness = np.zeros(n, np.float32), np.zeros(n, np.float32)
    with np.errstate(all="ignore"):
        launch(
            device.filter_score, n, cube.ravel(), score.matrix.ravel(), score.center,
            score.offset[0], scores, len(cube), n,
        )  # fmt: skip
        launch(
            device.coherence, n, cube.ravel(), mean.astype(np.float32),
            white.astype(np.float32).ravel(),
            target_direction(target, mean, white).astype(np.float32), likeness, len(cube), n,
        )  # fmt: skip
    shape = cube.shape[1:]
    assert_scores(scores.reshape(shape), reference.filter_score(cube, score), cube, score)
    wanted = reference.coherence(cube, target, mean, white)
    assert_coherence(likeness.reshape(shape), wanted, cube, white)


def test_scores_by_hand() -> None:
    mean, covariance = np.array([10.0, 20]), np.diag([1.0, 4])
    target = np.array([12.0, 22])
    cube = np.array([[[10.0, 12, 14, np.nan, 11]], [[20.0, 22, 24, 1, 18]]], np.float32)
    # (t - m) C⁻¹ = [2, 0.5], normalized by 2·2 + 0.5·2 = 5.
    for form in (matched_filter, reference):
        found = form.filter_score(cube, make_filter(target, mean, covariance))
        np.testing.assert_allclose(found[0], [0, 1, 2, np.nan, (2 - 1) / 5], atol=1e-6)
        likeness = form.coherence(cube, target, mean, eigen.whitening(covariance))
        # White differences are [2, 1] for the target and [1, -1] for the last pixel.
        wanted = [np.nan, 1, 1, np.nan, (2 - 1) ** 2 / (5 * 2)]
        np.testing.assert_allclose(likeness[0], wanted, atol=1e-6)


def test_constrained_energy_by_hand() -> None:
    score = constrained_energy(np.array([1.0, 1]), np.array([1.0, 0]), np.eye(2))
    # R = [[2, 0], [0, 1]], R⁻¹ t = [0.5, 1], tᵀ R⁻¹ t = 1.5.
    np.testing.assert_allclose(score.matrix, [[1 / 3, 2 / 3]], rtol=1e-6)
    assert score.center.tolist() == [0, 0]


def test_scores_are_those_of_spectral_python() -> None:
    cube = cube_of(1, 9, 20, 21)
    image = np.moveaxis(cube.astype(np.float64), 0, 2)
    stats = calc_stats(image)
    target = scene(9)[0]
    score = make_filter(target, stats.mean, stats.cov)
    theirs = spy_matched_filter(image, target, stats)
    np.testing.assert_allclose(matched_filter.filter_score(cube, score), theirs, atol=1e-5)
    found = matched_filter.coherence(cube, target, stats.mean, eigen.whitening(stats.cov))
    np.testing.assert_allclose(found, spy_ace(image, target, stats), atol=1e-5)


@pytest.mark.parametrize("make", [make_filter, constrained_energy])
def test_a_target_scores_one(make: object) -> None:
    target, mean, covariance = scene(12)
    cube = target[:, None, None].astype(np.float32)
    score = make(target, mean, covariance)  # type: ignore[operator]
    assert matched_filter.filter_score(cube, score).item() == pytest.approx(1, abs=1e-4)


def test_blocks_meet_without_a_gap() -> None:
    cube = cube_of(4, 6, 41, 83)
    target, mean, covariance = scene(6)
    white = eigen.whitening(covariance)
    found = matched_filter.coherence(cube, target, mean, white)
    assert_coherence(found, reference.coherence(cube, target, mean, white), cube, white)


def test_what_cannot_be_told_apart_is_refused() -> None:
    with pytest.raises(BadInputError, match="cannot be told"):
        make_filter(np.ones(3), np.ones(3), np.eye(3))
    with pytest.raises(BadInputError, match="cannot be told"):
        target_direction(np.ones(3), np.ones(3), np.eye(3))
    with pytest.raises(BadInputError, match="target does not fit"):
        make_filter(np.ones(2), np.ones(3), np.eye(3))
    with pytest.raises(BadInputError, match="has no inverse"):
        make_filter(np.array([1.0, 2]), np.zeros(2), np.ones((2, 2)))
    two = eigen.affine(np.ones((2, 3)), np.zeros(3))
    for form in (matched_filter.filter_score, reference.filter_score):
        with pytest.raises(BadInputError, match="is no filter"):
            form(cube_of(0, 3, 2, 2), two)
