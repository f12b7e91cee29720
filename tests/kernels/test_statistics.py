"""Means, covariances and percentiles of scenes that come in windows."""

from itertools import permutations
from typing import Any

import numpy as np
import pytest
from builders.cubes import cube_of, cubes
from builders.cuda_simulator import launch
from hypothesis import given, settings
from hypothesis import strategies as st

from edgers.errors import BadInputError
from edgers.kernels.band_histogram import BandHistogram
from edgers.kernels.cpu import statistics
from edgers.kernels.cuda import statistics as device
from edgers.kernels.reference import statistics as reference
from edgers.kernels.scene_statistics import Covariance, Moments, NoiseCovariance
from edgers.kernels.spectra import Cube
from edgers.kernels.sums import BandMoments, moments_from_parts

TYPES = ("uint8", "uint16", "int16", "float32")
PERCENTS = (0, 2, 25, 50, 73.3, 98, 100)


def samples_of(kind: str, seed: int, shape: tuple[int, int, int], *, narrow: bool = False) -> Any:
    random = np.random.default_rng(seed)
    if kind == "float32":
        cube = cube_of(seed, *shape, level=0, holes=0.1)
        return np.where(random.random(shape) < 0.3, np.round(cube), cube).astype(np.float32)
    limits = np.iinfo(kind)
    low, high = (max(limits.min, -40), 200) if narrow else (limits.min, limits.max)
    return random.integers(low, high, shape, dtype=kind, endpoint=True)


def assert_moments(found: BandMoments, wanted: BandMoments) -> None:
    """Float64 sums of float32 differences: a few 1e-16 of the sum of squares about any origin."""
    assert np.array_equal(found.count, wanted.count)
    for name in ("minimum", "maximum"):
        assert np.array_equal(getattr(found, name), getattr(wanted, name), equal_nan=True)
    np.testing.assert_allclose(found.mean, wanted.mean, rtol=1e-10, atol=1e-9)
    scale = 1e-12 * np.maximum(wanted.maximum**2, wanted.minimum**2) * wanted.count
    known = np.isfinite(wanted.squares)
    assert np.array_equal(known, np.isfinite(found.squares))
    gap = np.abs(found.squares - wanted.squares)
    assert (gap <= 1e-10 * wanted.squares + scale)[known].all()


@settings(max_examples=80, deadline=None, derandomize=True)
@given(
    kind=st.sampled_from(TYPES), seed=st.integers(0, 999), bands=st.integers(1, 4),
    size=st.tuples(st.integers(0, 70), st.integers(0, 70)), masked=st.booleans(),
)  # fmt: skip
def test_moments_of_a_window_are_those_of_the_reference(
    kind: str, seed: int, bands: int, size: tuple[int, int], masked: bool
) -> None:
    samples = samples_of(kind, seed, (bands, *size))
    missing = np.random.default_rng(seed).random(samples.shape) < 0.3 if masked else None
    found = statistics.band_moments(samples, missing)
    assert_moments(found, reference.band_moments(samples, missing))


@settings(max_examples=30, deadline=None, derandomize=True)
@given(cube=cubes())
def test_moments_of_odd_samples_are_those_of_the_reference(cube: Cube) -> None:
    assert_moments(statistics.band_moments(cube), reference.band_moments(cube))


@settings(max_examples=40, deadline=None, derandomize=True)
@given(cube=cubes())
def test_the_scatter_of_a_window_is_that_of_the_reference(cube: Cube) -> None:
    found, wanted = statistics.pixel_scatter(cube), reference.pixel_scatter(cube)
    assert found.count == wanted.count
    np.testing.assert_allclose(found.mean, wanted.mean, rtol=1e-12, atol=1e-12)
    size = np.sqrt(np.diag(wanted.scatter))
    assert (np.abs(found.scatter - wanted.scatter) <= 1e-11 * np.outer(size, size) + 1e-7).all()


