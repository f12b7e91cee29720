"""Class maps of one scene, FP32's and a candidate's, counted block by block against a truth."""

from contextlib import ExitStack
from functools import partial
from pathlib import Path

import numpy as np
from rasterio.io import DatasetReader

from edgers.calibration.jury import JudgedScene, Jury, PairCounts
from edgers.calibration.label_raster import LabelRaster
from edgers.calibration.labels import LabelScheme, scheme_by_classes
from edgers.calibration.metrics.registry import MEAN_IOU
from edgers.calibration.metrics.segmentation import NOTHING, Positions, SegmentationMetric
from edgers.contract import ModelOutput
from edgers.scene.geometry import row_areas_m2
from edgers.scene.open import environment, open_raster
from edgers.scene.place import Place, place_of


def class_jury(output: ModelOutput, scheme: LabelScheme | None) -> Jury:
    """Judge class maps by the IoU of each class."""
    known = scheme or scheme_by_classes(output)

    def check(path: Path, _: Place, product: Place) -> None:
        with LabelRaster(path, known, product) as label:
            label.check()

    return Jury(
        metric=MEAN_IOU, count=partial(count_pair, scheme=known), check_label=check,
        samples_classes=True,
    )  # fmt: skip


def count_pair(
    reference: JudgedScene, candidate: JudgedScene, scheme: LabelScheme
) -> PairCounts:  # fmt: skip
    """Count as `jury.CountPair` says.

    Pixels count where there is truth and one of the two has a class; where the other has none, it
    missed. Memory holds one block of each.
    """
    assert reference.product is not None
    label = reference.scene.label
    fp32, other_counts = SegmentationMetric(scheme.names), SegmentationMetric(scheme.names)
    with environment(), ExitStack() as opened:
        one = opened.enter_context(open_raster(reference.product))
        product = candidate.product
        other = opened.enter_context(open_raster(product)) if product else None
        place = place_of(one)
        labels = opened.enter_context(LabelRaster(label, scheme, place)) if label else None
        for _, window in one.block_windows(1):
            row, column, height, width = (
                window.row_off, window.col_off, window.height, window.width
            )  # fmt: skip
            here = _groups(one, window, scheme)
            there = np.full_like(here, NOTHING) if other is None else _groups(other, window, scheme)
            truth: Positions = here
            if labels is not None:
                has_class = (here != NOTHING) | (there != NOTHING)
                truth = np.where(has_class, labels.read(row, column, height, width), NOTHING)
            areas = row_areas_m2(place, row, column, height, width)
            fp32.add(truth, here, areas)
            other_counts.add(truth, there, areas)
    return PairCounts(truth="labels" if label else "fp32", fp32=fp32, candidate=other_counts)


def _groups(dataset: DatasetReader, window: object, scheme: LabelScheme) -> Positions:
    """Read the positions of groups of one window of a class map."""
    found: Positions = scheme.group_of_classes(dataset.read(1, window=window))
    return found
