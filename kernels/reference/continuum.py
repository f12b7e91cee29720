"""The continuum of a spectrum: its upper convex hull (Clark & Roush 1984)."""

import numpy as np
import numpy.typing as npt

from edgers.errors import BadInputError
from edgers.kernels.spectra import Cube, Vector, check_cube, check_vector


def continuum(cube: Cube, wavelengths: Vector) -> Cube:
    """Give the upper convex hull of each spectrum over `wavelengths`, float32 (band, row, column).

    `cube` is float32 (band, row, column), `wavelengths` (band,) increase, in nm or any other
    unit. A pixel with a missing or infinite band has none: NaN in all bands. Raises
    `BadInputError` where wavelengths do not increase.
    """
    nm = check_wavelengths(cube, wavelengths)
    out = np.full(cube.shape, np.nan, np.float32)
    for row, column in np.ndindex(*cube.shape[1:]):
        spectrum = cube[:, row, column].astype(np.float64)
        if np.isfinite(spectrum).all():
            corners = _upper_hull(nm, spectrum)
            out[:, row, column] = np.interp(nm, nm[corners], spectrum[corners])
    return out


def remove_continuum(cube: Cube, wavelengths: Vector) -> Cube:
    """Give each spectrum divided by its continuum, 1 where nothing absorbs, (band, row, column).

    NaN as in `continuum`, and where a spectrum of zeros leaves 0 / 0.
    """
    hull = continuum(cube, wavelengths)
    with np.errstate(all="ignore"):
        return cube / hull


def check_wavelengths(cube: Cube, wavelengths: Vector) -> npt.NDArray[np.float64]:
    """Give wavelengths as float64; raise `BadInputError` unless they increase, one a band."""
    check_cube(cube)
    check_vector("the list of wavelengths", wavelengths, len(cube))
    nm = np.asarray(wavelengths, np.float64)
    if not np.all(np.diff(nm) > 0):
        first = int(np.argmin(np.diff(nm)))
        raise BadInputError(
            "these wavelengths are not in order.",
            seen=f"{nm[first]:g} is followed by {nm[first + 1]:g}.",
            rule="each band has a longer wavelength than the one before.",
            fix="sort the bands by wavelength, and leave out those that overlap twice.",
        )
    return nm


def _upper_hull(x: npt.NDArray[np.float64], y: npt.NDArray[np.float64]) -> list[int]:
    """Give the indices of the hull's corners, from the left (monotone chain, Andrew 1979)."""
    corners: list[int] = []
    for i in range(len(x)):
        while len(corners) > 1:
            a, b = corners[-2], corners[-1]
            if (y[b] - y[a]) * (x[i] - x[a]) > (y[i] - y[a]) * (x[b] - x[a]):
                break
            corners.pop()
        corners.append(i)
    return corners
