"""The axes along which vectors differ most, of more vectors than memory holds.

By subspace iteration (Halko, Martinsson & Tropp 2011, algorithm 4.4): a few passes over the
vectors, and nothing of the size of their covariance, which for 2048 numbers would take 34 MB
several times.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Reals = npt.NDArray[np.float32]
Wide = npt.NDArray[np.float64]
Pieces = Callable[[], Iterable[Reals]]
"""Gives all vectors anew, (row, number), a piece at a time, in the same order every time."""

EXTRA = 5
"""Directions that are followed beside those wanted; with 5 to 10 the bounds of the paper hold."""
PASSES = 8
"""Passes over the vectors: an axis whose variance is half as large again as that of the first one
that is not followed is found to 1 / 1.5⁸, 4 %, of a direction at random; clear ones far better."""
SEED = 1
"""Seed of the first directions, so that the same vectors give the same axes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PrincipalAxes:
    """Axes of some vectors, strongest first."""

    mean: Wide
    """Mean vector, (number,)."""
    axes: Wide
    """Unit axes, (axis, number); of each, the number that is largest in magnitude is positive."""
    share: float
    """Share of the variance that they hold; 0 where there is none."""

    def along(self, vectors: Reals) -> Reals:
        """Give how far vectors, (row, number), are from the mean along each axis, (row, axis)."""
        found: Reals = ((vectors - self.mean) @ self.axes.T).astype(np.float32)
        return found


def principal_axes(pieces: Pieces, length: int, count: int) -> PrincipalAxes:
    """Find the `count` axes, fewer where vectors have fewer numbers, of vectors of `length`."""
    rows, total = 0, np.zeros(length)
    for piece in pieces():
        rows += len(piece)
        total += piece.sum(axis=0, dtype=np.float64)
    mean = total / max(1, rows)
    followed = min(count + EXTRA, length)
    basis = np.linalg.qr(np.random.default_rng(SEED).normal(size=(length, followed)))[0]
    for _ in range(PASSES):
        turned = np.zeros((length, followed))
        for piece in pieces():
            apart = piece - mean
            turned += apart.T @ (apart @ basis)
        basis = np.linalg.qr(turned)[0]
    inner, whole = np.zeros((followed, followed)), 0.0
    for piece in pieces():
        apart = piece - mean
        seen = apart @ basis
        inner += seen.T @ seen
        whole += float((apart * apart).sum())
    variances, turns = np.linalg.eigh(inner)
    axes = (basis @ turns[:, ::-1][:, :count]).T
    largest = np.abs(axes).argmax(axis=1)
    axes *= np.where(axes[np.arange(len(axes)), largest] < 0, -1.0, 1.0)[:, None]
    held = float(variances[::-1][:count].sum())
    return PrincipalAxes(mean=mean, axes=axes, share=held / whole if whole > 0 else 0.0)
