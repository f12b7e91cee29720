"""Maps of several classes a pixel, FP32's and a candidate's, held against a truth."""

from contextlib import ExitStack
from pathlib import Path

import numpy as np

from edgers.calibration.band_raster import BandRaster, Reals, band_label, band_raster
from edgers.calibration.jury import JudgedScene, Jury, PairCounts
from edgers.calibration.labels import LabelScheme, refuse_scheme
from edgers.calibration.metrics.flags import FlagMetric
from edgers.calibration.metrics.registry import MEAN_F1
from edgers.contract import ModelOutput
from edgers.scene.open import environment
from edgers.scene.place import Place


def label_jury(output: ModelOutput, scheme: LabelScheme | None) -> Jury:
    """Judge maps by the F1 of each class; labels have a band for each, 0 where a pixel is not."""
    refuse_scheme(scheme, output)
    names = [one.name for one in output.shown_classes]

    def opened_label(path: Path, place: Place) -> BandRaster:
        return band_label(path, place, (len(names),), ", ".join(names))

    def check(path: Path, _: Place, product: Place) -> None:
        with environment(), opened_label(path, product) as label:
            label.check()

    def count(reference: JudgedScene, candidate: JudgedScene) -> PairCounts:
        assert reference.product is not None
        path = reference.scene.label
        fp32, other_counts = FlagMetric(names), FlagMetric(names)
        with environment(), ExitStack() as opened:
            one = opened.enter_context(band_raster(reference.product))
            product = candidate.product
            other = opened.enter_context(band_raster(product)) if product else None
            label = opened.enter_context(opened_label(path, one.place)) if path else None
            for window in one.windows():
                here = one.read(window)
                there = np.full_like(here, np.nan) if other is None else other.read(window)
                truth = here if label is None else seen_truth(label.read(window), here, there)
                fp32.add(truth, here)
                other_counts.add(truth, there)
        return PairCounts(truth="labels" if path else "fp32", fp32=fp32, candidate=other_counts)

    return Jury(metric=MEAN_F1, count=count, check_label=check)


def seen_truth(truth: Reals, here: Reals, there: Reals) -> Reals:
    """Leave out what neither of the two has an answer for: there is no data in the scene."""
    is_seen = np.isfinite(here).any(axis=0) | np.isfinite(there).any(axis=0)
    return np.where(is_seen, truth, np.nan)
