"""Spectral angle mapper (Kruse et al. 1993): angles between pixels and known spectra."""

import numpy as np
import numpy.typing as npt

from edgers.errors import BadInputError
from edgers.kernels.spectra import Cube, Image, Matrix, check_cube, check_matrix

NO_CLASS = -1
"""Class of a pixel that has no angle to any reference."""


def spectral_angles(cube: Cube, references: Matrix) -> Cube:
    """Give the angle between each pixel and each reference, radians in [0, pi].

    `cube` is float32 (band, row, column), `references` (reference, band); the result is float32
    (reference, row, column). NaN where a band is missing or infinite and where all bands are 0.
    The fast forms sum float32 squares: angles below 0.001 are not resolved there, and a spectrum
    with a sample above 1e18, or none above 1e-19, has no angle. Raises `BadInputError` for a
    reference that is 0 in all bands.
    """
    units = unit_spectra(cube, references)
    x = cube.astype(np.float64)
    with np.errstate(all="ignore"):
        cosines = np.einsum("kb,brc->krc", units, x) / np.sqrt((x * x).sum(axis=0))
        return np.asarray(np.arccos(np.clip(cosines, -1, 1)), np.float32)


def nearest_spectrum(cube: Cube, references: Matrix) -> tuple[npt.NDArray[np.int16], Image]:
    """Give the reference of the smallest angle, int16 (row, column), and that angle in radians.

    The first of equal ones is taken; -1 and NaN where there is no angle.
    """
    angles = spectral_angles(cube, references)
    known = ~np.isnan(angles[0])
    classes = np.where(known, angles.argmin(axis=0), NO_CLASS).astype(np.int16)
    return classes, angles.min(axis=0)


def unit_spectra(cube: Cube, references: Matrix) -> npt.NDArray[np.float64]:
    """Check arguments, and give the references with length 1."""
    check_cube(cube)
    check_matrix("the reference spectra", references, cube.shape[0])
    wide = np.asarray(references, np.float64)
    lengths = np.sqrt((wide * wide).sum(axis=1))
    if not lengths.all() or len(wide) > np.iinfo(np.int16).max:
        raise BadInputError(
            "these reference spectra cannot be compared with.",
            seen=f"{len(wide)} spectra, {int((lengths == 0).sum())} of them 0 in all bands.",
            rule="a reference has a direction, and there are at most 32 767.",
            fix="leave out those that are 0.",
        )
    return np.asarray(wide / lengths[:, None], np.float64)
