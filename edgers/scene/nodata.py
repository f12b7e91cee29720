"""Which pixels hold no measurement, by the contract's rule."""

import numpy as np
import numpy.typing as npt

from edgers.contract import ModelInput

Bools = npt.NDArray[np.bool_]


def nodata_pixels(samples: npt.NDArray[np.generic], missing: Bools, source: ModelInput) -> Bools:
    """Tell which pixels count as nodata, (height, width); NaN in a band always does.

    `samples` and `missing` are (band, height, width).
    """
    rule = np.any if source.nodata.pixel == "any" else np.all
    nodata: Bools = rule(missing, axis=0)
    if np.issubdtype(samples.dtype, np.floating):
        nodata |= ~np.isfinite(samples).all(axis=0)
    return nodata
