"""Between which good neighbours a dead detector lies, and how near to each."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from edgers.errors import BadInputError
from edgers.kernels.detectors import Mask

Whole = npt.NDArray[np.int32]


@dataclass(frozen=True, slots=True, kw_only=True)
class Neighbours:
    """For each detector (band, column): the two that its samples are made from.

    A good detector is its own neighbour on both sides; −1 where there is no good one on a side.
    """

    before: Whole
    """Index of the good neighbour before it: a column, or a band."""
    after: Whole
    """Index of the good neighbour after it."""
    weight: npt.NDArray[np.float32]
    """Share of the one after, from 0 to 1."""


def neighbours_across_columns(dead: Mask) -> Neighbours:
    """Find the nearest good columns in the same band; `dead` is (band, column)."""
    return _neighbours(dead, np.arange(dead.shape[1], dtype=np.float64))


def neighbours_across_bands(
    dead: Mask, wavelengths_nm: npt.NDArray[np.floating]
) -> Neighbours:  # fmt: skip
    """Find the good bands nearest in wavelength, in the same column; `dead` is (band, column).

    Bands may come in any order, as where two spectrometers overlap. Raises BadInputError unless
    there is a wavelength for each band, finite, and no two are equal.
    """
    wavelengths = np.asarray(wavelengths_nm, np.float64)
    good = wavelengths.shape == (len(dead),) and bool(np.isfinite(wavelengths).all())
    if not good or len(np.unique(wavelengths)) != len(dead):
        raise BadInputError(
            "bands cannot be put in order of wavelength.",
            seen=f"{wavelengths.size} wavelengths for {len(dead)} bands.",
            rule="each band has a wavelength of its own.",
            fix="give the centre wavelength of each band in nm.",
        )
    order = np.argsort(wavelengths)
    sides = _neighbours(dead[order].T, wavelengths[order])
    before, after = np.empty(dead.shape, np.int32), np.empty(dead.shape, np.int32)
    weight = np.empty(dead.shape, np.float32)
    numbered = np.append(order, -1).astype(np.int32)
    before[order] = numbered[sides.before.T]
    after[order] = numbered[sides.after.T]
    weight[order] = sides.weight.T
    return Neighbours(before=before, after=after, weight=weight)


def _neighbours(dead: Mask, places: npt.NDArray[np.float64]) -> Neighbours:
    """Find neighbours along the last axis, whose items lie at rising `places`."""
    count = dead.shape[1]
    own = np.broadcast_to(np.arange(count), dead.shape)
    before = np.maximum.accumulate(np.where(dead, -1, own), axis=1)
    after = np.minimum.accumulate(np.where(dead, count, own)[:, ::-1], axis=1)[:, ::-1]
    inside = dead & (before >= 0) & (after < count)
    left, right = np.where(inside, before, 0), np.where(inside, after, 0)
    apart = np.where(inside, places[right] - places[left], 1.0) if count else np.ones(dead.shape)
    along = np.where(inside, places[own] - places[left], 0.0) if count else np.zeros(dead.shape)
    return Neighbours(
        before=before.astype(np.int32),
        after=np.where(after == count, -1, after).astype(np.int32),
        weight=(along / apart).astype(np.float32),
    )
