"""Each pixel through one affine map: components, whitening, filters."""

import numpy as np

from edgers.errors import BadInputError
from edgers.kernels.eigen import Affine
from edgers.kernels.spectra import Cube, check_cube, check_matrix, check_vector


def project(cube: Cube, affine: Affine) -> Cube:
    """Give matrix · (pixel - center) + offset for each pixel, float32 (matrix row, row, column).

    `cube` is float32 (band, row, column). NaN in any band makes all of the pixel NaN, also where
    a weight is 0. Raises `BadInputError` where the map has other bands than the cube.
    """
    check_affine(cube, affine)
    with np.errstate(all="ignore"):
        centred = cube.astype(np.float64) - affine.center[:, None, None]
        found = np.einsum("kb,brc->krc", affine.matrix.astype(np.float64), centred)
        return np.asarray(found + affine.offset[:, None, None], np.float32)


def check_affine(cube: Cube, affine: Affine) -> None:
    """Raise `BadInputError` unless the map fits the cube."""
    check_cube(cube)
    check_matrix("the matrix", affine.matrix, cube.shape[0])
    check_vector("the center", affine.center, cube.shape[0])
    if affine.offset.shape != affine.matrix.shape[:1]:
        raise BadInputError(
            "the offset does not fit the matrix.",
            seen=f"shapes {affine.offset.shape} and {affine.matrix.shape}.",
            rule="the offset has one number for each row of the matrix.",
            fix="make both together, as `pca` and `mnf` do.",
        )
