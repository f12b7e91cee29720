"""Samples of dead detectors: one copy of the cube, then only what is dead is written again."""

import numpy as np
import numpy.typing as npt

from edgers.kernels.detector_rules import check_detectors
from edgers.kernels.detectors import Mask
from edgers.kernels.jit import kernel
from edgers.kernels.neighbours import (
    Neighbours,
    neighbours_across_bands,
    neighbours_across_columns,
)
from edgers.kernels.spectra import Cube

NAN = np.float32(np.nan)


def replace_across_columns(cube: Cube, dead: Mask) -> Cube:
    """As the reference."""
    check_detectors(cube, dead)
    return _replaced(cube, dead, neighbours_across_columns(dead), False)


def replace_across_bands(
    cube: Cube, dead: Mask, wavelengths_nm: npt.NDArray[np.floating]
) -> Cube:  # fmt: skip
    """As the reference."""
    check_detectors(cube, dead)
    return _replaced(cube, dead, neighbours_across_bands(dead, wavelengths_nm), True)


def _replaced(cube: Cube, dead: Mask, sides: Neighbours, by_band: bool) -> Cube:
    source = np.ascontiguousarray(cube)
    out = source.copy()
    bands, columns = (where.astype(np.int32) for where in np.nonzero(dead))
    _replace(
        source, bands, columns, sides.before[dead], sides.after[dead], sides.weight[dead],
        by_band, out,
    )  # fmt: skip
    return out


@kernel
def _replace(
    cube: Cube, bands: npt.NDArray[np.int32], columns: npt.NDArray[np.int32],
    before: npt.NDArray[np.int32], after: npt.NDArray[np.int32], weight: npt.NDArray[np.float32],
    by_band: bool, out: Cube,
) -> None:  # fmt: skip
    begin = 0
    while begin < len(bands):
        # The dead of a band together: row after row, each cache line is fetched once.
        band, end = bands[begin], begin
        while end < len(bands) and bands[end] == band:
            end += 1
        for row in range(cube.shape[1]):
            for i in range(begin, end):
                column = columns[i]
                if before[i] < 0 or after[i] < 0:
                    out[band, row, column] = NAN
                elif by_band:
                    a, b = cube[before[i], row, column], cube[after[i], row, column]
                    out[band, row, column] = a + (b - a) * weight[i]
                else:
                    a, b = cube[band, row, before[i]], cube[band, row, after[i]]
                    out[band, row, column] = a + (b - a) * weight[i]
        begin = end


def _warm() -> None:
    cube, dead = np.zeros((2, 1, 1), np.float32), np.ones((2, 1), bool)
    replace_across_columns(cube, dead)
    replace_across_bands(cube, dead, np.arange(2.0))


WARMUP = (_warm,)
