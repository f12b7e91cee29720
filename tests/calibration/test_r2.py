"""R² of blocks is that of the whole, in any order, also of values far from 0."""

import numpy as np
import pytest
from sklearn.metrics import r2_score

from edgers.calibration.metrics.values import ValueMetric


def test_values_that_hardly_differ_keep_their_digits_in_any_order() -> None:
    random = np.random.default_rng(4)
    truth = 3e5 + random.normal(0, 1e-3, 9000)
    found = truth + random.normal(0, 5e-4, 9000)
    blocks = [slice(0, 10), slice(10, 5000), slice(5000, 9000)]
    scores = []
    for order in (blocks, blocks[::-1]):
        total = ValueMetric("v")
        for block in order:
            one = ValueMetric("v")
            one.add(truth[block], found[block])
            total.merge(one)
        scores.append(total.score())
    assert scores[0] == scores[1]
    wanted = r2_score(truth - 3e5, found - 3e5)
    assert scores[0].value == pytest.approx(wanted, abs=1e-9)
    assert scores[0].constant is None


def test_what_is_not_answered_counts_as_the_mean() -> None:
    truth = np.array([1.0, 2.0, 3.0, 6.0, np.nan])
    found = np.array([1.0, np.nan, 3.5, 6.0, 9.0])
    metric = ValueMetric("v")
    metric.add(truth, found)
    score = metric.score()
    filled = np.where(np.isfinite(found), found, 3.0)
    assert score.value == pytest.approx(r2_score(truth[:4], filled[:4]))
    assert (score.truth, score.found) == (4, 3)
