"""MAG1C: gas that is known to be there, and the fast form beside the obvious one."""

import numpy as np
import pytest
from builders.cubes import cube_of
from builders.cuda_simulator import launch
from hypothesis import given, settings
from hypothesis import strategies as st

from edgers.errors import BadInputError
from edgers.kernels.column_groups import column_groups
from edgers.kernels.cpu.mag1c import mag1c
from edgers.kernels.cuda import mag1c as device
from edgers.kernels.reference.mag1c import mag1c as reference
from edgers.kernels.spectra import Cube

BANDS = 24
NM = np.linspace(2100, 2450, BANDS)
SIGNATURE = -(np.exp(-(((NM - 2320) / 25) ** 2)) + 0.5 * np.exp(-(((NM - 2370) / 15) ** 2)))


def radiance(seed: int, rows: int = 60, columns: int = 12) -> tuple[Cube, np.ndarray]:
    """Mixed ground of uneven brightness under a plume, and the plume."""
    random = np.random.default_rng(seed)
    centers, widths = [2150, 2300, 2400, 2250], [200, 120, 60, 400]
    ground = np.exp(-(((NM - np.array(centers)[:, None]) / np.array(widths)[:, None]) ** 2))
    mixture = random.dirichlet(np.ones(4), (rows, columns))
    bright = random.uniform(0.4, 1.6, (rows, columns))
    scene = (np.einsum("kb,rck->brc", ground, mixture) + 0.3) * bright * 8
    gas = np.zeros((rows, columns))
    gas[20:26, 2:9] = random.uniform(0.02, 0.1, gas[20:26, 2:9].shape)
    scene = scene * np.exp(SIGNATURE[:, None, None] * gas) + random.normal(0, 4e-3, scene.shape)
    return scene.astype(np.float32), gas


@settings(max_examples=12, deadline=None, derandomize=True)
@given(
    seed=st.integers(0, 99), group=st.sampled_from([None, 4, 5, 7]),
    iterations=st.sampled_from([0, 1, 5, 30]), shrinkage=st.sampled_from([0, 0.01]),
    holes=st.booleans(),
)  # fmt: skip
def test_cpu_equals_the_reference(
    seed: int, group: int | None, iterations: int, shrinkage: float, holes: bool
) -> None:
    cube, _ = radiance(seed)
    if holes:
        cube[3, 5, 2], cube[:, 30, 7], cube[0, 1, 1] = np.nan, np.nan, np.inf
    arguments = {"group": group, "iterations": iterations, "shrinkage": shrinkage}
    found, albedo = mag1c(cube, SIGNATURE, **arguments)  # type: ignore[arg-type]
    wanted, bright = reference(cube, SIGNATURE, **arguments)  # type: ignore[arg-type]
    # Float32 scores: 1e-6 of terms about a hundred times their sum. Amounts are up to 0.1.
    np.testing.assert_allclose(found, wanted, atol=5e-5)
    np.testing.assert_allclose(albedo, bright, rtol=1e-5)
    assert np.isnan(found).sum() == (3 if holes else 0)


def test_the_gas_is_found_where_it_is() -> None:
    cube, gas = radiance(1)
    found, _ = mag1c(cube, SIGNATURE)
    plume = gas > 0
    assert np.corrcoef(found[plume], gas[plume])[0, 1] > 0.93
    assert np.abs(found[plume] - gas[plume]).mean() < 0.15 * gas[plume].mean()
    assert (found[~plume] == 0).mean() > 0.8
    assert found[~plume].mean() < 0.01 * found[plume].mean()


def test_the_albedo_keeps_dark_ground_from_hiding_gas() -> None:
    random = np.random.default_rng(0)
    cube = radiance(2)[0]
    spectrum = cube.mean(axis=(1, 2), dtype=np.float64) * np.exp(SIGNATURE * 0.05)
    noise = random.normal(0, 2e-3, (2, BANDS))
    cube[:, 10, 3], cube[:, 11, 3] = spectrum * 0.3 + noise[0], spectrum * 1.5 + noise[1]
    found, albedo = mag1c(cube, SIGNATURE)
    assert albedo[10, 3] == pytest.approx(0.3, abs=0.02)
    assert found[10, 3] == pytest.approx(0.05, rel=0.3)
    assert found[11, 3] == pytest.approx(0.05, rel=0.3)


def test_even_bright_ground_loses_nothing_in_float32() -> None:
    random = np.random.default_rng(9)
    ground = random.uniform(9000, 11_000, (BANDS, 1, 1)) + random.normal(0, 0.02, (BANDS, 50, 12))
    ground[:, 20:25, 3:8] *= np.exp(SIGNATURE * 2e-5)[:, None, None]
    cube = ground.astype(np.float32)  # in steps of 1/1024, as means are
    found, wanted = mag1c(cube, SIGNATURE)[0], reference(cube, SIGNATURE)[0]
    assert wanted.max() > 1e-5
    np.testing.assert_allclose(found, wanted, atol=1e-3 * wanted.max())


