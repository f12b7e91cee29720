"""Running counts of rows: of their classes, their numbers, their embeddings."""

from collections.abc import Sequence

import numpy as np

from edgers.calibration.metrics.embedding import EmbeddingMetric
from edgers.calibration.metrics.scores import CosineScore, RecallScore, ValueScore
from edgers.calibration.metrics.segmentation import NOTHING, Positions, SegmentationMetric
from edgers.calibration.metrics.values import ValueMetric
from edgers.calibration.row_file import Reals
from edgers.contract import ModelOutput


class ClassCounts:
    """A `jury.Counter` of the class of each row."""

    def __init__(self, output: ModelOutput) -> None:
        """Begin with nothing counted."""
        self._values = [one.value for one in output.classes]
        self._metric = SegmentationMetric([one.name for one in output.classes])

    def add(self, truth: Reals, found: Reals) -> None:
        """Count class values, (1, 1, row); NaN where there is none."""
        self._metric.add(self._positions(truth[0]), self._positions(found[0]), None)

    def _positions(self, values: Reals) -> Positions:
        found: Positions = np.full(values.shape, NOTHING, np.int16)
        for position, value in enumerate(self._values):
            found[values == value] = position
        return found

    @property
    def counted(self) -> int:
        """Rows counted."""
        return self._metric.counted

    def merge(self, other: "ClassCounts") -> None:
        """Add the counts of another scene."""
        self._metric.merge(other._metric)

    def scores(self) -> tuple[RecallScore, ...]:
        """Give how many rows of each class were found."""
        return tuple(
            RecallScore(
                name=one.name, truth=one.truth_px, found=one.found_px, f1=one.f1,
                recall=hits / one.truth_px if one.truth_px else None,
            )
            for one, hits in zip(self._metric.scores(), self._metric.hits, strict=True)
        )  # fmt: skip


class NumberCounts:
    """A `jury.Counter` of the numbers of each row."""

    def __init__(self, names: Sequence[str]) -> None:
        """Begin with nothing counted."""
        self._metrics = [ValueMetric(name) for name in names]

    def add(self, truth: Reals, found: Reals) -> None:
        """Count numbers, (number, 1, row); NaN where there is none."""
        for metric, one, other in zip(self._metrics, truth, found, strict=True):
            metric.add(one, other)

    @property
    def counted(self) -> int:
        """Rows counted."""
        return max(one.counted for one in self._metrics)

    def merge(self, other: "NumberCounts") -> None:
        """Add the counts of another scene."""
        for one, more in zip(self._metrics, other._metrics, strict=True):
            one.merge(more)

    def scores(self) -> tuple[ValueScore, ...]:
        """Give how well each number was found."""
        return tuple(one.score() for one in self._metrics)


class VectorCounts:
    """A `jury.Counter` of embeddings."""

    def __init__(self, name: str) -> None:
        """Begin with nothing counted."""
        self._name, self._metric = name, EmbeddingMetric()
        self.counted = self._found = 0

    def add(self, truth: Reals, found: Reals) -> None:
        """Count embeddings, (feature, 1, row); one that is NaN points nowhere."""
        one, other = truth[:, 0].T, found[:, 0].T
        self._metric.add(one, other)
        self.counted += len(one)
        self._found += int(np.isfinite(other).all(axis=1).sum())

    def merge(self, other: "VectorCounts") -> None:
        """Add the counts of another scene."""
        self._metric.merge(other._metric)
        self.counted += other.counted
        self._found += other._found

    def scores(self) -> tuple[CosineScore, ...]:
        """Give how far embeddings point the same way."""
        return (
            CosineScore(
                name=self._name, truth=self.counted, found=self._found,
                cosine=self._metric.mean_cosine(), least=self._metric.least_cosine(),
            ),
        )  # fmt: skip
