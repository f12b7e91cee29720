"""Pixels through affine maps, and the maps of PCA and MNF."""

import numpy as np
import pytest
from builders.cubes import cube_of, cubes, same_holes
from builders.cuda_simulator import launch
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.decomposition import PCA
from spectral import calc_stats, noise_from_diffs, principal_components
from spectral import mnf as spy_mnf

from edgers.errors import BadInputError
from edgers.kernels import eigen
from edgers.kernels.cpu.projection import project
from edgers.kernels.cuda import projection as device
from edgers.kernels.eigen import Affine
from edgers.kernels.reference.projection import project as reference
from edgers.kernels.scene_statistics import NoiseCovariance
from edgers.kernels.spectra import Cube


def map_for(bands: int, rows: int, seed: int = 0) -> Affine:
    random = np.random.default_rng(seed)
    matrix = random.normal(size=(rows, bands))
    return Affine(
        matrix=matrix.astype(np.float32), center=random.normal(90, 5, bands).astype(np.float32),
        offset=random.normal(size=rows).astype(np.float32),
    )  # fmt: skip


def assert_same(found: Cube, wanted: Cube, cube: Cube, affine: Affine) -> None:
    """Float32 sums of n terms are wrong by n half units of the largest partial sum at most."""
    assert found.shape == wanted.shape
    assert found.dtype == np.float32
    assert same_holes(found, wanted)
    inside = np.isfinite(cube).all(axis=0)
    cube = np.where(inside, cube, 0)
    size = np.abs(affine.matrix).sum(axis=1)[:, None, None] * (
        np.abs(cube - affine.center[:, None, None]).max(axis=0)
    )
    near, far = found[:, inside], wanted[:, inside]
    bound = 6e-8 * ((len(cube) + 4) * size[:, inside] + np.abs(far)) + 1e-6
    assert (np.abs(near - far) <= bound).all()
    assert np.array_equal(found[:, ~inside], wanted[:, ~inside], equal_nan=True)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(cube=cubes(), rows=st.sampled_from([1, 2, 3, 4, 5, 7, 8]), seed=st.integers(0, 99))
def test_cpu_equals_the_reference(cube: Cube, rows: int, seed: int) -> None:
    affine = map_for(len(cube), rows, seed)
    assert_same(project(cube, affine), reference(cube, affine), cube, affine)


@settings(max_examples=12, deadline=None, derandomize=True)
@given(cube=cubes(), rows=st.sampled_from([1, 3]))
def test_cuda_equals_the_reference(cube: Cube, rows: int) -> None:
    affine = map_for(len(cube), rows)
    n = cube[0].size
    out = np.zeros(rows * n, np.float32)
    with np.errstate(all="ignore"):
        launch(
            device.project, rows * n, cube.ravel(), affine.matrix.ravel(), affine.center,
            affine.offset, out, rows, len(cube), n,
        )  # fmt: skip
    assert_same(out.reshape(rows, *cube.shape[1:]), reference(cube, affine), cube, affine)


def test_a_map_by_hand() -> None:
    cube = np.array([[[3.0, np.nan]], [[10.0, 1.0]]], np.float32)
    affine = Affine(
        matrix=np.array([[1, 0], [2, -1]], np.float32), center=np.array([1, 4], np.float32),
        offset=np.array([0, 100], np.float32),
    )  # fmt: skip
    for form in (project, reference):
        found = form(cube, affine)
        assert found[:, 0, 0].tolist() == [2, 98]
        assert np.isnan(found[:, 0, 1]).all()


def test_a_tile_gives_the_bits_of_the_whole() -> None:
    cube = cube_of(3, 37, 90, 211)
    affine = map_for(37, 9)
    whole = project(cube, affine)
    for rows, columns in ((slice(0, 1), slice(7, 8)), (slice(13, 60), slice(50, 211))):
        assert np.array_equal(project(cube[:, rows, columns], affine), whole[:, rows, columns])


def test_blocks_meet_without_a_gap() -> None:
    cube = cube_of(4, 5, 41, 811)
    assert cube[0].size > 2 * 16_384
    affine = map_for(5, 3)
    assert_same(project(cube, affine), reference(cube, affine), cube, affine)


def test_even_bright_scenes_lose_nothing_in_float32() -> None:
    cube = (np.random.default_rng(0).normal(0, 1, (6, 30, 30)) + 1e4).astype(np.float32)
    pixels = cube.reshape(6, -1).astype(np.float64)
    found = project(cube, eigen.pca(np.cov(pixels), pixels.mean(axis=1)).forward)
    assert np.abs(found.mean(axis=(1, 2))).max() < 1e-5
    np.testing.assert_allclose(np.cov(found.reshape(6, -1)), np.diag(np.linalg.eigvalsh(
        np.cov(pixels))[::-1]), atol=1e-5)  # fmt: skip


def statistics_of(cube: Cube) -> tuple[np.ndarray, np.ndarray]:
    pixels = cube.reshape(len(cube), -1).astype(np.float64)
    return np.cov(pixels), pixels.mean(axis=1)


