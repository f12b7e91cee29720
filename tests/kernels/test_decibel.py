"""Radar samples to decibels and back."""

import numpy as np
import numpy.typing as npt
import pytest
from builders.cuda_simulator import launch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from edgers.errors import BadInputError
from edgers.kernels.cpu import decibel as cpu
from edgers.kernels.cuda import decibel as device
from edgers.kernels.reference import decibel as reference
from edgers.kernels.scaling import scale_samples

Samples = npt.NDArray[np.float32]
FORMS = (reference, cpu)
FLOATS = hnp.arrays(np.float32, st.integers(0, 40), elements=st.floats(width=32))
FLOORS = st.sampled_from([None, 1e-5, 1.0, 1e-44])


def assert_decibels(found: Samples, wanted: Samples) -> None:
    """Logarithms within 2 units in the last place; near 0 dB within 2 of those of 1, tenfold."""
    assert found.dtype == np.float32
    assert found.shape == wanted.shape
    np.testing.assert_allclose(found, wanted, rtol=4e-7, atol=3e-6)


@settings(max_examples=150, deadline=None, derandomize=True)
@given(x=FLOATS, floor=FLOORS)
def test_cpu_equals_the_reference(x: Samples, floor: float | None) -> None:
    for name in ("decibel_from_power", "decibel_from_amplitude"):
        wanted = getattr(reference, name)(x, floor=floor)
        assert_decibels(getattr(cpu, name)(x, floor=floor), wanted)
    back = reference.power_from_decibel(x)
    # Relative to the result; below 2^-126 float32 has steps of 2^-149.
    np.testing.assert_allclose(cpu.power_from_decibel(x), back, rtol=3e-7, atol=2.0**-148)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(
    x=hnp.arrays(np.int16, st.tuples(st.integers(0, 5), st.integers(0, 5), st.just(2))),
    floor=FLOORS, is_complex=st.booleans(),
)  # fmt: skip
def test_complex_samples_on_the_cpu_equal_the_reference(
    x: npt.NDArray[np.int16], floor: float | None, is_complex: bool
) -> None:
    samples = (x[..., 0] + 1j * x[..., 1]).astype(np.complex64) if is_complex else x
    found = cpu.decibel_from_complex(samples, floor=floor)
    assert found.shape == x.shape[:2]
    assert_decibels(found, reference.decibel_from_complex(samples, floor=floor))


def test_chunks_meet_without_a_gap() -> None:
    x = np.random.default_rng(0).normal(0, 30, (3, 1111)).astype(np.float32)
    x[:, ::97] = np.nan
    assert_decibels(cpu.decibel_from_power(x), reference.decibel_from_power(x))
    np.testing.assert_allclose(
        cpu.power_from_decibel(x), reference.power_from_decibel(x), rtol=3e-7
    )
    pairs = x.reshape(3, 101, 11)[..., :2]
    assert_decibels(cpu.decibel_from_complex(pairs), reference.decibel_from_complex(pairs))


@settings(max_examples=25, deadline=None, derandomize=True)
@given(
    x=hnp.arrays(np.float32, st.integers(1, 20), elements=st.floats(-300, 300, width=32)),
    floor=st.sampled_from([None, 1e-3]),
)
def test_cuda_equals_the_reference(x: Samples, floor: float | None) -> None:
    out, n = np.zeros(len(x), np.float32), len(x)
    held = (int(floor is not None), np.float32(floor or 0))
    launch(device.decibel_from_real, n, x, out, *held, np.float32(10), n)
    assert_decibels(out, reference.decibel_from_power(x, floor=floor))
    root = (held[0], np.sqrt(held[1]))
    launch(device.decibel_from_real, n, x, out, *root, np.float32(20), n)
    assert_decibels(out, reference.decibel_from_amplitude(x, floor=floor))
    parts = np.stack([x, x[::-1]], axis=-1).astype(np.int16)
    launch(device.decibel_from_complex, n, parts.ravel(), out, *held, n)
    assert_decibels(out, reference.decibel_from_complex(parts, floor=floor))
    launch(device.power_from_decibel, n, x, out, n)
    np.testing.assert_allclose(out, reference.power_from_decibel(x), rtol=3e-7)


