"""Spectral indices from stored samples."""

from collections.abc import Sequence

import numpy as np

from edgers.kernels.index_formulae import IndexFormula
from edgers.kernels.index_plan import Rates, Stored, make_index_plan, missing_value
from edgers.kernels.spectra import Cube


def compute_indices(
    samples: Stored, bands: Sequence[str], indices: Sequence[str | IndexFormula],
    *, scale: Rates = 1.0, offset: Rates = 0.0, nodata: float | None = None,
) -> Cube:  # fmt: skip
    """Compute indices, float32 (index, row, column), from reflectance = sample · scale + offset.

    `samples` are (band, row, column), integers up to 32 bits or float32, `bands` their STAC common
    names; `indices` are names of `INDEX_FORMULAE` or formulae of one's own. `scale` and `offset`
    are one number or one for each band. An index is NaN where a sample that it needs is `nodata` or
    NaN, and where there is zero below the line. Arithmetic is float32, terms in the order of bands.
    Raises BadInputError for an unknown index, and bands that are missing or named twice.
    """
    plan = make_index_plan(samples, bands, indices, scale, offset)
    missing = missing_value(samples, nodata)
    with np.errstate(all="ignore"):
        x = samples[plan.picks].astype(np.float32) * plan.scale[:, None, None]
        x += plan.offset[:, None, None]
        if missing is not None:
            x[samples[plan.picks] == missing] = np.nan
        out = np.empty((len(plan.above), *samples.shape[1:]), np.float32)
        for i, target in enumerate(out):
            above, below = (np.full(target.shape, row[i, -1]) for row in (plan.above, plan.below))
            for band, plane in enumerate(x):
                if plan.above[i, band]:
                    above = above + plan.above[i, band] * plane
                if plan.below[i, band]:
                    below = below + plan.below[i, band] * plane
                if not np.isnan(plan.centres[i, band]):
                    below = below + np.square(plane - plan.centres[i, band])
            target[:] = np.where(below == 0, np.float32(np.nan), above / below)
    return out