def test_each_group_has_its_own_statistics() -> None:
    cube, _ = radiance(3)
    cube[:, :, 6:] *= np.linspace(0.5, 2, BANDS).astype(np.float32)[:, None, None]
    whole = mag1c(cube, SIGNATURE, group=6)
    for columns in (slice(0, 6), slice(6, 12)):
        part = mag1c(cube[:, :, columns], SIGNATURE)
        assert np.array_equal(whole[0][:, columns], part[0])
        assert np.array_equal(whole[1][:, columns], part[1])


def test_without_iterations_it_is_the_matched_filter_over_albedo() -> None:
    cube, _ = radiance(4)
    pixels = cube.reshape(BANDS, -1).astype(np.float64)
    mean, covariance = pixels.mean(axis=1), np.cov(pixels, bias=True)
    solved = np.linalg.solve(covariance, SIGNATURE * mean)
    albedo = mean @ pixels / (mean @ mean)
    wanted = np.maximum(solved @ (pixels - mean[:, None]) / (SIGNATURE * mean @ solved) / albedo, 0)
    for form in (mag1c, reference):
        found, bright = form(cube, SIGNATURE, iterations=0)
        np.testing.assert_allclose(found.ravel(), wanted, atol=5e-5)
        np.testing.assert_allclose(bright.ravel(), albedo, rtol=1e-5)


@pytest.mark.parametrize("form", [mag1c, reference])
def test_too_few_pixels_and_no_light_have_no_result(form: object) -> None:
    few = radiance(5, rows=4, columns=5)[0]
    assert np.isnan(form(few, SIGNATURE)[0]).all()  # type: ignore[operator]
    dark = radiance(6)[0]
    dark[:, 4, 4] = -dark[:, 4, 4]
    found, albedo = form(dark, SIGNATURE)  # type: ignore[operator]
    assert np.isnan(found[4, 4])
    assert albedo[4, 4] < 0
    assert np.isfinite(np.delete(found.ravel(), 4 * 12 + 4)).all()
    dead = radiance(7)[0]
    dead[2] = 0
    assert np.isnan(form(dead, SIGNATURE)[0]).all()  # type: ignore[operator]
    assert form(dead[:, :0], SIGNATURE)[0].shape == (0, 12)  # type: ignore[operator]


def test_cuda_goes_through_the_iterations_of_the_reference() -> None:
    cube = radiance(8, rows=12, columns=12)[0]
    n, pixels = cube[0].size, cube.reshape(BANDS, -1).astype(np.float64)
    mean = pixels.mean(axis=1)
    albedo, found = np.zeros(n, np.float32), np.zeros(n, np.float32)
    along = (mean / (mean @ mean)).astype(np.float32)
    launch(device.albedo_factor, n, cube.ravel(), along, albedo, BANDS, n)
    target = np.zeros(BANDS)
    for iteration in range(3):
        left = pixels - target[:, None] * (albedo * found)
        mean = left.mean(axis=1)
        target = SIGNATURE * mean
        solved = np.linalg.solve(np.cov(left, bias=True), target)
        launch(
            device.enhance, n, cube.ravel(), mean.astype(np.float32), solved.astype(np.float32),
            albedo, found, np.float32(1 / (target @ solved)), np.float32(1e-9), iteration > 0,
            BANDS, n,
        )  # fmt: skip
    wanted, bright = reference(cube, SIGNATURE, iterations=2)
    np.testing.assert_allclose(found, wanted.ravel(), atol=5e-5)
    np.testing.assert_allclose(albedo, bright.ravel(), rtol=1e-5)


@pytest.mark.parametrize(
    ("columns", "group", "sizes"),
    [
        (10, None, [10]),
        (10, 5, [5, 5]),
        (10, 4, [5, 5]),
        (11, 4, [4, 3, 4]),
        (3, 9, [3]),
        (0, 2, []),
    ],
)
def test_groups_are_even(columns: int, group: int | None, sizes: list[int]) -> None:
    groups = column_groups(columns, group)
    assert [g.stop - g.start for g in groups] == sizes
    assert [i for g in groups for i in range(columns)[g]] == list(range(columns))


def test_what_makes_no_sense_is_refused() -> None:
    cube = cube_of(0, 3, 5, 5)
    for form in (mag1c, reference):
        with pytest.raises(BadInputError, match="no gas"):
            form(cube, np.zeros(3))
        with pytest.raises(BadInputError, match="no gas"):
            form(cube, np.ones(3), epsilon=0)
        with pytest.raises(BadInputError, match="shrinkage is out of range"):
            form(cube, np.ones(3), shrinkage=1.5)
        with pytest.raises(BadInputError, match="cannot be grouped"):
            form(cube, np.ones(3), group=0)
        with pytest.raises(BadInputError, match="signature does not fit"):
            form(cube, np.ones(4))
