"""Statistics of the detectors of a push-broom sensor, gathered window by window.

One column of one band is one detector element, so a scene of any length leaves numbers of the size
(band, column). Windows that hold other rows of the same columns are merged in any order.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import reduce

import numpy as np
import numpy.typing as npt

from edgers.errors import BadInputError

Wide = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnMoments:
    """Statistics along track, each (band, column), in the unit of the samples."""

    count: npt.NDArray[np.int64]
    """Samples that are not missing."""
    mean: Wide
    """Their mean; NaN where there is none."""
    squares: Wide
    """Sum of squared differences from the mean; 0 where there is no sample."""
    minimum: npt.NDArray[np.float32]
    """Smallest; NaN where there is no sample."""
    maximum: npt.NDArray[np.float32]
    """Largest; NaN where there is no sample."""

    @property
    def stddev(self) -> Wide:
        """Standard deviation of the samples seen (divided by their number); NaN where none is."""
        with np.errstate(invalid="ignore"):
            found: Wide = np.sqrt(self.squares / self.count)
        return found


def merge_moments(parts: Iterable[ColumnMoments]) -> ColumnMoments:
    """Put statistics of windows together as if all rows had been seen at once.

    Chan, Golub and LeVeque (1983): pairwise, without loss where the mean is far from zero. Raises
    BadInputError for no window, or windows of other bands or columns.
    """
    listed = list(parts)
    if len({part.count.shape for part in listed}) != 1:
        raise BadInputError(
            "statistics of these windows cannot be merged.",
            seen=f"(band, column) of each: {[part.count.shape for part in listed]}.",
            rule="all windows have the same bands and columns.",
            fix="take windows of whole rows.",
        )
    return reduce(_merge, listed)


def _merge(a: ColumnMoments, b: ColumnMoments) -> ColumnMoments:
    count = a.count + b.count
    share = b.count / np.maximum(count, 1)
    a_mean = np.where(a.count > 0, a.mean, b.mean)
    step = np.where(b.count > 0, b.mean, a.mean) - a_mean
    apart = np.where((a.count > 0) & (b.count > 0), step * step * a.count * share, 0.0)
    return ColumnMoments(
        count=count,
        mean=a_mean + np.where(share > 0, step * share, 0.0),
        squares=a.squares + b.squares + apart,
        minimum=np.fmin(a.minimum, b.minimum),
        maximum=np.fmax(a.maximum, b.maximum),
    )