def test_moments_by_hand() -> None:
    samples = np.array([[[1, np.nan, 3, 8]], [[5, 5, np.inf, 5]]], np.float32)
    missing = np.zeros(samples.shape, bool)
    missing[0, 0, 3] = True
    for form in (statistics.band_moments, reference.band_moments):
        found = form(samples, missing)
        assert found.count.tolist() == [2, 4]
        assert found.mean[0] == 2
        assert found.squares[0] == 2
        assert found.variance[0] == 1
        assert found.minimum.tolist() == [1, 5]
        assert found.maximum.tolist() == [3, np.inf]
        assert np.isnan(found.mean[1])
        assert np.isnan(found.variance[1])


def windows_of(cube: Any) -> list[Any]:
    return [cube[:, :9], cube[:, 9:10], cube[:, 10:, :7], cube[:, 10:, 7:], cube[:, :0]]


def test_bright_even_scenes_keep_their_variance_in_any_order() -> None:
    random = np.random.default_rng(0)
    cube = (random.normal(0, 1, (3, 30, 31)) + 1e4).astype(np.float32)
    cube[0, 0, 0] = 0.0  # a first sample far from all others
    cube[1, 3, 4] = np.nan
    wide = cube.reshape(3, -1).astype(np.float64)
    complete = wide[:, ~np.isnan(wide).any(axis=0)]
    for order in permutations(windows_of(cube)):
        moments, covariance = Moments(3), Covariance(3)
        for window in order:
            moments.add(window)
            covariance.add(window)
        np.testing.assert_allclose(moments.result.mean, np.nanmean(wide, axis=1), rtol=1e-14)
        np.testing.assert_allclose(moments.result.variance, np.nanvar(wide, axis=1), rtol=1e-10)
        np.testing.assert_allclose(covariance.result.covariance, np.cov(complete), rtol=1e-10)
        np.testing.assert_allclose(covariance.result.mean, complete.mean(axis=1), rtol=1e-14)


def test_what_two_have_seen_can_be_merged() -> None:
    cube = cube_of(1, 4, 20, 21, holes=0.05)
    parts = [(Moments(4), Covariance(4), NoiseCovariance(4)) for _ in range(2)]
    whole = (Moments(4), Covariance(4), NoiseCovariance(4))
    for seen, rows in ((parts[0], slice(0, 7)), (parts[1], slice(7, 20)), (whole, slice(0, 20))):
        for each in seen:
            each.add(cube[:, rows])
    for one, other in zip(*parts, strict=True):
        one.merge(other)  # type: ignore[arg-type]
    assert_moments(parts[0][0].result, whole[0].result)
    for one, all_of_it in (
        (parts[0][1], whole[1]),
        (parts[0][2].differences, whole[2].differences),
    ):
        a = one.result if isinstance(one, Covariance) else one
        b = all_of_it.result if isinstance(all_of_it, Covariance) else all_of_it
        assert a.count == b.count
        np.testing.assert_allclose(a.covariance, b.covariance, rtol=1e-12)


def test_nothing_seen_is_nothing_known() -> None:
    empty = Moments(2)
    empty.add(np.full((2, 3, 3), np.nan, np.float32))
    assert empty.result.count.tolist() == [0, 0]
    assert np.isnan(empty.result.variance).all()
    for seen in (Covariance(2), NoiseCovariance(2)):
        seen.add(np.full((2, 3, 3), np.nan, np.float32))
        with pytest.raises(BadInputError, match="there is no covariance"):
            _ = seen.result.covariance if isinstance(seen, Covariance) else seen.result


def test_noise_is_found_below_a_smooth_scene() -> None:
    random = np.random.default_rng(2)
    mixing = random.normal(size=(4, 4))
    smooth = np.cumsum(random.normal(0, 0.01, (4, 100, 100)), axis=2) * 20
    noise = np.einsum("ij,jrc->irc", mixing, random.normal(size=(4, 100, 100)))
    seen = NoiseCovariance(4)
    for rows in range(0, 100, 30):
        seen.add((smooth + noise).astype(np.float32)[:, rows : rows + 30])
    wanted = mixing @ mixing.T
    np.testing.assert_allclose(seen.result, wanted, atol=0.06 * np.abs(wanted).max())


