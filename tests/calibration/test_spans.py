"""Ranges by method: sane for every shape of distribution, and those of other calibrators."""

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from edgers.calibration.ranges import METHODS
from edgers.calibration.spans import CHOICES, LEVELS, spans_of, squared_error
from edgers.calibration.tally import tally_of

RANDOM = np.random.default_rng(0)
NORMAL = RANDOM.normal(0, 1, 200_000).astype(np.float32)
SHAPES = {
    "signed": NORMAL,
    "one-sided": np.maximum(NORMAL, 0),
    "below zero": -np.abs(NORMAL),
    "far from zero": 100 + NORMAL,
    "heavy tail": np.concatenate([NORMAL, [80.0, -60.0]]).astype(np.float32),
    "lopsided": np.where(NORMAL > 0, 40 * NORMAL, 0.1 * NORMAL).astype(np.float32),
    "constant": np.full(100, 3.25, np.float32),
    "constant below zero": np.full(100, -3.25, np.float32),
    "zero": np.zeros(100, np.float32),
    "one value": np.array([1e-20], np.float32),
}


def test_each_method_has_its_choice() -> None:
    assert tuple(CHOICES) == METHODS


@pytest.mark.parametrize("name", SHAPES)
def test_all_ranges_lie_within_what_was_seen(name: str) -> None:
    tally = tally_of(SHAPES[name])
    for low, high in spans_of(tally).values():
        assert tally.low <= low <= high <= tally.high


@settings(max_examples=100, deadline=None)
@given(arrays(np.float32, st.integers(1, 200), elements=st.floats(-1e4, 1e4, width=32)))
def test_mse_is_never_worse_than_all_that_was_seen(values: npt.NDArray[np.float32]) -> None:
    tally = tally_of(values)
    spans = spans_of(tally)
    for low, high in spans.values():
        assert tally.low <= low <= high <= tally.high
    errors = {method: squared_error(tally, span) for method, span in spans.items()}
    assert errors["mse"] <= errors["min-max"]


@pytest.mark.parametrize("name", ["signed", "one-sided", "heavy tail", "lopsided"])
def test_mse_is_the_best_of_all_methods_on_the_values_themselves(name: str) -> None:
    values, spans = SHAPES[name], spans_of(tally_of(SHAPES[name]))
    errors = {method: true_error(values, *span) for method, span in spans.items()}
    # The histogram takes values for the middle of their bin.
    assert errors["mse"] <= 1.02 * min(errors.values())


def true_error(values: npt.NDArray[np.float32], low: float, high: float) -> float:
    low, high = min(low, 0), max(high, 0)
    step = (high - low) / 255
    zero = np.rint(-low / step)
    given = (np.clip(np.rint(values / step) + zero, 0, 255) - zero) * step
    return float(np.mean((values - given) ** 2))


def test_percentile_is_that_of_numpy() -> None:
    tally = tally_of(NORMAL)
    found = spans_of(tally)["percentile"]
    wanted = np.percentile(NORMAL, [0.0005, 99.9995])
    # The tails are thin: one value may lie several bins from the next.
    assert found == pytest.approx(tuple(wanted), abs=0.1)
    inside = (found[0] <= NORMAL) & (found[1] >= NORMAL)
    assert inside.mean() >= 0.99999


def test_two_stray_values_do_not_set_the_range() -> None:
    spans = spans_of(tally_of(SHAPES["heavy tail"]))
    assert spans["min-max"] == (-60, 80)
    assert -12 < spans["entropy"][0] < -3
    assert 3 < spans["entropy"][1] < 12
    # Two values cut off by 35 cost as much here as steps half as wide again for all others.
    assert spans["mse"][1] < 60


def test_entropy_is_the_published_search_done_plainly() -> None:
    """Against TensorRT's search as NVIDIA publishes it, written as loops."""
    tally = tally_of(SHAPES["heavy tail"])
    assert tally.counts is not None
    half = len(tally.counts) // 2
    sizes = (tally.counts[half:] + tally.counts[:half][::-1]).astype(float)
    last = int(np.flatnonzero(sizes)[-1]) + 1
    sizes = sizes[:last]
    sizes[0] = sizes[1]
    losses = {}
    for end in [*range(LEVELS, last, 8), last]:
        if not sizes[end - 1]:
            continue
        p, q = sizes[:end].copy(), np.zeros(end)
        for level in range(LEVELS):
            mine = [i for i in range(end) if i * LEVELS // end == level and sizes[i]]
            for i in mine:
                q[i] = sizes[mine].sum() / len(mine)
        p[-1] += sizes[end:].sum()
        seen = p > 0
        p, q = p[seen] / p.sum(), q[seen] / q.sum()
        losses[end] = float((p * np.log(p / q)).sum())
        if end > LEVELS + 400:
            break
    best = min(losses, key=lambda end: losses[end])
    assert spans_of(tally)["entropy"][1] == pytest.approx(best * tally.width)


def test_zeros_after_a_relu_do_not_narrow_the_range() -> None:
    values = np.abs(NORMAL)
    with_zeros = np.concatenate([values, np.zeros(10 * len(values), np.float32)])
    one, other = (spans_of(tally_of(x))["entropy"] for x in (values, with_zeros))
    assert one[1] == other[1]