def test_pca_is_that_of_scikit_learn() -> None:
    cube = cube_of(5, 7, 20, 25)
    found = eigen.pca(*statistics_of(cube), 4)
    theirs = PCA(4).fit(cube.reshape(7, -1).T.astype(np.float64))
    np.testing.assert_allclose(found.values, theirs.explained_variance_, rtol=1e-9)
    signs = np.sign((found.forward.matrix * theirs.components_).sum(axis=1))
    np.testing.assert_allclose(found.forward.matrix, theirs.components_ * signs[:, None], atol=1e-6)


def test_pca_is_that_of_spectral_python() -> None:
    cube = cube_of(6, 6, 18, 21)
    found = eigen.pca(*statistics_of(cube))
    theirs = principal_components(np.moveaxis(cube.astype(np.float64), 0, 2))
    np.testing.assert_allclose(found.values, theirs.eigenvalues, rtol=1e-9)
    weights = theirs.eigenvectors.T
    signs = np.sign((found.forward.matrix * weights).sum(axis=1))
    np.testing.assert_allclose(found.forward.matrix, weights * signs[:, None], atol=1e-6)


def test_mnf_is_that_of_spectral_python() -> None:
    cube = cube_of(7, 5, 30, 31)
    image = np.moveaxis(cube.astype(np.float64), 0, 2)
    noise = NoiseCovariance(5)
    noise.add(cube)
    found = eigen.mnf(statistics_of(cube)[0], noise.result, statistics_of(cube)[1])
    theirs = spy_mnf(calc_stats(image), noise_from_diffs(image, "right"))
    np.testing.assert_allclose(found.values, theirs.napc.eigenvalues.real, rtol=1e-6)
    reduced = np.moveaxis(theirs.reduce(image, num=5), 2, 0).real
    mine = reference(cube, found.forward)
    signs = np.sign((mine * reduced).sum(axis=(1, 2)))
    np.testing.assert_allclose(mine, reduced * signs[:, None, None], atol=1e-4)


def test_mnf_makes_the_noise_white_and_orders_by_signal() -> None:
    cube = cube_of(8, 6, 25, 25)
    noise = np.diag([1.0, 4, 9, 0.5, 2, 3])
    found = eigen.mnf(statistics_of(cube)[0], noise, statistics_of(cube)[1])
    matrix = found.forward.matrix.astype(np.float64)
    np.testing.assert_allclose(matrix @ noise @ matrix.T, np.eye(6), atol=1e-5)
    assert (np.diff(found.values) <= 0).all()


@pytest.mark.parametrize("kind", ["pca", "mnf"])
def test_all_components_give_the_scene_back(kind: str) -> None:
    cube = cube_of(9, 8, 20, 20)
    covariance, mean = statistics_of(cube)
    noise = np.diag(np.linspace(0.5, 2, 8))
    found = eigen.pca(covariance, mean) if kind == "pca" else eigen.mnf(covariance, noise, mean)
    back = project(project(cube, found.forward), found.inverse)
    np.testing.assert_allclose(back, cube, atol=2e-4)


def test_a_few_components_take_noise_off() -> None:
    random = np.random.default_rng(1)
    clean = np.einsum("ij,jrc->irc", random.normal(size=(20, 2)), random.normal(0, 9, (2, 40, 40)))
    noisy = (clean + random.normal(0, 1, clean.shape)).astype(np.float32)
    covariance, mean = statistics_of(noisy)
    found = eigen.mnf(covariance, np.eye(20), mean, 2)
    back = project(project(noisy, found.forward), found.inverse)
    assert np.std(back - clean) < 0.4 * np.std(noisy - clean)


def test_the_largest_weight_is_positive() -> None:
    covariance, mean = statistics_of(cube_of(10, 9, 15, 15))
    for found in (eigen.pca(covariance, mean), eigen.mnf(covariance, np.eye(9), mean)):
        matrix = found.forward.matrix
        assert (matrix[np.arange(9), np.abs(matrix).argmax(axis=1)] > 0).all()


def test_what_does_not_fit_is_refused() -> None:
    cube, affine = cube_of(0, 3, 4, 4), map_for(4, 2)
    for form in (project, reference):
        with pytest.raises(BadInputError, match="does not fit the cube"):
            form(cube, affine)
        with pytest.raises(BadInputError, match="not a cube"):
            form(cube.astype(np.float64), affine)
    with pytest.raises(BadInputError, match="offset does not fit"):
        project(cube, Affine(matrix=np.ones((2, 3), np.float32), center=np.zeros(3, np.float32),
                             offset=np.zeros(3, np.float32)))  # fmt: skip
    with pytest.raises(BadInputError, match="cannot be kept"):
        eigen.pca(np.eye(3), np.zeros(3), 4)
    with pytest.raises(BadInputError, match="has no inverse"):
        eigen.mnf(np.eye(2), np.diag([1.0, 0.0]), np.zeros(2))
    with pytest.raises(BadInputError, match="not finite"):
        eigen.pca(np.full((2, 2), np.nan), np.zeros(2))
