"""Dead detectors: how they are found, and what stands for their samples."""

from itertools import pairwise

import numpy as np
import numpy.typing as npt
import pytest
from builders.cubes import cube_of, cubes
from builders.cuda_simulator import launch
from hypothesis import given, settings
from hypothesis import strategies as st

from edgers.errors import BadInputError
from edgers.kernels.column_moments import merge_moments
from edgers.kernels.cpu import dead_pixels as cpu
from edgers.kernels.cpu.stripes import column_moments
from edgers.kernels.cuda import dead_pixels as device
from edgers.kernels.detectors import dead_bands, dead_detectors
from edgers.kernels.neighbours import neighbours_across_bands, neighbours_across_columns
from edgers.kernels.reference import dead_pixels as reference
from edgers.kernels.spectra import Cube

FORMS = (reference, cpu)


def mask_for(cube: Cube, share: float, seed: int) -> npt.NDArray[np.bool_]:
    return np.random.default_rng(seed).random((cube.shape[0], cube.shape[2])) < share


def shuffled_wavelengths(bands: int, seed: int) -> npt.NDArray[np.float64]:
    random = np.random.default_rng(seed)
    return random.permutation(400 + np.cumsum(random.uniform(0.5, 20, bands)))


@settings(max_examples=80, deadline=None, derandomize=True)
@given(cube=cubes(), share=st.sampled_from([0.0, 0.2, 0.7, 1.0]), seed=st.integers(0, 99))
def test_cpu_equals_the_reference_bit_by_bit(cube: Cube, share: float, seed: int) -> None:
    dead, places = mask_for(cube, share, seed), shuffled_wavelengths(len(cube), seed)
    before = cube.copy()
    with np.errstate(invalid="ignore"):
        columns = reference.replace_across_columns(cube, dead)
        bands = reference.replace_across_bands(cube, dead, places)
    assert np.array_equal(cpu.replace_across_columns(cube, dead), columns, equal_nan=True)
    assert np.array_equal(cpu.replace_across_bands(cube, dead, places), bands, equal_nan=True)
    assert np.array_equal(cube, before, equal_nan=True)


@settings(max_examples=10, deadline=None, derandomize=True)
@given(
    bands=st.integers(1, 4), rows=st.integers(1, 4), columns=st.integers(1, 7),
    share=st.sampled_from([0.2, 0.6]), seed=st.integers(0, 99),
)  # fmt: skip
def test_cuda_equals_the_reference(
    bands: int, rows: int, columns: int, share: float, seed: int
) -> None:
    cube = cube_of(seed, bands, rows, columns, holes=0.1)
    dead, places = mask_for(cube, share, seed), shuffled_wavelengths(bands, seed)
    for kernel, sides, wanted in (
        (device.replace_across_columns, neighbours_across_columns(dead),
         reference.replace_across_columns(cube, dead)),
        (device.replace_across_bands, neighbours_across_bands(dead, places),
         reference.replace_across_bands(cube, dead, places)),
    ):  # fmt: skip
        out = np.zeros(cube.size, np.float32)
        launch(
            kernel, cube.size, cube.ravel(), sides.before.ravel(), sides.after.ravel(),
            sides.weight.ravel(), out, rows, columns, cube.size,
        )  # fmt: skip
        assert np.array_equal(out.reshape(cube.shape), wanted, equal_nan=True)


@pytest.mark.parametrize("form", FORMS)
def test_columns_are_interpolated_as_numpy_does_it(form: object) -> None:
    cube = cube_of(1, 5, 6, 40)
    dead = mask_for(cube, 0.3, 2)
    found = form.replace_across_columns(cube, dead)  # type: ignore[attr-defined]
    for band, row in np.ndindex(5, 6):
        good = np.flatnonzero(~dead[band])
        wanted = np.interp(np.arange(40), good, cube[band, row, good], left=np.nan, right=np.nan)
        np.testing.assert_allclose(found[band, row], wanted, rtol=1e-5, equal_nan=True)


@pytest.mark.parametrize("form", FORMS)
def test_bands_are_interpolated_by_wavelength_in_any_order(form: object) -> None:
    cube = cube_of(3, 30, 3, 5)
    dead, places = mask_for(cube, 0.3, 4), shuffled_wavelengths(30, 5)
    found = form.replace_across_bands(cube, dead, places)  # type: ignore[attr-defined]
    for row, column in np.ndindex(3, 5):
        good = np.flatnonzero(~dead[:, column])
        good = good[np.argsort(places[good])]
        wanted = np.interp(places, places[good], cube[good, row, column], left=np.nan, right=np.nan)
        np.testing.assert_allclose(found[:, row, column], wanted, rtol=1e-5, equal_nan=True)