@settings(max_examples=40, deadline=None, derandomize=True)
@given(
    kind=st.sampled_from(("uint8", "uint16", "int16")), seed=st.integers(0, 999),
    narrow=st.booleans(), masked=st.booleans(), method=st.sampled_from(("linear", "lower")),
    shape=st.tuples(st.integers(1, 2), st.integers(1, 20), st.integers(1, 20)),
)  # fmt: skip
def test_percentiles_of_integers_are_those_of_numpy(
    kind: str, seed: int, narrow: bool, masked: bool, method: Any, shape: tuple[int, int, int]
) -> None:
    samples = samples_of(kind, seed, shape, narrow=narrow)
    missing = np.random.default_rng(seed).random(shape) < 0.5 if masked else None
    first, second = BandHistogram(shape[0], kind), BandHistogram(shape[0], kind)
    middle = shape[1] // 2
    first.add(samples[:, :middle], None if missing is None else missing[:, :middle])
    second.add(samples[:, middle:], None if missing is None else missing[:, middle:])
    first.merge(second)
    found = first.percentiles(PERCENTS, method)
    plain = np.zeros_like(first.counts)
    reference.count_values(samples, plain, missing)
    assert np.array_equal(first.counts, plain)
    for band in range(shape[0]):
        known = samples[band] if missing is None else samples[band][~missing[band]]
        wanted = np.percentile(known, PERCENTS, method=method) if known.size else np.nan
        np.testing.assert_array_equal(found[:, band], wanted)


@settings(max_examples=30, deadline=None, derandomize=True)
@given(
    seed=st.integers(0, 999), method=st.sampled_from(("linear", "lower")), masked=st.booleans(),
    shape=st.tuples(st.integers(1, 2), st.integers(1, 20), st.integers(1, 20)),
    level=st.sampled_from((0.0, 1e4, -3e-20, 1e30)),
)  # fmt: skip
def test_percentiles_of_float32_are_those_of_numpy(
    seed: int, method: Any, masked: bool, shape: tuple[int, int, int], level: float
) -> None:
    cube = (samples_of("float32", seed, shape) * max(1, abs(level) / 10) + level).astype(np.float32)
    missing = np.random.default_rng(seed).random(shape) < 0.5 if masked else None
    middle = shape[1] // 2
    pieces = [slice(0, middle), slice(middle, None)]
    first = BandHistogram(shape[0], "float32")
    for rows in pieces:
        first.add(cube[:, rows], None if missing is None else missing[:, rows])
    second = first.refine(PERCENTS, method)
    for rows in reversed(pieces):
        second.add(cube[:, rows], None if missing is None else missing[:, rows])
    plain, lower = np.zeros_like(first.counts), np.zeros_like(second.counts)
    reference.count_values(cube, plain, missing)
    reference.count_lower_half(cube, second.slots, lower, missing)
    assert np.array_equal(first.counts, plain)
    assert np.array_equal(second.counts, lower)
    found = second.percentiles()
    for band in range(shape[0]):
        known = ~np.isnan(cube[band]) & (True if missing is None else ~missing[band])
        wide = cube[band][known].astype(np.float64)
        wanted = np.percentile(wide, PERCENTS, method=method) if wide.size else np.nan
        np.testing.assert_array_equal(found[:, band], wanted)


def test_keys_are_in_the_order_of_the_samples() -> None:
    x = np.array([-np.inf, -3e38, -1, -1e-45, -0.0, 0, 1e-45, 1e-3, 1, 7, np.inf], np.float32)
    keys = reference.ordered_keys(x)
    assert (np.diff(keys.astype(np.int64)) > 0).all()


def test_infinite_samples_have_their_place() -> None:
    cube = np.array([-np.inf, -5, 2, np.inf, np.inf], np.float32).reshape(1, 1, 5)
    first = BandHistogram(1, "float32")
    first.add(cube)
    second = first.refine([0, 25, 50, 80, 100], "lower")
    second.add(cube)
    assert second.percentiles()[:, 0].tolist() == [-np.inf, -5, 2, np.inf, np.inf]


