"""Lee's filters: every form alike, speckle gone, edges kept."""

import numpy as np
import pytest
from builders.cuda_simulator import launch
from hypothesis import given, settings
from hypothesis import strategies as st

from edgers.errors import BadInputError
from edgers.kernels.aligned_windows import ALIGNED_WINDOWS, END, FIRST
from edgers.kernels.cpu import speckle as cpu
from edgers.kernels.cuda import speckle as device
from edgers.kernels.reference import speckle as reference
from edgers.kernels.spectra import Cube

FORMS = (reference, cpu)


def speckled(clean: Cube, looks: float, seed: int = 0) -> Cube:
    """Multiply by fully developed speckle: gamma distributed, mean 1, variance 1 / looks."""
    noise = np.random.default_rng(seed).gamma(looks, 1 / looks, clean.shape)
    return (clean * noise).astype(np.float32)


@st.composite
def intensities(draw: st.DrawFn, most: int = 12) -> Cube:
    """Speckled steps of any brightness with holes, infinities, zeros and bright targets."""
    bands, rows, columns = (
        draw(st.integers(1, 2)),
        draw(st.integers(1, most)),
        draw(st.integers(1, most)),
    )
    seed = draw(st.integers(0, 999))
    clean = np.full((bands, rows, columns), draw(st.sampled_from([1e-3, 1.0, 1e6])))
    clean[:, :, columns // 2 :] *= draw(st.sampled_from([1, 20]))
    found = speckled(clean, draw(st.sampled_from([1, 4, 100])), seed)
    random = np.random.default_rng(seed)
    odd = draw(st.sampled_from([None, np.nan, np.inf, 0.0, 1e15]))
    if odd is not None:
        found[random.random(found.shape) < draw(st.sampled_from([0.05, 0.6]))] = odd
    if draw(st.booleans()):
        found[:, : rows // 2] = 3
    return found


def assert_close(found: Cube, wanted: Cube, intensity: Cube) -> None:
    """Sums of squares in another order: their rounding is that of the brightest sample squared.

    Where speckle explains all variance but for rounding, k may be 1e-16 · bright² / mean² instead
    of 0, and moves the result by that share of the sample.
    """
    assert np.array_equal(np.isnan(found), np.isnan(wanted))
    usual = np.isfinite(intensity)
    assert np.array_equal(usual, np.isfinite(wanted))
    np.testing.assert_allclose(found[usual], wanted[usual], rtol=1e-5)


@settings(max_examples=120, deadline=None, derandomize=True)
@given(
    intensity=intensities(), looks=st.sampled_from([0.8, 1.0, 4.4, 50.0]),
    window=st.sampled_from([3, 5, 7, 11, 17]),
)  # fmt: skip
def test_lee_on_the_cpu_equals_the_reference(intensity: Cube, looks: float, window: int) -> None:
    before = intensity.copy()
    found = cpu.lee(intensity, looks, window)
    assert_close(found, reference.lee(intensity, looks, window), intensity)
    assert np.array_equal(intensity, before, equal_nan=True)


@settings(max_examples=120, deadline=None, derandomize=True)
@given(intensity=intensities(), looks=st.sampled_from([0.8, 1.0, 4.4, 50.0]))
def test_refined_lee_on_the_cpu_equals_the_reference(intensity: Cube, looks: float) -> None:
    found = cpu.refined_lee(intensity, looks)
    assert_close(found, reference.refined_lee(intensity, looks), intensity)


@settings(max_examples=15, deadline=None, derandomize=True)
@given(intensity=intensities(most=6), looks=st.sampled_from([1.0, 4.0]))
def test_cuda_equals_the_reference(intensity: Cube, looks: float) -> None:
    _, rows, columns = intensity.shape
    out, n = np.zeros(intensity.size, np.float32), intensity.size
    # Powers of two are the same in float32, so that the noise is that of the reference.
    noise = np.float32(1 / looks)
    with np.errstate(all="ignore"):
        launch(device.lee, n, intensity.ravel(), out, noise, 2, rows, columns, n)
        assert_close(out.reshape(intensity.shape), reference.lee(intensity, looks, 5), intensity)
        windows = ALIGNED_WINDOWS.astype(np.uint8).ravel()
        launch(device.refined_lee, n, intensity.ravel(), out, windows, noise, rows, columns, n)
    assert_close(out.reshape(intensity.shape), reference.refined_lee(intensity, looks), intensity)


def test_a_large_image_is_filtered_alike() -> None:
    clean = np.ones((1, 70, 300))
    clean[:, 20:40, 100:] = 15
    intensity = speckled(clean, 3)
    assert_close(cpu.lee(intensity, 3, 9), reference.lee(intensity, 3, 9), intensity)
    found = cpu.refined_lee(intensity, 3)
    assert_close(found, reference.refined_lee(intensity, 3), intensity)


@pytest.mark.parametrize("form", FORMS)
def test_lee_by_hand(form: object) -> None:
    intensity = np.array([[[1, 2, 6]]], np.float32)
    found = form.lee(intensity, looks=4.0, window=3)[0, 0]  # type: ignore[attr-defined]
    # First: mean 1.5, variance 0.25 < 1.5² / 4, so the mean. Middle: mean 3, variance 14 / 3,
    # speckle 9 / 4, q = (14/3 − 9/4) / 1.25 = 29/15, k = q / (q + 9/4) = 116 / 251.
    np.testing.assert_allclose(found[0], 1.5, rtol=1e-6)
    np.testing.assert_allclose(found[1], 3 - 116 / 251, rtol=1e-6)
    # Last: mean 4, variance 4 = speckle.
    np.testing.assert_allclose(found[2], 4, rtol=1e-6)


def test_half_windows_hold_28_pixels_and_meet_in_a_line() -> None:
    assert (ALIGNED_WINDOWS.sum(axis=(1, 2)) == 28).all()
    for first, second in ALIGNED_WINDOWS.reshape(4, 2, 7, 7):
        assert (first & second).sum() == 7
        assert (first & second)[3, 3]
        assert (first | second).all()
        assert np.array_equal(first, second[::-1, ::-1])
    for half, spans in zip(ALIGNED_WINDOWS, np.stack([FIRST, END], axis=2), strict=True):
        for row, (first_column, end) in zip(half, spans, strict=True):
            assert row[first_column:end].all()
            assert not row[:first_column].any()
            assert not row[end:].any()


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("half", range(8))
def test_the_half_along_the_edge_is_taken(half: int, form: object) -> None:
    """The half about the middle is 1 with a pixel of 3, all else 100: 30 / 28 where it is seen."""
    intensity = np.full((1, 7, 7), 100, np.float32)
    intensity[0][ALIGNED_WINDOWS[half]] = 1
    far = np.argwhere(ALIGNED_WINDOWS[half])
    far = far[np.abs(far - 3).sum(axis=1).argmax()]
    intensity[0, far[0], far[1]] = 3
    found = form.refined_lee(intensity, looks=1.0)  # type: ignore[attr-defined]
    assert found[0, 3, 3] == pytest.approx(30 / 28, rel=1e-6)


def enl(intensity: Cube) -> float:
    """Equivalent number of looks: mean² / variance."""
    return float(intensity.mean(dtype=float) ** 2 / intensity.var(dtype=float))


def test_speckle_goes_and_the_mean_stays() -> None:
    intensity = speckled(np.full((1, 200, 200), 0.05), looks=4)
    assert enl(intensity) == pytest.approx(4, rel=0.05)
    # A mean of 49 or 28 pixels of 4 looks has 196 or 112 looks at best.
    for found, least in ((cpu.lee(intensity, 4, 7), 90), (cpu.refined_lee(intensity, 4), 30)):
        assert enl(found) > least
        assert found.mean(dtype=float) == pytest.approx(intensity.mean(dtype=float), rel=0.02)


@pytest.mark.parametrize("slope", [0, 1, -1, None])
def test_refined_lee_keeps_an_edge_better_than_a_boxcar(slope: int | None) -> None:
    down, right = np.mgrid[:80, :80] - 40
    clean = np.where((right if slope is None else down - slope * right) > 0, 10.0, 1.0)[np.newaxis]
    intensity = speckled(clean, looks=4)
    boxcar = cpu.lee(intensity, 1e-6, 7)
    refined = cpu.refined_lee(intensity, 4)
    near = np.abs(right if slope is None else down - slope * right) <= 2
    near[:4], near[-4:], near[:, :4], near[:, -4:] = False, False, False, False
    wrong = [np.mean(np.abs(np.log(one[0][near] / clean[0][near]))) for one in (boxcar, refined)]
    assert wrong[1] < 0.6 * wrong[0]


def test_a_bright_target_leaves_no_trace() -> None:
    intensity = np.full((1, 30, 30), 1e-3, np.float32)
    intensity[0, 10, 10] = 1e12
    away = np.abs(np.mgrid[:30, :30] - 10).max(axis=0) > 3
    for form in FORMS:
        np.testing.assert_allclose(form.lee(intensity, 4, 7)[0][away], 1e-3, rtol=1e-6)


def test_what_is_out_of_range_is_refused() -> None:
    intensity = np.ones((1, 4, 4), np.float32)
    for form in FORMS:
        for looks, window in ((0, 7), (-1, 7), (np.nan, 7), (4, 6), (4, 1)):
            with pytest.raises(BadInputError, match="speckle cannot be filtered"):
                form.lee(intensity, looks, window)
        with pytest.raises(BadInputError, match="speckle cannot be filtered"):
            form.refined_lee(intensity, 0)
        with pytest.raises(BadInputError, match="not a cube"):
            form.lee(intensity[0], 4)
