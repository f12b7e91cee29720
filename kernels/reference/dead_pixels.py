"""Samples of dead detectors, made from those of their good neighbours.

Which detectors are dead is told by `edgers.kernels.detectors` from their statistics.
"""

import numpy as np
import numpy.typing as npt

from edgers.kernels.detector_rules import check_detectors
from edgers.kernels.detectors import Mask
from edgers.kernels.neighbours import neighbours_across_bands, neighbours_across_columns
from edgers.kernels.spectra import Cube


def replace_across_columns(cube: Cube, dead: Mask) -> Cube:
    """Make samples of dead detectors from the nearest good columns of the same band and row.

    `cube` is float32 (band, row, column), `dead` is (band, column), True where dead. Straight-line
    interpolation by the number of columns. NaN where there is no good column on both sides, and
    where one of the two samples is missing; all other samples stay as they are. Raises
    BadInputError where shapes or types do not fit.
    """
    check_detectors(cube, dead)
    sides = neighbours_across_columns(dead)
    out = cube.copy()
    for band, column in np.argwhere(dead):
        before, after = sides.before[band, column], sides.after[band, column]
        out[band, :, column] = np.nan
        if before >= 0 and after >= 0:
            a, b = cube[band, :, before], cube[band, :, after]
            out[band, :, column] = a + (b - a) * sides.weight[band, column]
    return out


def replace_across_bands(
    cube: Cube, dead: Mask, wavelengths_nm: npt.NDArray[np.floating]
) -> Cube:  # fmt: skip
    """Make samples of dead detectors from the bands nearest in wavelength, of the same pixel.

    `cube` is float32 (band, row, column), `dead` is (band, column), True where dead;
    `wavelengths_nm` is (band,), in any order. Straight-line interpolation by wavelength. NaN where
    there is no good band on both sides, and where one of the two samples is missing; all other
    samples stay as they are. Raises BadInputError where shapes or types do not fit.
    """
    check_detectors(cube, dead)
    sides = neighbours_across_bands(dead, wavelengths_nm)
    out = cube.copy()
    for band, column in np.argwhere(dead):
        before, after = sides.before[band, column], sides.after[band, column]
        out[band, :, column] = np.nan
        if before >= 0 and after >= 0:
            a, b = cube[before, :, column], cube[after, :, column]
            out[band, :, column] = a + (b - a) * sides.weight[band, column]
    return out
