"""Metrics of values, vectors and images, held against scikit-learn and plain NumPy."""

import itertools
import math
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import mean_absolute_error, mean_squared_error
from sklearn.metrics.pairwise import cosine_similarity

from edgers.calibration.metrics.embedding import EmbeddingMetric
from edgers.calibration.metrics.image import ImageMetric
from edgers.calibration.metrics.regression import RegressionMetric

Array = npt.NDArray[Any]


def pair(seed: int, *shape: int) -> tuple[Array, Array]:
    random = np.random.default_rng(seed)
    truth = random.normal(3, 2, shape).astype(np.float32)
    return truth, truth + random.normal(0.1, 0.5, shape).astype(np.float32)


def parts(length: int, cuts: list[int]) -> list[slice]:
    edges = [0, *sorted(min(cut, length) for cut in cuts), length]
    return [slice(a, b) for a, b in itertools.pairwise(edges)][::-1]


CUTS = st.lists(st.integers(0, 20), max_size=4)


def test_regression_is_that_of_scikit_learn() -> None:
    truth, found = pair(0, 400)
    metric = RegressionMetric()
    metric.add(truth, found)
    assert metric.rmse() == pytest.approx(math.sqrt(mean_squared_error(truth, found)), rel=1e-6)
    assert metric.mae() == pytest.approx(mean_absolute_error(truth, found), rel=1e-6)
    assert metric.bias() == pytest.approx(float((found - truth).mean()), rel=1e-4)


@settings(deadline=None)
@given(seed=st.integers(0, 99), cuts=CUTS)
def test_regression_by_blocks(seed: int, cuts: list[int]) -> None:
    truth, found = pair(seed, 20, 3)
    whole, total = RegressionMetric(), RegressionMetric()
    whole.add(truth, found)
    for rows in parts(20, cuts):
        block = RegressionMetric()
        block.add(truth[rows], found[rows])
        total.merge(block)
    for one, other in ((total.rmse(), whole.rmse()), (total.mae(), whole.mae())):
        assert one == pytest.approx(other, rel=1e-12)
    assert total.bias() == pytest.approx(whole.bias(), abs=1e-12)


def test_where_there_is_no_truth_nothing_is_counted_and_no_answer_is_no_number() -> None:
    metric = RegressionMetric()
    assert metric.rmse() is None
    metric.add(np.array([np.nan, 1.0]), np.array([5.0, 3.0]))
    assert (metric.rmse(), metric.bias()) == (2.0, 2.0)
    metric.add(np.array([1.0]), np.array([np.inf]))
    assert metric.rmse() == np.inf


def test_cosines_are_those_of_scikit_learn() -> None:
    truth, found = pair(1, 50, 8)
    metric = EmbeddingMetric()
    metric.add(truth, found)
    wanted = cosine_similarity(truth, found).diagonal()
    assert metric.mean_cosine() == pytest.approx(float(wanted.mean()), rel=1e-6)
    assert metric.least_cosine() == pytest.approx(float(wanted.min()), rel=1e-6)


@settings(deadline=None)
@given(seed=st.integers(0, 99), cuts=CUTS)
def test_cosines_by_blocks(seed: int, cuts: list[int]) -> None:
    truth, found = pair(seed, 20, 3)
    whole, total = EmbeddingMetric(), EmbeddingMetric()
    whole.add(truth, found)
    for rows in parts(20, cuts):
        block = EmbeddingMetric()
        block.add(truth[rows], found[rows])
        total.merge(block)
    assert total.mean_cosine() == pytest.approx(whole.mean_cosine(), rel=1e-12)
    assert total.least_cosine() == pytest.approx(whole.least_cosine(), rel=1e-12)


def test_vectors_that_point_nowhere_have_cosine_zero() -> None:
    metric = EmbeddingMetric()
    metric.add(np.eye(3), np.array([[0, 0, 0], [0, np.nan, 0], [0, 0, 1e200]]))
    assert metric.mean_cosine() == pytest.approx(1 / 3)
    assert metric.least_cosine() == 0


def test_psnr_and_sam_by_their_formulae() -> None:
    truth, found = pair(2, 5, 12, 10)
    metric = ImageMetric(10)
    metric.add(truth, found)
    one, other = truth.astype(float), found.astype(float)
    mean = ((one - other) ** 2).mean()
    assert metric.psnr_db() == pytest.approx(10 * np.log10(100 / mean))
    cosine = (one * other).sum(0) / np.linalg.norm(one, axis=0) / np.linalg.norm(other, axis=0)
    assert metric.sam_deg() == pytest.approx(np.degrees(np.arccos(cosine)).mean())


@settings(deadline=None)
@given(seed=st.integers(0, 99), cuts=CUTS)
def test_images_by_blocks(seed: int, cuts: list[int]) -> None:
    truth, found = pair(seed, 3, 20, 4)
    whole, total = ImageMetric(5), ImageMetric(5)
    whole.add(truth, found)
    for rows in parts(20, cuts):
        block = ImageMetric(5)
        block.add(truth[:, rows], found[:, rows])
        total.merge(block)
    assert total.psnr_db() == pytest.approx(whole.psnr_db(), rel=1e-12)
    assert total.sam_deg() == pytest.approx(whole.sam_deg(), rel=1e-12)


def test_angles_at_their_ends() -> None:
    spectra = np.array([[[1.0, 1.0, 0.0, 0.0, 1.0]], [[0.0, 1.0, 0.0, 0.0, 0.0]]])
    others = np.array([[[-2.0, 3.0, 0.0, 1.0, np.nan]], [[0.0, 3.0, 0.0, 0.0, 1.0]]])
    wanted = [180, 0, 0, 90, 90]
    for pixel, angle in enumerate(wanted):
        metric = ImageMetric(1)
        metric.add(spectra[..., pixel : pixel + 1], others[..., pixel : pixel + 1])
        assert metric.sam_deg() == pytest.approx(angle, abs=1e-6)
    same = ImageMetric(1)
    same.add(spectra, spectra)
    assert same.psnr_db() == math.inf


def test_images_of_other_peaks_do_not_go_together() -> None:
    with pytest.raises(ValueError, match="peaks"):
        ImageMetric(1).merge(ImageMetric(2))
