"""Each scaling step against its formula, written down in float64."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgers.kernels.scaling import CAST_TYPES, STEPS, Samples, cast, scale_samples

Wide = npt.NDArray[np.float64]
Numbers = Mapping[str, Sequence[float]]

FORMULAS: Mapping[str, Callable[[Wide, Mapping[str, Wide]], Wide]] = {
    "min-max": lambda x, p: (x - p["minimum"]) / (p["maximum"] - p["minimum"]),
    "z-score": lambda x, p: (x - p["mean"]) / p["stddev"],
    "clip": lambda x, p: np.minimum(np.maximum(x, p["minimum"]), p["maximum"]),
    "clip-min": lambda x, p: np.maximum(x, p["minimum"]),
    "clip-max": lambda x, p: np.minimum(x, p["maximum"]),
    "offset": lambda x, p: x - p["value"],
    "scale": lambda x, p: x / p["value"],
    "decibel": lambda x, p: 10 * np.log10(np.maximum(x, p["floor"])),
}
NUMBERS: Mapping[str, Mapping[str, tuple[float, ...]]] = {
    "min-max": {"minimum": (100, -50, 0), "maximum": (900, 50, 4000)},
    "z-score": {"mean": (1200, 900.5, -3), "stddev": (300, 12.25, 0.5)},
    "clip": {"minimum": (0, 10, -20), "maximum": (100, 11, 3000)},
    "clip-min": {"minimum": (5, 500, -7)},
    "clip-max": {"maximum": (5, 500, -7)},
    "offset": {"value": (1000, -1000, 0)},
    "scale": {"value": (10_000, 0.5, -4)},
    "decibel": {"floor": (1e-3, 1, 50)},
}


def columns(numbers: Numbers, dtype: type[np.floating]) -> dict[str, npt.NDArray[Any]]:
    return {name: np.array(row, dtype).reshape(-1, 1, 1) for name, row in numbers.items()}


def stepped(samples: npt.NDArray[Any], kind: str, numbers: Numbers) -> Samples:
    found = samples.astype(np.float32)
    scale_samples(found, [(kind, columns(numbers, np.float32))])
    return found


def wanted(samples: npt.NDArray[Any], kind: str, numbers: Numbers) -> Wide:
    return FORMULAS[kind](samples.astype(np.float64), columns(numbers, np.float64))


def picture(seed: int = 0) -> Samples:
    return np.random.default_rng(seed).uniform(-500, 5000, (3, 6, 5)).astype(np.float32)


def test_every_step_has_a_formula_here() -> None:
    assert set(STEPS) == set(FORMULAS) == set(NUMBERS)
    assert all(set(STEPS[kind].parameters) == set(NUMBERS[kind]) for kind in STEPS)


@pytest.mark.parametrize("kind", STEPS)
def test_a_step_with_a_number_a_band_is_its_formula(kind: str) -> None:
    found = stepped(picture(), kind, NUMBERS[kind])
    np.testing.assert_allclose(found, wanted(picture(), kind, NUMBERS[kind]), rtol=1e-5, atol=1e-4)


@pytest.mark.parametrize("kind", STEPS)
def test_one_number_holds_for_all_bands(kind: str) -> None:
    one = {name: row[:1] for name, row in NUMBERS[kind].items()}
    three = {name: row * 3 for name, row in one.items()}
    assert np.array_equal(stepped(picture(), kind, one), stepped(picture(), kind, three))


@settings(max_examples=150, deadline=None, derandomize=True)
@given(
    kind=st.sampled_from(sorted(STEPS)),
    seed=st.integers(0, 999),
    low=st.floats(-1000, 1000),
    width=st.floats(0.125, 5000),
)
def test_any_step_with_any_numbers_is_its_formula(
    kind: str, seed: int, low: float, width: float
) -> None:
    values = {"minimum": low, "maximum": low + width, "mean": low, "stddev": width}
    values |= {"value": width, "floor": width}
    numbers = {name: (float(np.float32(values[name])),) for name in STEPS[kind].parameters}
    exact = wanted(picture(seed), kind, numbers)
    rounding = 1e-6 * max(1.0, 6000 / width, float(np.abs(exact).max()))
    np.testing.assert_allclose(stepped(picture(seed), kind, numbers), exact, rtol=0, atol=rounding)


@pytest.mark.parametrize("kind", STEPS)
def test_a_step_works_in_place_and_stays_float32(kind: str) -> None:
    samples = picture()
    before = samples.copy()
    STEPS[kind].apply(samples, columns(NUMBERS[kind], np.float32))
    assert samples.dtype == np.float32
    assert not np.array_equal(samples, before)


def test_zero_and_negative_power_are_the_floor_in_decibel() -> None:
    found = stepped(np.array([[[0.0, -4.0, 0.1]]]), "decibel", {"floor": [1e-5]})
    np.testing.assert_allclose(found, [[[-50, -50, -10]]], atol=1e-4)


@settings(max_examples=200, deadline=None, derandomize=True)
@given(
    data_type=st.sampled_from(CAST_TYPES),
    values=st.lists(st.floats(-1e6, 1e6, width=32), min_size=1, max_size=20),
)
def test_a_cast_cuts_toward_zero_and_holds_the_range(data_type: str, values: list[float]) -> None:
    limits = np.iinfo(data_type)
    samples = np.array(values, np.float32).reshape(1, 1, -1)
    scale_samples(samples, [("cast", data_type)])
    exact = [float(max(limits.min, min(limits.max, int(value)))) for value in values]
    assert samples.ravel().tolist() == exact


@pytest.mark.parametrize(
    ("value", "as_uint8", "as_int8"),
    [(1.9, 1, 1), (-1.9, 0, -1), (300, 255, 127), (-300, 0, -128), (0.5, 0, 0), (254.99, 254, 127)],
)
def test_a_cast_cuts_these(value: float, as_uint8: float, as_int8: float) -> None:
    for data_type, exact in (("uint8", as_uint8), ("int8", as_int8)):
        samples = np.array([[[value]]], np.float32)
        cast(samples, data_type)
        assert samples.item() == exact


@pytest.mark.parametrize("data_type", CAST_TYPES)
def test_every_whole_number_of_a_cast_type_stays(data_type: str) -> None:
    limits = np.iinfo(data_type)
    samples = np.arange(limits.min, limits.max + 1, dtype=np.float32).reshape(1, 1, -1)
    before = samples.copy()
    cast(samples, data_type)
    assert np.array_equal(samples, before)


def test_steps_run_in_their_order() -> None:
    offset = ("offset", columns({"value": [10]}, np.float32))
    scale = ("scale", columns({"value": [4]}, np.float32))
    first, second = (np.full((1, 1, 1), 30, np.float32) for _ in range(2))
    scale_samples(first, [offset, scale])
    scale_samples(second, [scale, offset])
    assert first.item() == 5.0
    assert second.item() == -2.5


def test_a_cast_between_two_steps_loses_what_it_cuts() -> None:
    scale = ("scale", columns({"value": [10]}, np.float32))
    back = ("scale", columns({"value": [0.1]}, np.float32))
    samples = np.full((1, 1, 1), 57, np.float32)
    scale_samples(samples, [scale, ("cast", "uint8"), back])
    assert samples.item() == pytest.approx(50)


def test_no_steps_change_nothing() -> None:
    samples = picture()
    scale_samples(samples, [])
    assert np.array_equal(samples, picture())
