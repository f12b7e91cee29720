"""Convex hulls of spectra."""

import numpy as np
import pytest
from builders.cubes import cube_of, cubes
from builders.cuda_simulator import launch
from hypothesis import given, settings
from hypothesis import strategies as st
from spectral import remove_continuum as spy_remove
from spectral import spectral_continuum

from edgers.errors import BadInputError
from edgers.kernels.cpu.continuum import continuum, remove_continuum
from edgers.kernels.cuda import continuum as device
from edgers.kernels.reference import continuum as reference
from edgers.kernels.spectra import Cube


def wavelengths(bands: int, seed: int = 0) -> np.ndarray:
    steps = np.random.default_rng(seed).integers(1, 40, bands) / 4
    return 400 + np.cumsum(steps)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(cube=cubes(), seed=st.integers(0, 99))
def test_cpu_equals_the_reference(cube: Cube, seed: int) -> None:
    nm = wavelengths(len(cube), seed)
    # Both find corners and interpolate in float64 by the same steps, and round once.
    np.testing.assert_array_equal(continuum(cube, nm), reference.continuum(cube, nm))
    np.testing.assert_array_equal(remove_continuum(cube, nm), reference.remove_continuum(cube, nm))


@settings(max_examples=10, deadline=None, derandomize=True)
@given(cube=cubes(), removes=st.booleans())
def test_cuda_equals_the_reference(cube: Cube, removes: bool) -> None:
    nm = wavelengths(len(cube))
    n = cube[0].size
    out = np.zeros(cube.size, np.float32)
    with np.errstate(all="ignore"):
        launch(
            device.continuum, n, cube.ravel(), nm.astype(np.float32), out, int(removes),
            len(cube), n,
        )  # fmt: skip
    wanted = (reference.remove_continuum if removes else reference.continuum)(cube, nm)
    np.testing.assert_array_equal(out.reshape(cube.shape), wanted)


def test_too_many_bands_for_the_device_give_nothing() -> None:
    bands = device.MOST_BANDS + 1
    out = np.zeros(bands, np.float32)
    launch(
        device.continuum, 1, np.ones(bands, np.float32), np.arange(bands, dtype=np.float32), out,
        0, bands, 1,
    )  # fmt: skip
    assert np.isnan(out).all()


def test_a_hull_by_hand() -> None:
    spectrum = np.array([2.0, 1, 4, 3, 2, 2], np.float32)[:, None, None]
    nm = np.array([0.0, 1, 2, 4, 5, 6])
    hull = [2, 3, 4, 3, 2.5, 2]
    for form in (continuum, reference.continuum):
        assert form(spectrum, nm)[:, 0, 0].tolist() == hull
    for form in (remove_continuum, reference.remove_continuum):
        np.testing.assert_allclose(form(spectrum, nm)[:, 0, 0], spectrum[:, 0, 0] / hull)


def test_hulls_are_those_of_spectral_python() -> None:
    cube = cube_of(1, 40, 9, 10, level=50)
    nm = wavelengths(40)
    image = np.ascontiguousarray(np.moveaxis(cube.astype(np.float64), 0, 2))
    theirs = np.moveaxis(spectral_continuum(image, nm), 2, 0)
    np.testing.assert_allclose(continuum(cube, nm), theirs, rtol=1e-6)
    removed = np.moveaxis(spy_remove(image, nm), 2, 0)
    np.testing.assert_allclose(remove_continuum(cube, nm), removed, rtol=1e-6)


@settings(max_examples=30, deadline=None, derandomize=True)
@given(seed=st.integers(0, 999), bands=st.integers(1, 60))
def test_a_hull_lies_above_touches_and_does_not_bend_up(seed: int, bands: int) -> None:
    cube = cube_of(seed, bands, 2, 3, level=0)
    nm = wavelengths(bands, seed)
    hull = continuum(cube, nm).astype(np.float64)
    assert (hull >= cube - 1e-6 * np.abs(cube)).all()
    assert np.array_equal(hull[[0, -1]], cube[[0, -1]])
    slopes = np.diff(hull, axis=0) / np.diff(nm)[:, None, None]
    assert (np.diff(slopes, axis=0) <= 1e-4).all()
    touched = np.isclose(hull, cube)
    corners = np.abs(np.diff(slopes, axis=0)) > 1e-4
    assert touched[1:-1][corners].all()


def test_a_missing_band_takes_the_pixel_and_zeros_have_no_ratio() -> None:
    cube = np.ones((4, 1, 3), np.float32)
    cube[2, 0, 0], cube[:, 0, 1] = np.nan, 0
    found = remove_continuum(cube, wavelengths(4))
    assert np.isnan(found[:, 0, :2]).all()
    assert (found[:, 0, 2] == 1).all()
    assert (continuum(cube, wavelengths(4))[:, 0, 1] == 0).all()


def test_wavelengths_out_of_order_are_refused() -> None:
    cube = cube_of(0, 3, 2, 2)
    for form in (continuum, reference.continuum, remove_continuum):
        with pytest.raises(BadInputError, match="500 is followed by 450"):
            form(cube, np.array([400.0, 500, 450]))
        with pytest.raises(BadInputError, match="not in order"):
            form(cube, np.array([400.0, 400, 450]))
        with pytest.raises(BadInputError, match="does not fit the cube"):
            form(cube, np.array([400.0, 500]))
