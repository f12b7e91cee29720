"""Strata, and the draw from them."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgers.calibration.strata import MOST_STRATA, drawn, strata_of, ticket


def tickets(count: int, seed: int = 0) -> list[bytes]:
    return [ticket(seed, "scene", i, 0) for i in range(count)]


def test_what_is_rare_has_a_stratum_of_its_own() -> None:
    random = np.random.default_rng(0)
    signatures = random.normal(0, 1, (1000, 6)).astype(np.float32)
    signatures[[17, 400]] += 30
    stratum = strata_of(signatures, 40)
    assert stratum[17] == stratum[400]
    assert np.count_nonzero(stratum == stratum[17]) == 2


def test_what_is_alike_is_one_stratum() -> None:
    assert set(strata_of(np.ones((50, 4), np.float32), 40)) == {0}


@given(st.integers(1, 500), st.integers(1, 300))
def test_there_are_no_more_strata_than_can_be_drawn(candidates: int, count: int) -> None:
    signatures = np.random.default_rng(candidates).normal(0, 1, (candidates, 3))
    stratum = strata_of(signatures.astype(np.float32), count)
    assert len(set(stratum)) == stratum.max() + 1 <= min(MOST_STRATA, max(1, count // 4))


@given(st.integers(1, 300), st.integers(4, 100), st.integers(0, 9), st.data())
def test_every_stratum_and_class_is_drawn_and_no_more_than_asked(
    candidates: int, count: int, seed: int, data: st.DataObject
) -> None:
    random = np.random.default_rng(seed)
    stratum = random.integers(0, max(1, count // 4), candidates)
    classes = [frozenset(random.integers(0, max(1, count // 8), 2).tolist()) for _ in stratum]
    found = drawn(tickets(candidates, seed), stratum, classes, count)
    assert len(found) == len(set(found)) == min(count, candidates)
    assert found == sorted(found)
    assert {int(stratum[i]) for i in found} == {int(s) for s in stratum}
    assert frozenset().union(*(classes[i] for i in found)) == frozenset().union(*classes)


def test_half_is_drawn_as_the_scenes_are() -> None:
    stratum = np.array([0] * 970 + [1] * 20 + [2] * 10)
    found = drawn(tickets(1000), stratum, [()] * 1000, 60)
    counts = np.bincount(stratum[found])
    assert counts[1] == pytest.approx(10, abs=3)
    assert counts[2] == pytest.approx(10, abs=3)
    assert counts[0] == pytest.approx(40, abs=6)


def test_a_draw_hangs_on_the_seed_alone() -> None:
    stratum, nothing = np.zeros(100, np.intp), [()] * 100
    assert drawn(tickets(100), stratum, nothing, 9) == drawn(tickets(100), stratum, nothing, 9)
    assert drawn(tickets(100), stratum, nothing, 9) != drawn(tickets(100, 1), stratum, nothing, 9)
