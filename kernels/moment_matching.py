"""Gain and offset of each detector that bring its mean and spread to those around it."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from edgers.errors import BadInputError
from edgers.kernels.column_moments import ColumnMoments, Wide

Numbers = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True)
class Gains:
    """What is done to the samples of each detector: sample · gain + offset."""

    gain: Numbers
    """Factor, (band, column)."""
    offset: Numbers
    """Summand in the unit of the samples, (band, column)."""


def match_moments(moments: ColumnMoments, *, window: int | None = None) -> Gains:
    """Bring mean and standard deviation of each detector to those of its band (moment matching).

    Horn and Woodham (1979); with `window`, an odd number of columns, to those of the columns around
    it, which keeps what changes slowly across track (Gadallah et al. 2000). The mean aimed at is
    the mean of the columns' means, the variance the mean of their variances, both weighted by
    samples, so that a scene without stripes hardly changes. A detector without samples is left
    alone; one that is constant gets an offset alone. Raises BadInputError for a window that is even
    or below 3.
    """
    if window is not None and (window < 3 or window % 2 == 0):
        raise BadInputError(
            "stripes cannot be matched to such a window.",
            seen=f"{window} columns.",
            rule="the window is an odd number of columns from 3 on, or none for the whole band.",
            fix="use a window a few times as wide as the stripes.",
        )
    seen = moments.count > 0
    mean = np.where(seen, moments.mean, 0.0)
    # About one number a band, so that sums over columns lose nothing to a far mean.
    centre = np.median(mean, axis=1, keepdims=True) if mean.size else mean[:, :1]
    count = _around(moments.count.astype(np.float64), window)
    with np.errstate(invalid="ignore", divide="ignore"):
        wanted = centre + _around((mean - centre) * moments.count, window) / count
        spread = np.sqrt(_around(moments.squares, window) / count)
        gain = np.where(seen & (moments.squares > 0), spread / moments.stddev, 1.0)
        offset = np.where(seen, wanted - gain * mean, 0.0)
    return Gains(gain=gain.astype(np.float32), offset=offset.astype(np.float32))


def _around(values: Wide, window: int | None) -> Wide:
    """Sum over the columns of a band, or over those of a window that ends where the band ends."""
    if window is None:
        return np.broadcast_to(values.sum(axis=1, keepdims=True), values.shape)
    padded = np.pad(values, ((0, 0), (window // 2, window // 2)))
    found: Wide = np.lib.stride_tricks.sliding_window_view(padded, window, axis=1).sum(axis=-1)
    return found
