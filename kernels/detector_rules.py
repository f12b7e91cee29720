"""What kernels over detectors take."""

import numpy as np
import numpy.typing as npt

from edgers.errors import BadInputError
from edgers.kernels.spectra import Cube, check_cube


def check_detectors(cube: Cube, dead: npt.NDArray[np.generic]) -> None:
    """Raise BadInputError unless `dead` tells True or False for each (band, column) of a cube."""
    check_cube(cube)
    _check(cube, dead, np.dtype(bool), "the mask of dead detectors")


def check_gains(cube: Cube, *numbers: npt.NDArray[np.generic]) -> None:
    """Raise BadInputError unless there is a float32 number for each (band, column) of a cube."""
    check_cube(cube)
    for each in numbers:
        _check(cube, each, np.dtype(np.float32), "a gain or offset of detectors")


def _check(
    cube: Cube, numbers: npt.NDArray[np.generic], kind: np.dtype[np.generic], what: str
) -> None:
    wanted = (cube.shape[0], cube.shape[2])
    if numbers.shape != wanted or numbers.dtype != kind:
        raise BadInputError(
            f"{what} does not fit the cube.",
            seen=f"{numbers.dtype} of shape {numbers.shape}.",
            rule=f"it is {kind} of shape {wanted}, (band, column).",
            fix="take it from the statistics of the same bands and columns.",
        )
