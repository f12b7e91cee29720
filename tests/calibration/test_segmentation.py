"""Scores of segmentations, held against scikit-learn's and against areas known by formula."""

import itertools

import numpy as np
import numpy.typing as npt
import pytest
from affine import Affine
from hypothesis import given, settings
from hypothesis import strategies as st
from rasterio.crs import CRS
from sklearn.metrics import f1_score, jaccard_score

from edgers.calibration.metrics.registry import MEAN_IOU
from edgers.calibration.metrics.segmentation import NOTHING, SegmentationMetric
from edgers.calibration.verdict import mean_of
from edgers.scene.geometry import row_areas_m2
from edgers.scene.place import Place

NAMES = ("land", "water", "cloud")
AREAS = np.linspace(90, 110, 12)


def maps(seed: int, classes: int = 3) -> tuple[npt.NDArray[np.int16], npt.NDArray[np.int16]]:
    random = np.random.default_rng(seed)
    truth, found = random.integers(NOTHING, classes, (2, 12, 9)).astype(np.int16)
    return truth, np.where(random.random(truth.shape) < 0.6, truth, found)


def counted(
    truth: npt.NDArray[np.int16], found: npt.NDArray[np.int16], rows: slice = slice(None)
) -> SegmentationMetric:
    metric = SegmentationMetric(NAMES)
    metric.add(truth[rows], found[rows], AREAS[rows])
    return metric


@pytest.mark.parametrize("seed", range(5))
def test_iou_and_f1_are_those_of_scikit_learn(seed: int) -> None:
    truth, found = maps(seed)
    scores = counted(truth, found).scores()
    known = truth != NOTHING
    options = {"labels": [0, 1, 2], "average": None}
    wanted = jaccard_score(truth[known], found[known], **options)
    assert [one.iou for one in scores] == pytest.approx(list(wanted))
    assert [one.f1 for one in scores] == pytest.approx(
        list(f1_score(truth[known], found[known], **options))
    )
    assert mean_of(counted(truth, found).scores(), MEAN_IOU) == pytest.approx(wanted.mean())


@settings(deadline=None)
@given(seed=st.integers(0, 999), cuts=st.lists(st.integers(0, 12), max_size=4), turn=st.booleans())
def test_blocks_give_what_the_whole_gives(seed: int, cuts: list[int], turn: bool) -> None:
    truth, found = maps(seed)
    edges = [0, *sorted(cuts), 12]
    rows = [slice(a, b) for a, b in itertools.pairwise(edges)]
    total = SegmentationMetric(NAMES)
    for part in reversed(rows) if turn else rows:
        total.merge(counted(truth, found, part))
    whole = counted(truth, found)
    for one, other in zip(total.scores(), whole.scores(), strict=True):
        assert (one.iou, one.f1, one.truth_px) == (other.iou, other.f1, other.truth_px)
        # Whole mm² a block: rounding may differ by a block's half.
        assert one.truth_ha == pytest.approx(other.truth_ha, abs=1e-9)
        assert one.found_ha == pytest.approx(other.found_ha, abs=1e-9)


def test_many_classes_are_counted_a_few_rows_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    truth, found = maps(7)
    whole = counted(truth, found).scores()
    monkeypatch.setattr("edgers.calibration.metrics.segmentation.MOST_COUNTS", 16 * 5)
    assert counted(truth, found).scores() == whole


def test_a_class_the_truth_lacks_has_no_score_and_is_not_in_the_mean() -> None:
    truth = np.array([[0, 0, 1, 1]], np.int16)
    found = np.array([[0, 2, 1, 1]], np.int16)
    metric = SegmentationMetric(NAMES)
    metric.add(truth, found, None)
    land, water, cloud = metric.scores()
    assert (land.iou, water.iou, cloud.iou) == (0.5, 1.0, None)
    assert cloud.found_px == 1
    assert mean_of(metric.scores(), MEAN_IOU) == 0.75
    assert land.truth_ha is None


def test_no_answer_is_a_miss_and_no_truth_is_not_counted() -> None:
    truth = np.array([[0, 0, NOTHING, 1]], np.int16)
    found = np.array([[0, NOTHING, 0, 1]], np.int16)
    metric = SegmentationMetric(NAMES)
    metric.add(truth, found, np.array([100.0]))
    land, water, _ = metric.scores()
    assert (land.iou, land.truth_px, land.found_px) == (0.5, 2, 1)
    assert (water.iou, metric.counted) == (1.0, 3)
    assert (land.truth_ha, land.found_ha) == (0.02, 0.01)


def test_nothing_counted_has_no_mean() -> None:
    assert mean_of(SegmentationMetric(NAMES).scores(), MEAN_IOU) is None


def test_counts_of_other_classes_do_not_go_together() -> None:
    with pytest.raises(ValueError, match="do not go with"):
        SegmentationMetric(NAMES).merge(SegmentationMetric(("land",)))


def hectares(crs: str, transform: Affine) -> tuple[float, float]:
    """Give the areas of 40 × 30 px of water where 40 × 15 are found."""
    place = Place(height_px=40, width_px=30, crs=CRS.from_string(crs), transform=transform)
    truth = np.ones(place.shape, np.int16)
    found = truth.copy()
    found[:, 15:] = 0
    metric = SegmentationMetric(NAMES)
    metric.add(truth, found, row_areas_m2(place, 0, 0, *place.shape))
    water = metric.scores()[1]
    assert water.truth_ha is not None
    assert water.found_ha is not None
    return water.truth_ha, water.found_ha


def test_areas_in_a_utm_zone() -> None:
    # At the central meridian UTM draws 0.9996 times as large (Snyder 1987).
    truth_ha, found_ha = hectares("EPSG:32630", Affine(10, 0, 499_850, 0, -10, 4_200_000))
    assert truth_ha == pytest.approx(40 * 30 * 100 / 1e4 / 0.9996**2, rel=1e-6)
    assert found_ha == pytest.approx(truth_ha / 2, rel=1e-6)


def test_areas_in_degrees() -> None:
    # A zone of the ellipsoid at 60° north, from the radii of curvature at its middle.
    step = 1e-4
    truth_ha, found_ha = hectares("EPSG:4326", Affine(step, 0, 10, 0, -step, 60 + 20 * step))
    e2, a, s = 0.00669437999014, 6_378_137.0, np.sin(np.radians(60))
    meridian = a * (1 - e2) / (1 - e2 * s**2) ** 1.5
    parallel = a / np.sqrt(1 - e2 * s**2) * np.cos(np.radians(60))
    side = np.radians(step)
    assert truth_ha == pytest.approx(1200 * meridian * parallel * side**2 / 1e4, rel=1e-6)
    assert found_ha == pytest.approx(truth_ha / 2, rel=1e-9)
