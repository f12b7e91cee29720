"""The wavelet transform, and stripes damped in its coefficients."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgers.errors import BadInputError
from edgers.kernels.spectra import Cube
from edgers.kernels.wavelet import FILTERS, analyse, filter_named, high_pass, synthesise
from edgers.kernels.wavelet_stripes import damp_stripes


@pytest.mark.parametrize("name", FILTERS)
def test_filters_are_orthonormal_and_blind_to_polynomials(name: str) -> None:
    low = filter_named(name)
    taps, high = len(low), high_pass(low)
    for shift in range(0, taps, 2):
        assert low[shift:] @ low[: taps - shift] == pytest.approx(float(shift == 0), abs=1e-12)
        assert low[shift:] @ high[: taps - shift] == pytest.approx(0, abs=1e-12)
        assert high[shift:] @ low[: taps - shift] == pytest.approx(0, abs=1e-12)
    assert low.sum() == pytest.approx(2**0.5, abs=1e-12)
    for power in range(taps // 2):
        assert high @ np.arange(taps) ** power == pytest.approx(0, abs=1e-10)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(
    name=st.sampled_from(list(FILTERS)), rows=st.integers(1, 9), columns=st.integers(1, 9),
    seed=st.integers(0, 99),
)  # fmt: skip
def test_what_is_taken_apart_goes_together_again(
    name: str, rows: int, columns: int, seed: int
) -> None:
    image = np.random.default_rng(seed).normal(0, 100, (2 * rows, 2 * columns))
    low = filter_named(name)
    approximation, details = analyse(image, low)
    np.testing.assert_allclose(synthesise(approximation, details, low), image, atol=1e-9)
    energy = sum(
        np.square(part).sum()
        for part in (approximation, details.vertical, details.horizontal, details.diagonal)
    )
    assert energy == pytest.approx(np.square(image).sum(), rel=1e-10)


def test_each_direction_has_its_details() -> None:
    low = filter_named("db2")
    across = np.tile([1.0, -1.0], (8, 4))
    for image, name in ((across, "vertical"), (across.T, "horizontal"), (across * across.T, "")):
        _, details = analyse(image, low)
        energy = {
            kind: float(np.square(getattr(details, kind)).sum())
            for kind in ("vertical", "horizontal", "diagonal")
        }
        assert max(energy, key=energy.__getitem__) == (name or "diagonal")
        assert sum(energy.values()) == pytest.approx(64)


def scene() -> Cube:
    """A smooth scene with a disc in it, 250 rows, 203 columns."""
    down, right = np.mgrid[:250, :203] / 250
    plane = 1000 + 300 * np.sin(3 * right + 2 * down) + 200 * np.cos(9 * right * down)
    plane += 400 * ((right - 0.4) ** 2 + (down - 0.5) ** 2 < 0.05)
    return plane[np.newaxis].astype(np.float32)


STRIPES = np.random.default_rng(0).normal(0, 30, 203).astype(np.float32)


def psnr(found: Cube, clean: Cube) -> float:
    """Peak signal to noise in dB, peak being the largest sample of the scene."""
    return float(10 * np.log10(clean.max() ** 2 / np.mean((found - clean) ** 2.0)))


@pytest.mark.parametrize("name", ["db2", "db3", "db4"])
def test_planted_stripes_go_and_the_scene_stays(name: str) -> None:
    clean = scene()
    before = psnr(clean + STRIPES, clean)
    assert psnr(damp_stripes(clean + STRIPES, wavelet=name), clean) > before + 4
    # The bound for a scene without stripes: 1 % of its brightest sample, root mean square.
    assert psnr(damp_stripes(clean, wavelet=name), clean) > 40


def test_a_scene_that_goes_on_from_its_other_side_wants_periodic_borders() -> None:
    down, right = np.mgrid[:128, :160] * 2 * np.pi
    plane = 1000 + 300 * np.sin(right / 160 + down / 128) + 200 * np.cos(2 * down / 128)
    clean = plane[np.newaxis].astype(np.float32)
    striped = clean + STRIPES[:160]
    periodic = psnr(damp_stripes(striped, border="periodic"), clean)
    assert periodic > psnr(striped, clean) + 6
    assert periodic > psnr(damp_stripes(striped, border="symmetric"), clean)


def test_a_wider_notch_takes_stripes_that_change_along_track() -> None:
    # Alike in pairs of rows, so that all of it is in the vertical details.
    swing = np.repeat(np.cos(2 * np.pi * np.arange(128) / 128), 2)[:, np.newaxis]
    ripple = (20 * np.tile([1.0, -1.0], 64) * swing)[np.newaxis].astype(np.float32)
    left = [
        np.square(damp_stripes(ripple, wavelet="haar", levels=1, width=w, border="periodic")).mean()
        for w in (0.2, 1.0, 4.0)
    ]
    assert left[0] > 0.9 * np.square(ripple).mean()
    # One cycle along the column: 1 − exp(−1/2), and 1 − exp(−1/32), of it are left.
    assert left[1] == pytest.approx(np.square(ripple * (1 - np.exp(-0.5))).mean(), rel=1e-4)
    assert left[2] == pytest.approx(np.square(ripple * (1 - np.exp(-1 / 32))).mean(), rel=1e-4)


def test_what_is_alike_in_all_columns_stays() -> None:
    rows = np.random.default_rng(3).normal(100, 20, (40, 1)).astype(np.float32)
    image = np.repeat(rows, 24, axis=1)[np.newaxis]
    np.testing.assert_allclose(damp_stripes(image), image, rtol=1e-5)


@pytest.mark.parametrize("shape", [(1, 1), (1, 7), (5, 1), (33, 2), (0, 4)])
def test_any_size_is_taken(shape: tuple[int, int]) -> None:
    image = np.random.default_rng(1).normal(5, 1, (2, *shape)).astype(np.float32)
    found = damp_stripes(image, levels=3)
    assert found.shape == image.shape
    assert found.dtype == np.float32
    assert np.isfinite(found).all()


def test_missing_samples_stay_missing_and_spoil_nothing() -> None:
    clean = scene()
    holed = clean + STRIPES
    holes = np.random.default_rng(2).random(holed.shape) < 0.02
    holed[holes] = np.nan
    holed[:, :, 17] = np.nan
    found = damp_stripes(holed)
    assert np.array_equal(np.isnan(found), np.isnan(holed))
    known = ~np.isnan(holed)
    assert psnr(found[known], clean[known]) > psnr(holed[known], clean[known]) + 4
    empty = np.full((1, 4, 4), np.nan, np.float32)
    assert np.isnan(damp_stripes(empty)).all()


def test_what_is_out_of_range_is_refused() -> None:
    image = scene()[:, :8, :8]
    with pytest.raises(BadInputError, match="wavelets are haar"):
        damp_stripes(image, wavelet="db9")
    for wrong in ({"levels": 0}, {"levels": 11}, {"width": 0.0}, {"border": "zero"}):
        with pytest.raises(BadInputError, match="levels are 1 to 10"):
            damp_stripes(image, **wrong)  # type: ignore[arg-type]
    with pytest.raises(BadInputError, match="not a cube"):
        damp_stripes(image.astype(np.float64))
