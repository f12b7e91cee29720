"""Sums that hang on no order."""

import math

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from edgers.calibration.metrics.exact_sum import ExactSum

BLOCKS = st.lists(st.lists(st.floats(-1e300, 1e300), max_size=4), max_size=6)


def sum_of(blocks: list[list[float]]) -> ExactSum:
    found = ExactSum()
    for block in blocks:
        found.add(np.array(block, float))
    return found


@given(blocks=BLOCKS, cut=st.integers(0, 6))
def test_blocks_may_come_in_any_order_and_in_parts(blocks: list[list[float]], cut: int) -> None:
    whole = sum_of(blocks).value()
    merged = sum_of(blocks[cut:][::-1])
    merged.merge(sum_of(blocks[:cut]))
    assert merged.value() == whole
    assert whole == math.fsum(float(np.sum(block)) for block in blocks)


def test_what_is_not_finite_stays_so() -> None:
    found = sum_of([[1.0], [np.inf], [2.0]])
    assert found.value() == np.inf
    found.add(np.array([-np.inf]))
    assert math.isnan(found.value())
