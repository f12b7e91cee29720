"""Spectral angles and the nearest spectrum."""

import numpy as np
import pytest
from builders.cubes import cube_of, cubes, same_holes
from builders.cuda_simulator import launch
from hypothesis import given, settings
from hypothesis import strategies as st
from spectral import spectral_angles as spy_angles

from edgers.errors import BadInputError
from edgers.kernels.cpu.spectral_angle import nearest_spectrum, spectral_angles
from edgers.kernels.cuda import spectral_angle as device
from edgers.kernels.reference import spectral_angle as reference
from edgers.kernels.spectra import Cube


def references_for(bands: int, count: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(2, 3, (count, bands))


def assert_same(found: Cube, wanted: Cube) -> None:
    """A cosine wrong by 1e-6 (float32 sums) is an angle wrong by 1e-6 / sin, at most 1.5e-3."""
    assert found.shape == wanted.shape
    assert same_holes(found, wanted)
    bound = np.minimum(2e-6 / np.maximum(np.sin(wanted), 1e-6) + 1e-6, 1.5e-3)
    known = ~np.isnan(wanted)
    assert (np.abs(found - wanted)[known] <= bound[known]).all()


@settings(max_examples=60, deadline=None, derandomize=True)
@given(cube=cubes(), count=st.sampled_from([1, 2, 4, 5]), seed=st.integers(0, 99))
def test_cpu_equals_the_reference(cube: Cube, count: int, seed: int) -> None:
    spectra = references_for(len(cube), count, seed)
    wanted = reference.spectral_angles(cube, spectra)
    assert_same(spectral_angles(cube, spectra), wanted)
    classes, angles = nearest_spectrum(cube, spectra)
    assert_nearest(classes, angles, wanted)


def assert_nearest(classes: np.ndarray, angles: Cube, wanted: Cube) -> None:
    """Of references that are equally near, as far as float32 tells, any may be taken."""
    best = wanted.min(axis=0)
    assert_same(angles, best)
    known = classes >= 0
    assert np.array_equal(known, ~np.isnan(best))
    chosen = np.take_along_axis(wanted, np.maximum(classes, 0).astype(int)[None], axis=0)[0]
    assert (chosen[known] <= best[known] + 2e-3).all()


@settings(max_examples=12, deadline=None, derandomize=True)
@given(cube=cubes(), count=st.sampled_from([1, 3]))
def test_cuda_equals_the_reference(cube: Cube, count: int) -> None:
    spectra = references_for(len(cube), count)
    units = (spectra / np.linalg.norm(spectra, axis=1)[:, None]).astype(np.float32).ravel()
    n = cube[0].size
    wanted = reference.spectral_angles(cube, spectra)
    out = np.zeros(count * n, np.float32)
    classes, angles = np.zeros(n, np.int16), np.zeros(n, np.float32)
    with np.errstate(all="ignore"):
        launch(device.spectral_angles, count * n, cube.ravel(), units, out, count, len(cube), n)
        launch(
            device.nearest_spectrum, n, cube.ravel(), units, classes, angles, count, len(cube), n
        )
    shape = cube.shape[1:]
    assert_same(out.reshape(count, *shape), wanted)
    assert_nearest(classes.reshape(shape), angles.reshape(shape), wanted)


def test_angles_by_hand() -> None:
    cube = np.array([[[1.0, 0, 2, -3, 0]], [[0.0, 5, 2, 0, 0]]], np.float32)
    wanted = [0, np.pi / 2, np.pi / 4, np.pi]
    for form in (spectral_angles, reference.spectral_angles):
        found = form(cube, np.array([[7.0, 0]]))[0, 0]
        np.testing.assert_allclose(found[:4], wanted, atol=1e-6)
        assert np.isnan(found[4])


def test_the_nearest_spectrum_by_hand() -> None:
    cube = np.array([[[1.0, 0.1, np.nan, 0]], [[0.1, 2, 1, 0]]], np.float32)
    for form in (nearest_spectrum, reference.nearest_spectrum):
        classes, angles = form(cube, np.array([[0, 1.0], [1, 0], [1, 0]]))
        assert classes.tolist() == [[1, 0, -1, -1]]
        assert classes.dtype == np.int16
        np.testing.assert_allclose(angles[0, :2], [np.arctan(0.1), np.arctan(0.05)], atol=2e-6)
        assert np.isnan(angles[0, 2:]).all()


def test_angles_are_those_of_spectral_python() -> None:
    cube = cube_of(1, 30, 12, 14, level=20)
    spectra = references_for(30, 4)
    theirs = np.moveaxis(spy_angles(np.moveaxis(cube.astype(np.float64), 0, 2), spectra), 2, 0)
    np.testing.assert_allclose(reference.spectral_angles(cube, spectra), theirs, atol=1e-7)
    np.testing.assert_allclose(spectral_angles(cube, spectra), theirs, atol=5e-6)


def test_brightness_changes_nothing() -> None:
    cube = cube_of(2, 20, 9, 9)
    spectra = references_for(20, 3)
    np.testing.assert_allclose(
        spectral_angles(cube * np.float32(1000), spectra), spectral_angles(cube, spectra), atol=1e-5
    )


def test_blocks_meet_without_a_gap() -> None:
    cube = cube_of(4, 6, 41, 811)
    spectra = references_for(6, 2)
    wanted = reference.spectral_angles(cube, spectra)
    assert_same(spectral_angles(cube, spectra), wanted)
    assert_nearest(*nearest_spectrum(cube, spectra), wanted)


@pytest.mark.parametrize("level", [1e20, 1e-25])
def test_what_float32_cannot_square_has_no_angle(level: float) -> None:
    cube = np.full((3, 1, 1), level, np.float32)
    classes, angles = nearest_spectrum(cube, np.eye(3))
    assert np.isnan(spectral_angles(cube, np.eye(3))).all()
    assert np.isnan(angles).all()
    assert classes.item() == -1


def test_what_has_no_direction_is_refused() -> None:
    cube = cube_of(0, 3, 2, 2)
    for form in (spectral_angles, reference.spectral_angles, nearest_spectrum):
        with pytest.raises(BadInputError, match="cannot be compared with"):
            form(cube, np.zeros((1, 3)))
        with pytest.raises(BadInputError, match="does not fit the cube"):
            form(cube, np.ones((1, 4)))
