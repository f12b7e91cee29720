"""What kernels over spectra take: cubes (band, row, column), vectors and matrices of bands."""

import numpy as np
import numpy.typing as npt

from edgers.errors import BadInputError

Cube = npt.NDArray[np.float32]
"""Samples (band, row, column), NaN where missing."""
Image = npt.NDArray[np.float32]
"""One number a pixel, (row, column), NaN where there is none."""
Vector = npt.NDArray[np.floating]
"""One number a band, (band,)."""
Matrix = npt.NDArray[np.floating]
"""Numbers (row, band)."""


def check_cube(cube: Cube) -> None:
    """Raise `BadInputError` unless `cube` is float32 (band, row, column) with a band at least."""
    if cube.ndim != 3 or cube.dtype != np.float32 or cube.shape[0] == 0:
        raise BadInputError(
            "this is not a cube of spectra.",
            seen=f"an array of {cube.dtype} with shape {cube.shape}.",
            rule="a cube is float32 (band, row, column) with at least one band.",
            fix="convert it with astype(float32), and put the bands first.",
        )


def check_vector(name: str, vector: Vector, bands: int) -> None:
    """Raise `BadInputError` unless `vector` has one finite number for each of `bands`."""
    if vector.shape != (bands,):
        raise BadInputError(
            f"{name} does not fit the cube.",
            seen=f"shape {vector.shape}; the cube has {bands} bands.",
            rule=f"{name} has one number for each band.",
            fix="take both from the same bands.",
        )
    _check_finite(name, vector)


def check_matrix(name: str, matrix: Matrix, bands: int, *, square: bool = False) -> None:
    """Raise `BadInputError` unless `matrix` is finite, (any, band), or (band, band) if `square`."""
    rows = bands if square else (matrix.shape[0] if matrix.ndim == 2 else 0)
    if matrix.shape != (rows, bands) or rows == 0:
        raise BadInputError(
            f"{name} does not fit the cube.",
            seen=f"shape {matrix.shape}; the cube has {bands} bands.",
            rule=f"{name} is ({'band' if square else 'row'}, band), with at least one row.",
            fix="take both from the same bands.",
        )
    _check_finite(name, matrix)


def check_share(name: str, value: float, *, most: float = np.inf) -> None:
    """Raise `BadInputError` unless 0 <= `value` <= `most`."""
    if not 0 <= value <= most:
        raise BadInputError(
            f"{name} is out of range.",
            seen=f"{value}.",
            rule=f"{name} is a number from 0" + (f" to {most}." if np.isfinite(most) else " up."),
            fix="choose a number in that range.",
        )


def pixels_of(cube: Cube) -> Cube:
    """Give a cube as (band, pixel), contiguous; a copy only where it is not so stored."""
    return np.ascontiguousarray(cube).reshape(cube.shape[0], -1)


def _check_finite(name: str, numbers: npt.NDArray[np.floating]) -> None:
    if not np.isfinite(numbers).all():
        raise BadInputError(
            f"{name} has numbers that are not finite.",
            seen=f"{int((~np.isfinite(numbers)).sum())} of {numbers.size}.",
            rule="NaN stands for missing samples in cubes only.",
            fix="compute it from bands and pixels that have values.",
        )
