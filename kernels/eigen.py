"""From covariances to the matrices that pixels are multiplied with: PCA, MNF, whitening.

Everything here is small (bands by bands), float64, and done once a scene.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from edgers.errors import BadInputError
from edgers.kernels.spectra import Matrix, Vector, check_matrix, check_share, check_vector

Wide = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Affine:
    """What is done to each pixel x: matrix · (x - center) + offset.

    The center is taken off first, so that bright, even scenes lose nothing in float32.
    """

    matrix: npt.NDArray[np.float32]
    """Weights (row, band)."""
    center: npt.NDArray[np.float32]
    """What is taken off each band, (band,)."""
    offset: npt.NDArray[np.float32]
    """What is added to each row, (row,)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Components:
    """Axes of a scene's spectra, strongest first, and the way back."""

    forward: Affine
    """From bands to components."""
    inverse: Affine
    """From components to bands: the first few give the scene with less noise."""
    values: Wide
    """PCA: variance of each component. MNF: its variance in units of the noise, 1 = noise alone."""


def affine(matrix: Matrix, mean: Vector) -> Affine:
    """Give the map matrix · (x - mean), for float32 pixels; what `mean` loses is in the offset."""
    center = np.asarray(mean, np.float32)
    lost = np.asarray(matrix, np.float64) @ (center - np.asarray(mean, np.float64))
    return Affine(
        matrix=np.ascontiguousarray(matrix, np.float32),
        center=center,
        offset=lost.astype(np.float32),
    )


def pca(covariance: Matrix, mean: Vector, components: int | None = None) -> Components:
    """Principal components (Pearson 1901; Hotelling 1933): unit axes of decreasing variance.

    `covariance` is (band, band), `mean` (band,). Of each axis, the weight that is largest in
    magnitude is positive, so that the same scene gives the same components everywhere.
    """
    covariance, mean = _statistics(covariance, mean)
    variances, axes = np.linalg.eigh(covariance)
    axes = axes[:, ::-1].T
    return _components(axes, axes.T, variances[::-1], mean, components)


def mnf(
    covariance: Matrix, noise: Matrix, mean: Vector, components: int | None = None
) -> Components:
    """Minimum noise fraction (Green et al. 1988): components by decreasing signal-to-noise ratio.

    `noise` is the covariance of the noise, (band, band). The noise of each component has variance
    1. Signs as in `pca`. Raises `BadInputError` where a band has no noise of its own.
    """
    covariance, mean = _statistics(covariance, mean)
    check_matrix("the noise covariance", noise, len(mean), square=True)
    lower = cholesky("the noise covariance", np.asarray(noise, np.float64))
    white = np.linalg.solve(lower, np.linalg.solve(lower, covariance).T)
    ratios, axes = np.linalg.eigh((white + white.T) / 2)
    axes, ratios = axes[:, ::-1], ratios[::-1]
    forward = np.linalg.solve(lower.T, axes).T
    return _components(forward, lower @ axes, ratios, mean, components)


def whitening(covariance: Matrix, *, loading: float = 0.0) -> Wide:
    """Give the lower triangular W with WᵀW = inverse covariance, (band, band).

    |W (x - mean)|² is the squared Mahalanobis distance. `loading` adds that share of the mean
    variance to the diagonal (Carlson 1988), for covariances from few pixels.
    """
    check_matrix("the covariance", covariance, covariance.shape[-1], square=True)
    check_share("the diagonal loading", loading)
    bands = len(covariance)
    loaded = np.asarray(covariance, np.float64) + np.eye(bands) * (
        loading * np.trace(covariance) / bands
    )
    lower = cholesky("the covariance", loaded)
    return np.asarray(np.tril(np.linalg.solve(lower, np.eye(bands))), np.float64)


def cholesky(name: str, matrix: Wide) -> Wide:
    """Give the lower triangular factor; raise `BadInputError` where `matrix` has no inverse."""
    try:
        lower = np.linalg.cholesky(matrix)
    except np.linalg.LinAlgError:
        lower = np.zeros_like(matrix)
    # A band that others give exactly leaves rounding alone of its own variance: a few 1e-16.
    own, whole = np.diag(lower) ** 2, np.diag(matrix)
    if not np.all(own > 1e-13 * whole):
        raise BadInputError(
            f"{name} has no inverse.",
            seen=f"{len(matrix)} bands, of which one at least is constant or a sum of others.",
            rule="each band must vary in a way of its own, over more pixels than there are bands.",
            fix="leave out dead bands, use more pixels, or add some diagonal loading.",
        )
    return np.asarray(lower, np.float64)


def _statistics(covariance: Matrix, mean: Vector) -> tuple[Wide, Wide]:
    check_matrix("the covariance", covariance, covariance.shape[-1], square=True)
    check_vector("the mean", mean, len(covariance))
    return np.asarray(covariance, np.float64), np.asarray(mean, np.float64)


def _components(
    forward: Wide, inverse: Wide, values: Wide, mean: Wide, components: int | None
) -> Components:
    bands = len(mean)
    kept = bands if components is None else components
    if not 1 <= kept <= bands:
        raise BadInputError(
            "that many components cannot be kept.",
            seen=f"{kept} of {bands} bands.",
            rule=f"from 1 to {bands} components are there.",
            fix="ask for a number in that range.",
        )
    largest = np.abs(forward).argmax(axis=1)
    signs = np.where(forward[np.arange(bands), largest] < 0, -1.0, 1.0)
    back = (inverse * signs)[:, :kept]
    return Components(
        forward=affine((forward * signs[:, None])[:kept], mean),
        inverse=Affine(
            matrix=np.ascontiguousarray(back, np.float32),
            center=np.zeros(kept, np.float32),
            offset=mean.astype(np.float32),
        ),
        values=values[:kept].copy(),
    )