@pytest.mark.parametrize("form", FORMS)
def test_decibels_by_hand(form: object) -> None:
    power = np.array([1, 10, 0.01, 0, -1, np.nan, np.inf], np.float32)
    to_decibel = form.decibel_from_power  # type: ignore[attr-defined]
    nan = np.nan
    np.testing.assert_allclose(to_decibel(power), [0, 10, -20, nan, nan, nan, np.inf], atol=1e-5)
    np.testing.assert_allclose(
        to_decibel(power, floor=0.1), [0, 10, -10, -10, -10, nan, np.inf], atol=1e-5
    )
    amplitude = np.array([10, 0.1, -10, nan, 1e-25], np.float32)
    to_decibel = form.decibel_from_amplitude  # type: ignore[attr-defined]
    np.testing.assert_allclose(to_decibel(amplitude), [20, -20, nan, nan, -500], atol=1e-4)
    np.testing.assert_allclose(
        to_decibel(amplitude, floor=1e-3), [20, -20, -30, nan, -30], atol=1e-4
    )
    back = form.power_from_decibel  # type: ignore[attr-defined]
    some = np.array([0, 10, -20, 3, nan, np.inf, -np.inf, 400, -500], np.float32)
    wanted = [1, 10, 0.01, 1.9952623, nan, np.inf, 0, np.inf, 0]
    np.testing.assert_allclose(back(some), wanted, rtol=3e-7)


@pytest.mark.parametrize("form", FORMS)
def test_complex_samples_by_hand(form: object) -> None:
    to_decibel = form.decibel_from_complex  # type: ignore[attr-defined]
    samples = np.array([[3 + 4j, 0, 1j * np.nan]], np.complex64)
    np.testing.assert_allclose(to_decibel(samples), [[13.9794, np.nan, np.nan]], rtol=1e-6)
    np.testing.assert_allclose(to_decibel(samples, floor=1.0), [[13.9794, 0, np.nan]], rtol=1e-6)
    largest = np.full((1, 2), -32768, np.int16)
    np.testing.assert_allclose(to_decibel(largest), [93.319299], rtol=1e-6)


@pytest.mark.parametrize("form", FORMS)
def test_there_and_back_again(form: object) -> None:
    power = (10 ** np.random.default_rng(0).uniform(-30, 30, 5000)).astype(np.float32)
    decibel = form.decibel_from_power(power)  # type: ignore[attr-defined]
    # A decibel of 300 in float32 is known to 1.5e-5, a power to 3.6e-6 of itself.
    back = form.power_from_decibel(decibel)  # type: ignore[attr-defined]
    np.testing.assert_allclose(back, power, rtol=1e-5)


@pytest.mark.parametrize("form", FORMS)
def test_the_model_input_step_is_the_same(form: object) -> None:
    power = np.random.default_rng(1).normal(0.1, 0.2, (1, 30, 30)).astype(np.float32)
    step = power.copy()
    scale_samples(step, [("decibel", {"floor": np.full((1, 1, 1), 1e-3, np.float32)})])
    found = form.decibel_from_power(power, floor=1e-3)  # type: ignore[attr-defined]
    assert_decibels(found, step)


@pytest.mark.parametrize("form", FORMS)
def test_what_does_not_fit_is_refused(form: object) -> None:
    one = np.ones(3, np.float32)
    for floor in (0, -20, np.nan, 1e-60, np.inf):
        with pytest.raises(BadInputError, match="above 0, not in dB"):
            form.decibel_from_power(one, floor=floor)  # type: ignore[attr-defined]
        with pytest.raises(BadInputError, match="above 0, not in dB"):
            form.decibel_from_complex(  # type: ignore[attr-defined]
                one.astype(np.complex64), floor=floor
            )
    for name in ("decibel_from_power", "decibel_from_amplitude", "power_from_decibel"):
        with pytest.raises(BadInputError, match="not float32"):
            getattr(form, name)(one.astype(float))
    for wrong in (one, np.ones(2, np.int32), np.ones(2, np.complex128), np.float32(2)):
        with pytest.raises(BadInputError, match="no complex samples"):
            form.decibel_from_complex(np.asarray(wrong))  # type: ignore[attr-defined]
