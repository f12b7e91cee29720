"""What is counted of a tensor: against numpy over everything at once, in any order."""

import math

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from edgers.calibration.tally import HALF, Tally, tally_of

PARTS = st.lists(
    arrays(
        np.float32,
        st.integers(0, 40),
        elements=st.one_of(
            st.floats(-1e6, 1e6, width=32), st.floats(-(2.0**-10), 2.0**-10, width=32), st.just(0.0)
        ),
    ),
    min_size=1, max_size=6,
)  # fmt: skip


def merged(parts: list[npt.NDArray[np.float32]]) -> Tally:
    found = Tally()
    for part in parts:
        found.merge(tally_of(part))
    return found


@settings(max_examples=200, deadline=None)
@given(PARTS)
def test_counts_are_those_of_numpy_over_everything(parts: list[npt.NDArray[np.float32]]) -> None:
    found, everything = merged(parts), np.concatenate(parts)
    if not everything.size:
        assert found.counts is None
        return
    assert (found.low, found.high) == (everything.min(), everything.max())
    reach = math.ldexp(1.0, found.exponent)
    wanted, _ = np.histogram(everything.astype(np.float64), 2 * HALF, (-reach, reach))
    assert np.array_equal(found.counts, wanted)
    assert everything.max() < reach
    assert everything.min() > -reach


@settings(max_examples=100, deadline=None)
@given(PARTS, st.randoms(use_true_random=False))
def test_the_order_of_the_parts_changes_nothing(
    parts: list[npt.NDArray[np.float32]], shuffle: "st.DrawFn"
) -> None:
    one = merged(parts)
    shuffle.shuffle(parts)  # type: ignore[attr-defined]
    other = merged(parts)
    assert (one.low, one.high, one.exponent) == (other.low, other.high, other.exponent)
    assert np.array_equal(one.counts, other.counts)


def test_at_least_half_of_the_bins_lie_below_the_largest_value() -> None:
    for value in (1e-30, 0.5, 0.999, 1.0, 1.001, 3e30):
        found = tally_of(np.array([value], np.float32))
        assert HALF // 2 <= value / found.width < HALF


@pytest.mark.parametrize("kind", [np.float16, np.float32, np.float64])
def test_float_types_are_counted_alike(kind: type) -> None:
    values = np.array([-2.0, -0.25, 0.0, 0.5, 1.5], kind)
    found = tally_of(values)
    assert found.total == 5
    assert found.exponent == 2
    assert np.array_equal(found.counts, tally_of(values.astype(np.float32)).counts)


@pytest.mark.parametrize(("value", "word"), [(np.nan, "NaN"), (np.inf, "infinity")])
def test_what_is_not_finite_is_refused(value: float, word: str) -> None:
    with pytest.raises(ValueError, match=word):
        tally_of(np.array([1.0, value, -1.0], np.float32))


def test_a_small_negative_value_stays_negative_beside_a_large_one() -> None:
    tiny, large = (np.array([value], np.float32) for value in (-1e-44, 1e9))
    one, other = tally_of(np.concatenate([tiny, large])), merged([tiny, large])
    assert np.array_equal(one.counts, other.counts)
    assert one.counts is not None
    assert one.counts[HALF - 1] == 1
