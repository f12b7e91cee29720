"""Two class maps of one scene, FP32's and a candidate's, counted block by block against a truth."""

from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from rasterio.io import DatasetReader

from edgers.calibration.label_raster import LabelRaster
from edgers.calibration.labels import LabelScheme
from edgers.calibration.metrics.segmentation import NOTHING, Positions, SegmentationMetric
from edgers.calibration.verdict import Truth
from edgers.scene.geometry import row_areas_m2
from edgers.scene.open import environment, open_raster
from edgers.scene.place import place_of


@dataclass(frozen=True, slots=True, kw_only=True)
class PairCounts:
    """What was counted; both over the same pixels."""

    truth: Truth
    """What they are held against."""
    fp32: SegmentationMetric
    """FP32 against it."""
    candidate: SegmentationMetric
    """The candidate against it."""
    sha256: str = ""
    """Over the scene's files, from the product."""

    @classmethod
    def nothing(cls, truth: Truth, scheme: LabelScheme, sha256: str = "") -> "PairCounts":
        """Begin with nothing counted."""
        return cls(
            truth=truth, fp32=SegmentationMetric(scheme.names),
            candidate=SegmentationMetric(scheme.names), sha256=sha256,
        )  # fmt: skip

    def merge(self, other: "PairCounts") -> None:
        """Add the counts of another scene."""
        self.fp32.merge(other.fp32)
        self.candidate.merge(other.candidate)


def count_pair(
    reference: Path, candidate: Path | None, label: Path | None, scheme: LabelScheme
) -> PairCounts:
    """Count two class maps against a label raster, or, without one, the second against the first.

    No candidate counts as one that has no class anywhere. Memory holds one block of each. Raises
    SceneError where the labels do not fit.
    """
    with environment(), ExitStack() as opened:
        one = opened.enter_context(open_raster(reference))
        other = opened.enter_context(open_raster(candidate)) if candidate else None
        place = place_of(one)
        labels = opened.enter_context(LabelRaster(label, scheme, place)) if label else None
        counts = PairCounts.nothing(
            "labels" if label else "fp32", scheme, one.tags().get("EDGERS_SCENE_SHA256", "")
        )
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
            counts.fp32.add(truth, here, areas)
            counts.candidate.add(truth, there, areas)
    return counts


def _groups(dataset: DatasetReader, window: object, scheme: LabelScheme) -> Positions:
    """Read the positions of groups of one window of a class map."""
    found: Positions = scheme.group_of_classes(dataset.read(1, window=window))
    return found