def test_a_second_pass_over_other_samples_is_refused() -> None:
    first = BandHistogram(1, "float32")
    first.add(np.ones((1, 2, 2), np.float32))
    second = first.refine([50])
    second.add(np.ones((1, 2, 1), np.float32))
    with pytest.raises(BadInputError, match="do not belong"):
        second.percentiles()


@settings(max_examples=12, deadline=None, derandomize=True)
@given(
    kind=st.sampled_from(TYPES), seed=st.integers(0, 99), masked=st.booleans(),
    parts=st.integers(1, 5),
)  # fmt: skip
def test_cuda_moments_are_those_of_the_reference(
    kind: str, seed: int, masked: bool, parts: int
) -> None:
    samples = samples_of(kind, seed, (2, 5, 7), narrow=True)
    missing = np.random.default_rng(seed).random(samples.shape) < 0.3
    shift = np.array([3.0, 90.0], np.float32)
    out = np.zeros((5, 2, parts), np.float32)
    flat = out.reshape(-1)
    launch(
        device.band_moments, 2 * parts, samples.ravel(), missing.astype(np.uint8).ravel(),
        int(masked), shift, flat, 2, parts, 35,
    )  # fmt: skip
    found = moments_from_parts(out, shift.astype(np.float64))
    wanted = reference.band_moments(samples, missing if masked else None)
    assert np.array_equal(found.count, wanted.count)
    np.testing.assert_array_equal(found.minimum, wanted.minimum)
    np.testing.assert_array_equal(found.maximum, wanted.maximum)
    np.testing.assert_allclose(found.mean, wanted.mean, rtol=1e-5, atol=1e-4)
    # Float32 squares about a shift that is up to 90 off: 1e-7 of 35 · 140².
    np.testing.assert_allclose(found.squares, wanted.squares, rtol=1e-5, atol=0.2)


def test_cuda_parts_without_a_sample_are_nothing() -> None:
    out = np.zeros((5, 1, 4), np.float32)
    launch(
        device.band_moments, 4, np.full(2, np.nan, np.float32), np.zeros(2, np.uint8), 0,
        np.zeros(1, np.float32), out.reshape(-1), 1, 4, 2,
    )  # fmt: skip
    found = moments_from_parts(out, np.zeros(1))
    assert found.count[0] == 0
    assert np.isnan([found.mean[0], found.squares[0], found.minimum[0], found.maximum[0]]).all()


def test_cuda_scatter_is_that_of_the_reference() -> None:
    cube = cube_of(3, 4, 5, 6, holes=0.05)
    complete = np.isfinite(cube).all(axis=0).astype(np.uint8).ravel()
    shift, parts = np.full(4, 100, np.float32), 3
    out = np.zeros((parts, 4, 4), np.float32)
    launch(
        device.pixel_scatter, parts * 16, cube.ravel(), complete, shift, out.reshape(-1), 4, parts,
        30,
    )  # fmt: skip
    total = np.tril(out.sum(axis=0, dtype=np.float64))
    wanted = reference.pixel_scatter(cube)
    offset = wanted.mean - shift
    lower = np.tril(wanted.scatter + wanted.count * np.outer(offset, offset))
    np.testing.assert_allclose(total, lower, rtol=1e-4, atol=1e-3)


@pytest.mark.parametrize("kind", ["uint8", "uint16", "int16"])
@pytest.mark.parametrize("masked", [False, True])
def test_cuda_counts_are_those_of_the_reference(kind: str, masked: bool) -> None:
    samples = samples_of(kind, 4, (2, 4, 6), narrow=True)
    missing = np.random.default_rng(4).random(samples.shape) < 0.3
    first, bins, parts = 10, 150, 2
    out = np.zeros(parts * 2 * bins, np.int32)
    launch(
        device.count_values, 16 * parts * 2, samples.ravel(), missing.astype(np.uint8).ravel(),
        int(masked), first, bins, out, 2, parts, 24,
    )  # fmt: skip
    wanted = np.zeros((2, 256 if kind == "uint8" else 65_536), np.int64)
    reference.count_values(samples, wanted, missing if masked else None)
    lowest = first - np.iinfo(kind).min
    found = out.reshape(parts, 2, bins).sum(axis=0)
    assert np.array_equal(found, wanted[:, lowest : lowest + bins])
    assert found.sum() > 0


