"""Which detectors of a push-broom sensor are dead, told from their statistics along track."""

import numpy as np
import numpy.typing as npt

from edgers.errors import BadInputError
from edgers.kernels.column_moments import ColumnMoments, Wide

Mask = npt.NDArray[np.bool_]
NORMAL = 1.4826
"""Median absolute deviation to standard deviation of a normal distribution (Hampel 1974)."""
ROUNDING = 1e-6
"""Least deviation that counts, relative to the band's median: float32 samples are no finer."""


def dead_bands(moments: ColumnMoments) -> Mask:
    """Find bands (band,) without any sample, or with one and the same value everywhere.

    A band of a single sample is not called constant.
    """
    empty = moments.count == 0
    low = np.where(empty, np.inf, moments.minimum).min(axis=1, initial=np.inf)
    high = np.where(empty, -np.inf, moments.maximum).max(axis=1, initial=-np.inf)
    seen = moments.count.sum(axis=1)
    found: Mask = (seen == 0) | ((seen > 1) & (low == high))
    return found


def dead_detectors(
    moments: ColumnMoments, *, threshold: float = 8.0, window: int = 9
) -> Mask:  # fmt: skip
    """Find detectors (band, column) that measure nothing, or not what their neighbours measure.

    Dead is one without samples, one that is constant along track (two samples at least), one whose
    mean or standard deviation differs from a straight line through the `window` columns around it
    by more than `threshold` robust standard deviations of such differences in its band (1.4826 ·
    median absolute deviation), and all of a band that `dead_bands` names. A smaller `threshold`
    finds more and errs more. Raises BadInputError for a threshold not above 0 or a window that is
    even or below 3.
    """
    if not threshold > 0 or window < 3 or window % 2 == 0:
        raise BadInputError(
            "dead detectors cannot be looked for like this.",
            seen=f"threshold {threshold}, window {window} columns.",
            rule="the threshold is above 0; the window is an odd number of columns from 3 on.",
            fix="use threshold=8 and window=9, and change from there.",
        )
    dead = (moments.count == 0) | ((moments.count > 1) & (moments.minimum == moments.maximum))
    dead |= dead_bands(moments)[:, np.newaxis]
    found: Mask = dead.copy()
    for statistic in (moments.mean, moments.stddev):
        # What is dead already says nothing about its neighbours.
        found |= _far_from_neighbours(np.where(dead, np.nan, statistic), threshold, window)
    return found


def _far_from_neighbours(statistic: Wide, threshold: float, window: int) -> Mask:
    expected = np.array([_expected(row, window) for row in statistic]).reshape(statistic.shape)
    apart = np.abs(statistic - expected)
    scale = NORMAL * _median(apart)
    least = ROUNDING * np.abs(_median(statistic))
    limit = np.maximum(threshold * scale, least)[:, np.newaxis]
    found: Mask = apart > limit
    return found


def _expected(row: Wide, window: int) -> Wide:
    """Give what a straight line through the other columns of its window says of each column.

    The line is that of Theil (1950) and Sen (1968), which up to 29 % of wild columns do not move.
    At the borders the window stays inside, so that a slope across track is no deviation there.
    """
    width = min(window, len(row))
    first = np.clip(np.arange(len(row)) - window // 2, 0, len(row) - width)
    places = first[:, np.newaxis] + np.arange(width)
    offsets = places - np.arange(len(row))[:, np.newaxis]
    near = np.where(offsets == 0, np.nan, row[places])
    a, b = np.triu_indices(width, 1)
    slope = _median((near[:, b] - near[:, a]) / (b - a))
    level: Wide = _median(near - np.nan_to_num(slope)[:, np.newaxis] * offsets)
    return level


def _median(values: Wide) -> Wide:
    """Median along the last axis of what is not NaN; NaN where nothing is."""
    ordered = np.sort(values, axis=-1)
    count = (~np.isnan(values)).sum(axis=-1, keepdims=True)
    if values.shape[-1] == 0:
        return np.full(values.shape[:-1], np.nan)
    # NaN is sorted to the end.
    low = np.take_along_axis(ordered, np.maximum(count - 1, 0) // 2, axis=-1)
    high = np.take_along_axis(ordered, np.minimum(count // 2, values.shape[-1] - 1), axis=-1)
    found: Wide = 0.5 * (low[..., 0] + high[..., 0])
    return found