@pytest.mark.parametrize("form", FORMS)
def test_replacement_by_hand(form: object) -> None:
    row = [9, 10, 9, 9, 40, np.nan, 9, 50, 9]
    cube = np.array([[row]], np.float32)
    dead = np.array([[True, False, True, True, False, False, True, False, True]])
    found = form.replace_across_columns(cube, dead)[0, 0]  # type: ignore[attr-defined]
    # No column before the first or after the last; the sixth lies beside a missing sample.
    wanted = [np.nan, 10, 20, 30, 40, np.nan, np.nan, 50, np.nan]
    np.testing.assert_allclose(found, wanted, rtol=1e-6)


def healthy(seed: int = 0) -> Cube:
    """A smooth scene across track, with noise; 4 bands, 60 rows, 80 columns."""
    random = np.random.default_rng(seed)
    columns = np.linspace(0, 3, 80)
    scene = 1000 + 200 * np.sin(columns) + random.normal(0, 20, (4, 60, 80))
    return scene.astype(np.float32)


def test_nothing_is_dead_in_a_healthy_scene() -> None:
    assert not dead_detectors(column_moments(healthy())).any()


def test_planted_detectors_are_found_and_no_other() -> None:
    cube, random = healthy(), np.random.default_rng(1)
    cube[0, :, 5] = 777  # stuck
    cube[1, :, 0] = np.nan  # without samples
    cube[2, :, 40] += 300  # too bright
    cube[2, :, 79] = 1000 + 200 * np.sin(3) + random.normal(0, 200, 60)  # too noisy
    cube[3] = 4  # a whole band
    planted = np.zeros((4, 80), bool)
    planted[[0, 1, 2, 2], [5, 0, 40, 79]] = True
    planted[3] = True
    moments = column_moments(cube)
    assert np.array_equal(dead_detectors(moments), planted)
    assert dead_bands(moments).tolist() == [False, False, False, True]
    assert not dead_detectors(moments, threshold=1e6)[2].any()
    assert dead_detectors(moments, threshold=1.5).sum() > planted.sum()


def test_a_band_of_nodata_and_one_of_a_single_value_are_dead() -> None:
    cube = healthy()
    cube[1], cube[2, 3:, 4:], cube[2, :3], cube[2, :, :4] = np.nan, 5, np.nan, np.nan
    assert dead_bands(column_moments(cube)).tolist() == [False, True, True, False]


def test_one_row_says_nothing_about_being_constant() -> None:
    moments = column_moments(healthy()[:, :1])
    assert not dead_bands(moments).any()
    assert not dead_detectors(moments, threshold=1e3).any()
    nothing = column_moments(healthy()[:, :0])
    assert dead_bands(nothing).all()


def test_what_windows_say_together_is_what_the_scene_says() -> None:
    cube = healthy()
    cube[0, :, 5] = 777
    parts = [column_moments(cube[:, a:b]) for a, b in pairwise((0, 1, 7, 60))]
    merged = merge_moments(parts)
    assert np.array_equal(dead_detectors(merged), dead_detectors(column_moments(cube)))


@pytest.mark.parametrize("form", FORMS)
def test_what_does_not_fit_is_refused(form: object) -> None:
    cube = healthy()
    with pytest.raises(BadInputError, match="mask of dead detectors"):
        form.replace_across_columns(cube, np.zeros((4, 60), bool))  # type: ignore[attr-defined]
    with pytest.raises(BadInputError, match="bool"):
        form.replace_across_columns(cube, np.zeros((4, 80), int))  # type: ignore[attr-defined]
    with pytest.raises(BadInputError, match="wavelength of its own"):
        form.replace_across_bands(  # type: ignore[attr-defined]
            cube, np.zeros((4, 80), bool), np.array([1.0, 2, 2, 3])
        )


@pytest.mark.parametrize(("threshold", "window"), [(0, 9), (np.nan, 9), (8, 4), (8, 1)])
def test_thresholds_and_windows_out_of_range_are_refused(threshold: float, window: int) -> None:
    with pytest.raises(BadInputError, match="odd number of columns"):
        dead_detectors(column_moments(healthy()), threshold=threshold, window=window)