@pytest.mark.parametrize("masked", [False, True])
def test_cuda_counts_of_keys_are_those_of_the_reference(masked: bool) -> None:
    random = np.random.default_rng(5)
    cube = random.choice(np.array([1, 1.0001, 1.5, -2, np.nan, np.inf], np.float32), (2, 4, 6))
    missing = random.random(cube.shape) < 0.3
    mask = missing if masked else None
    wanted = np.zeros((2, 65_536), np.int64)
    reference.count_values(cube, wanted, mask)
    upper = int(reference.ordered_keys(np.ones(1, np.float32))[0] >> 16)
    first, bins, parts = upper - 3, 80, 2
    bits, holes = cube.ravel().view(np.uint32), missing.astype(np.uint8).ravel()
    out, none = np.zeros(parts * 2 * bins, np.int32), np.zeros(1, np.int32)
    launch(
        device.count_keys, 16 * parts * 2, bits, holes, int(masked), none, 0, first, bins, out, 2,
        parts, 24,
    )  # fmt: skip
    found = out.reshape(parts, 2, bins).sum(axis=0)
    assert np.array_equal(found, wanted[:, first : first + bins])
    assert found.sum() > 0
    # Band 0: the half of 1.0 in slot 1; band 1: in slot 0.
    slots = np.full((2, 65_536), -1, np.int16)
    slots[0, upper], slots[1, upper] = 1, 0
    lower = np.zeros((2, 2, 65_536), np.int64)
    reference.count_lower_half(cube, slots, lower, mask)
    out = np.zeros(2 * 2 * 900, np.int32)
    launch(
        device.count_keys, 16 * 4, bits, holes, int(masked), np.array([-1, upper, upper, -1], "i4"),
        2, 0, 900, out, 2, 1, 24,
    )  # fmt: skip
    assert np.array_equal(out.reshape(2, 2, 900), lower[:, :, :900])
    assert (out.reshape(2, 2, 900).sum(axis=2) > 0).tolist() == [[False, True], [True, False]]


def test_slabs_meet_without_a_gap_on_the_device() -> None:
    values = np.array([0, 8191, 8192, 8193, 16_383, 16_384], np.uint16)
    out = np.zeros(16_385, np.int32)
    launch(device.count_values, 16 * 3, values, np.zeros(6, np.uint8), 0, 0, 16_385, out, 1, 1, 6)
    assert np.flatnonzero(out).tolist() == values.tolist()
    assert out.sum() == 6


def test_what_does_not_fit_is_refused() -> None:
    with pytest.raises(BadInputError, match="no histogram for this type"):
        BandHistogram(1, "float64")
    whole, real = BandHistogram(1, "uint8"), BandHistogram(1, "float32")
    with pytest.raises(BadInputError, match="do not belong"):
        whole.add(np.ones((1, 1, 1), np.uint16))
    with pytest.raises(BadInputError, match="do not belong"):
        whole.merge(real)
    with pytest.raises(BadInputError, match="do not belong"):
        whole.refine([50])
    with pytest.raises(BadInputError, match="one pass is not enough"):
        real.percentiles([50])
    with pytest.raises(BadInputError, match="no such percentile"):
        whole.percentiles([101])
    for form in (statistics, reference):
        with pytest.raises(BadInputError, match="mask does not fit"):
            form.band_moments(np.ones((1, 2, 2), np.uint8), np.zeros((1, 2, 1), bool))
        with pytest.raises(BadInputError, match="no statistics of these"):
            form.band_moments(np.ones((1, 2, 2), np.float64))
        with pytest.raises(BadInputError, match="histogram does not fit"):
            form.count_values(np.ones((1, 2, 2), np.uint8), np.zeros((1, 65_536), np.int64))
