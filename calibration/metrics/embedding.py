"""Embeddings: the cosine between vectors that should point the same way."""

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from edgers.calibration.metrics.exact_sum import ExactSum


class EmbeddingMetric:
    """Running mean and minimum of the cosine between pairs of vectors.

    A vector of zeros, or with a number that is not finite, points nowhere: its cosine is 0.
    """

    __slots__ = ("_count", "_least", "_sum")

    def __init__(self) -> None:
        self._count, self._sum, self._least = 0, ExactSum(), math.inf

    def add(self, truth: npt.NDArray[Any], found: npt.NDArray[Any]) -> None:
        """Count a block of vectors, (vector, feature)."""
        if not len(truth):
            return
        one, other = _directions(truth), _directions(found)
        cosines = np.einsum("vf,vf->v", one, other)
        self._count += len(cosines)
        self._sum.add(cosines)
        self._least = min(self._least, float(cosines.min()))

    def merge(self, other: "EmbeddingMetric") -> None:
        """Add what another counted."""
        self._count += other._count
        self._sum.merge(other._sum)
        self._least = min(self._least, other._least)

    def mean_cosine(self) -> float | None:
        """Give the mean cosine, −1 to 1; None where nothing was counted."""
        return self._sum.value() / self._count if self._count else None

    def least_cosine(self) -> float | None:
        """Give the smallest cosine; None where nothing was counted."""
        return self._least if self._count else None


def _directions(vectors: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
    """Give vectors of length 1, or of zeros."""
    wide = vectors.astype(np.float64)
    wide[~np.isfinite(wide).all(axis=1)] = 0
    # Brought to 1 first: squares of large and of small numbers are out of range.
    largest = np.abs(wide).max(axis=1, keepdims=True, initial=0)
    wide /= np.where(largest > 0, largest, 1)
    lengths = np.linalg.norm(wide, axis=1, keepdims=True)
    found: npt.NDArray[np.float64] = wide / np.where(lengths > 0, lengths, 1)
    return found
