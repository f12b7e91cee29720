"""Sums over a window, and how two of them become one; merging in any order gives the same scene."""

from dataclasses import dataclass
from functools import reduce

import numpy as np
import numpy.typing as npt

from edgers.errors import BadInputError

Wide = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class BandMoments:
    """What is known of the samples of each band, all of them (band,)."""

    count: npt.NDArray[np.int64]
    """Samples that are not missing."""
    mean: Wide
    """Their mean, NaN where there is none or one is infinite."""
    squares: Wide
    """Sum of their squared differences from the mean; NaN where the mean is."""
    minimum: Wide
    """The least, NaN where there is none."""
    maximum: Wide
    """The greatest, NaN where there is none."""

    @property
    def variance(self) -> Wide:
        """Mean squared difference from the mean, as `numpy.var`."""
        with np.errstate(invalid="ignore"):
            return np.asarray(self.squares / self.count, np.float64)


@dataclass(frozen=True, slots=True, kw_only=True)
class PixelScatter:
    """What is known of the pixels that have all bands."""

    count: int
    """How many."""
    mean: Wide
    """Their mean, (band,); 0 where there are none."""
    scatter: Wide
    """Sum of the outer products of their differences from the mean, (band, band)."""

    @property
    def covariance(self) -> Wide:
        """Covariance (band, band), as `numpy.cov`; raises `BadInputError` below 2 pixels."""
        if self.count < 2:
            raise BadInputError(
                "there is no covariance.",
                seen=f"{self.count} pixels with all bands.",
                rule="at least two are needed, and more than bands for an inverse.",
                fix="leave out dead bands, or use another scene.",
            )
        return np.asarray(self.scatter / (self.count - 1), np.float64)


def no_moments(bands: int) -> BandMoments:
    """Give the moments of no sample."""
    nothing = np.full(bands, np.nan)
    return BandMoments(
        count=np.zeros(bands, np.int64), mean=nothing, squares=nothing, minimum=nothing,
        maximum=nothing,
    )  # fmt: skip


def no_pixels(bands: int) -> PixelScatter:
    """Give the scatter of no pixel."""
    return PixelScatter(count=0, mean=np.zeros(bands), scatter=np.zeros((bands, bands)))


def moments_from_parts(parts: npt.NDArray[np.float32], shift: Wide) -> BandMoments:
    """Give the moments of each band from the CUDA kernel's sums, (5, band, part).

    Along the first axis: count, sum and sum of squares of x - `shift`, least and greatest x.
    """
    count, total, squares, low, high = parts.astype(np.float64)
    number = count.sum(axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        gap = total.sum(axis=1) / number
        mean = shift + gap
        left = np.maximum(squares.sum(axis=1) - number * gap * gap, 0)
    known = np.isfinite(mean)
    return BandMoments(
        count=number.astype(np.int64),
        mean=np.where(known, mean, np.nan),
        squares=np.where(known, left, np.nan),
        minimum=np.where(number > 0, low.min(axis=1), np.nan),
        maximum=np.where(number > 0, high.max(axis=1), np.nan),
    )


def merge_moments(a: BandMoments, b: BandMoments) -> BandMoments:
    """Give the moments of both (Chan, Golub & LeVeque 1979)."""
    count = a.count + b.count
    with np.errstate(all="ignore"):
        share = b.count / count
        gap = b.mean - a.mean
        mean = a.mean + gap * share
        squares = a.squares + b.squares + gap * gap * (a.count * share)
    return BandMoments(
        count=count,
        mean=np.where(a.count == 0, b.mean, np.where(b.count == 0, a.mean, mean)),
        squares=np.where(a.count == 0, b.squares, np.where(b.count == 0, a.squares, squares)),
        minimum=np.fmin(a.minimum, b.minimum),
        maximum=np.fmax(a.maximum, b.maximum),
    )


def merge_scatter(a: PixelScatter, b: PixelScatter) -> PixelScatter:
    """Give the scatter of both (Chan, Golub & LeVeque 1979)."""
    count = a.count + b.count
    if count == 0:
        return a
    share, gap = b.count / count, b.mean - a.mean
    return PixelScatter(
        count=count,
        mean=a.mean + gap * share,
        scatter=a.scatter + b.scatter + np.outer(gap, gap) * (a.count * share),
    )


def merge_all(parts: list[PixelScatter], bands: int) -> PixelScatter:
    """Give the scatter of all parts."""
    return reduce(merge_scatter, parts, no_pixels(bands))
