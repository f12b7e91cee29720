"""MAG1C: how much of a gas absorbs light in each pixel (Foote et al. 2020).

A matched filter for radiance whose target follows from the mean, corrected for each pixel's albedo
and made sparse by an l1 norm with weights from the iteration before.
"""

import numpy as np
import numpy.typing as npt

from edgers.errors import BadInputError
from edgers.kernels.column_groups import column_groups
from edgers.kernels.spectra import Cube, Image, Vector, check_cube, check_share, check_vector

ITERATIONS = 30
"""Foote et al. 2020: enhancements hardly change after."""
EPSILON = 1e-9
"""Keeps the weights finite where nothing was found (Foote et al. 2020), in units of the result
for a signature per 100 000 ppm·m, as theirs."""


def mag1c(
    cube: Cube, signature: Vector, *, group: int | None = None, iterations: int = ITERATIONS,
    epsilon: float = EPSILON, shrinkage: float = 0.0,
) -> tuple[Image, Image]:  # fmt: skip
    """Give the gas enhancement and the albedo factor of each pixel, both (row, column).

    `cube` is radiance, float32 (band, row, column), in any unit; columns are across track.
    `signature` (band,) is the change of ln(radiance) for one unit of concentration times length,
    negative where the gas absorbs; the enhancement is in that unit and never negative. The albedo
    factor is 1 for a pixel as bright as the mean. Statistics are shared by `group` neighbouring
    columns (None: by all). `shrinkage` moves each covariance that far, 0 to 1, to its diagonal.
    Enhancements are NaN where a band is missing or infinite, where the albedo is not above 0, and
    in groups whose covariance is singular, as with no more complete pixels than bands.
    """
    check_arguments(cube, signature, iterations, epsilon, shrinkage)
    enhancement = np.full(cube.shape[1:], np.nan, np.float32)
    albedo = np.full(cube.shape[1:], np.nan, np.float32)
    for columns in column_groups(cube.shape[2], group):
        part = cube[:, :, columns].astype(np.float64)
        complete = np.isfinite(part).all(axis=0)
        if complete.any():
            found, bright = _group(
                part[:, complete].T, np.asarray(signature, np.float64), iterations, epsilon,
                shrinkage,
            )  # fmt: skip
            enhancement[:, columns][complete] = found
            albedo[:, columns][complete] = bright
    return enhancement, albedo


def _group(
    x: npt.NDArray[np.float64], signature: npt.NDArray[np.float64], iterations: int,
    epsilon: float, shrinkage: float,
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:  # fmt: skip
    """Work on the complete pixels of one group, (pixel, band)."""
    mean = x.mean(axis=0)
    with np.errstate(all="ignore"):
        albedo = x @ mean / (mean @ mean)
    lit = albedo > 0
    found, weight = np.zeros(len(x)), np.zeros(len(x))
    target = np.zeros_like(mean)
    for iteration in range(iterations + 1):
        if iteration:
            weight[lit] = 1 / (albedo[lit] * (found[lit] + epsilon))
        background = x - np.outer(albedo * found, target)
        mean = background.mean(axis=0)
        target = signature * mean
        solved = solve_target(covariance_of(background, mean), target, shrinkage)
        if len(x) <= x.shape[1] or solved is None:
            return np.full(len(x), np.nan), albedo
        found[lit] = ((x - mean) @ solved - weight)[lit] / (albedo[lit] * (target @ solved))
        found = np.maximum(found, 0)
    return np.where(lit, found, np.nan), albedo


def covariance_of(
    background: npt.NDArray[np.float64], mean: npt.NDArray[np.float64]
) -> npt.NDArray[np.float64]:
    """Give the covariance of (pixel, band), divided by the number of pixels as in the paper."""
    centred = background - mean
    return np.asarray(centred.T @ centred / len(centred), np.float64)


def solve_target(
    covariance: npt.NDArray[np.float64], target: npt.NDArray[np.float64], shrinkage: float
) -> npt.NDArray[np.float64] | None:
    """Give C⁻¹ t, or None where C is singular."""
    shrunk = (1 - shrinkage) * covariance + shrinkage * np.diag(np.diag(covariance))
    try:
        lower = np.linalg.cholesky(shrunk)
    except np.linalg.LinAlgError:
        return None
    if not np.all(np.diag(lower) ** 2 > 1e-13 * np.diag(shrunk)):
        return None
    return np.linalg.solve(lower.T, np.linalg.solve(lower, target))


def check_arguments(
    cube: Cube, signature: Vector, iterations: int, epsilon: float, shrinkage: float
) -> None:
    """Raise `BadInputError` for arguments that make no sense."""
    check_cube(cube)
    check_vector("the signature", signature, len(cube))
    check_share("the number of iterations", iterations)
    check_share("the shrinkage", shrinkage, most=1)
    if not signature.any() or not epsilon > 0:
        raise BadInputError(
            "no gas can be found so.",
            seen=f"a signature {'with' if signature.any() else 'without'} any change; {epsilon=}.",
            rule="the signature is not 0 in all bands, and epsilon is above 0.",
            fix="give the change of ln(radiance) for one unit of the gas.",
        )
