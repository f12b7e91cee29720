"""Stripes of a push-broom sensor: statistics of each detector, then a gain and an offset for it.

What lies between the two is `edgers.kernels.moment_matching`. The other way, damping in wavelet
coefficients, is `edgers.kernels.wavelet_stripes`.
"""

import numpy as np

from edgers.kernels.column_moments import ColumnMoments
from edgers.kernels.detector_rules import check_gains
from edgers.kernels.moment_matching import Gains
from edgers.kernels.spectra import Cube, check_cube


def column_moments(cube: Cube) -> ColumnMoments:
    """Take statistics along track of each detector.

    `cube` is float32 (band, row, column), NaN where missing; an infinite sample counts, and leaves
    a mean or sum that is not finite. Sums are float64. Raises BadInputError for what is no cube.
    """
    check_cube(cube)
    seen = ~np.isnan(cube)
    count = seen.sum(axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.where(seen, cube, 0.0).sum(axis=1, dtype=np.float64) / count
        apart = np.where(seen, cube - mean[:, np.newaxis], 0.0)
        squares = (apart * apart).sum(axis=1)
    low = np.where(seen, cube, np.float32(np.inf)).min(axis=1, initial=np.inf)
    high = np.where(seen, cube, np.float32(-np.inf)).max(axis=1, initial=-np.inf)
    return ColumnMoments(
        count=count.astype(np.int64), mean=mean, squares=squares,
        minimum=np.where(count > 0, low, np.nan).astype(np.float32),
        maximum=np.where(count > 0, high, np.nan).astype(np.float32),
    )  # fmt: skip


def apply_gains(cube: Cube, gains: Gains) -> Cube:
    """Give sample · gain + offset of its detector, in float32.

    `cube` is float32 (band, row, column); NaN stays NaN. Raises BadInputError where there is not a
    gain and an offset for each (band, column).
    """
    check_gains(cube, gains.gain, gains.offset)
    with np.errstate(all="ignore"):
        found: Cube = cube * gains.gain[:, np.newaxis] + gains.offset[:, np.newaxis]
    return found
