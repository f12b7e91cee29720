"""Linear filters for a known spectrum, from the statistics of its background; done once a scene."""

import numpy as np

from edgers.errors import BadInputError
from edgers.kernels.eigen import Affine, Wide, affine, cholesky
from edgers.kernels.spectra import Matrix, Vector, check_matrix, check_vector


def matched_filter(target: Vector, mean: Vector, covariance: Matrix) -> Affine:
    """Give the filter whose score is 0 at the background's mean and 1 at the target.

    score = (t - m)ᵀ C⁻¹ (x - m) / (t - m)ᵀ C⁻¹ (t - m) (Reed, Mallett & Brennan 1974; Manolakis &
    Shaw 2002). `target` and `mean` are (band,), `covariance` (band, band).
    """
    offset = _checked("the mean", mean, target, covariance) - np.asarray(mean, np.float64)
    return affine(_weights(offset, np.asarray(covariance, np.float64)), mean)


def constrained_energy(target: Vector, mean: Vector, covariance: Matrix) -> Affine:
    """Give the constrained energy minimization filter, CEM (Harsanyi 1993): 1 at the target.

    score = tᵀ R⁻¹ x / tᵀ R⁻¹ t with the correlation matrix R = C + m mᵀ: no mean is taken off.
    """
    wide = _checked("the mean", mean, target, covariance)
    middle = np.asarray(mean, np.float64)
    correlation = np.asarray(covariance, np.float64) + np.outer(middle, middle)
    return affine(_weights(wide, correlation), np.zeros(len(wide)))


def target_direction(target: Vector, mean: Vector, whitening: Matrix) -> Wide:
    """Give the unit vector from the mean to the target where the background is white, (band,)."""
    wide = _checked("the mean", mean, target, whitening) - np.asarray(mean, np.float64)
    white = np.asarray(whitening, np.float64) @ wide
    length = float(np.linalg.norm(white))
    if length == 0:
        raise _no_direction()
    return np.asarray(white / length, np.float64)


def _checked(name: str, mean: Vector, target: Vector, square: Matrix) -> Wide:
    check_matrix("the matrix of the background", square, square.shape[-1], square=True)
    check_vector(name, mean, len(square))
    check_vector("the target", target, len(square))
    return np.asarray(target, np.float64)


def _weights(target: Wide, covariance: Wide) -> Wide:
    if not target.any():
        raise _no_direction()
    lower = cholesky("the covariance", covariance)
    solved = np.linalg.solve(lower.T, np.linalg.solve(lower, target))
    return np.asarray(solved / (target @ solved), np.float64)[None]


def _no_direction() -> BadInputError:
    return BadInputError(
        "this target cannot be told from its background.",
        seen="a target equal to the background's mean, or 0 in all bands.",
        rule="a filter needs a direction from the background to the target.",
        fix="give another target spectrum, in the units of the cube.",
    )
