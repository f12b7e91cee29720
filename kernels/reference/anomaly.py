"""RX anomaly detection (Reed & Yu 1990): how far a pixel is from its background."""

import numpy as np
import numpy.typing as npt

from edgers.kernels.dual_window import DualWindow, dual_window
from edgers.kernels.spectra import (
    Cube,
    Image,
    Matrix,
    Vector,
    check_cube,
    check_matrix,
    check_share,
    check_vector,
)

Wide = npt.NDArray[np.float64]
LEAST_PIVOT = 1e-10
"""Share of a band's variance that others must leave; below, a covariance counts as singular."""


def mahalanobis(cube: Cube, mean: Vector, whitening: Matrix) -> Image:
    """Give (x - mean)ᵀ C⁻¹ (x - mean) for each pixel x: the global RX score, (row, column).

    `cube` is float32 (band, row, column), `mean` (band,), `whitening` the lower triangular W of
    `edgers.kernels.eigen.whitening`, WᵀW = C⁻¹. NaN where a band is missing or infinite.
    """
    check_background(cube, mean, whitening)
    center = np.asarray(mean, np.float64)[:, None, None]
    with np.errstate(all="ignore"):
        white = np.einsum("kb,brc->krc", np.asarray(whitening, np.float64), cube - center)
        return finite((white * white).sum(axis=0))


def local_rx(cube: Cube, whitening: Matrix, *, inner: int, outer: int) -> Image:
    """Like `mahalanobis`, with the mean of each pixel's surroundings, (row, column).

    These are the complete pixels in the `outer` window but not in the `inner` one (widths in
    pixels, odd; see `edgers.kernels.dual_window`). A pixel with a missing or infinite band is no
    part of any mean and has the score NaN, as has one with no complete pixel around it.
    """
    check_cube(cube)
    check_matrix("the whitening matrix", whitening, len(cube), square=True)
    windows = dual_window(*cube.shape[1:], inner=inner, outer=outer)
    wide = cube.astype(np.float64)
    scores = np.full(cube.shape[1:], np.nan)
    for row, column in np.ndindex(*scores.shape):
        around = surroundings(wide, windows, row, column)
        if len(around) and np.isfinite(wide[:, row, column]).all():
            white = whitening @ (wide[:, row, column] - around.mean(axis=0))
            scores[row, column] = white @ white
    return finite(scores)


def local_covariance_rx(cube: Cube, *, inner: int, outer: int, loading: float = 0.0) -> Image:
    """Like `local_rx`, with the covariance of the surroundings too, (row, column).

    `loading` times the mean variance is added to the diagonal (Carlson 1988). NaN where there are
    fewer than two complete pixels around, where without loading they are no more than the bands,
    and where their covariance is singular.
    """
    check_cube(cube)
    check_share("the diagonal loading", loading)
    windows = dual_window(*cube.shape[1:], inner=inner, outer=outer)
    bands = len(cube)
    wide = cube.astype(np.float64)
    scores = np.full(cube.shape[1:], np.nan)
    for row, column in np.ndindex(*scores.shape):
        around = surroundings(wide, windows, row, column)
        enough = len(around) >= (2 if loading > 0 else max(2, bands + 1))
        if enough and np.isfinite(wide[:, row, column]).all():
            covariance = np.cov(around, rowvar=False).reshape(bands, bands)
            covariance += np.eye(bands) * loading * np.trace(covariance) / bands
            if _has_inverse(covariance):
                offset = wide[:, row, column] - around.mean(axis=0)
                scores[row, column] = offset @ np.linalg.solve(covariance, offset)
    return finite(scores)


def surroundings(cube: Wide, windows: DualWindow, row: int, column: int) -> Wide:
    """Give the complete pixels between the windows, (pixel, band)."""
    complete = np.asarray(np.isfinite(cube).all(axis=0), np.bool_)
    top, bottom = windows.inner_rows[row]
    left, right = windows.inner_columns[column]
    complete[top:bottom, left:right] = False
    outer = (slice(*windows.outer_rows[row]), slice(*windows.outer_columns[column]))
    return np.asarray(cube[:, outer[0], outer[1]][:, complete[outer]].T, np.float64)


def check_background(cube: Cube, mean: Vector, whitening: Matrix) -> None:
    """Raise `BadInputError` unless the statistics fit the cube."""
    check_cube(cube)
    check_vector("the mean", mean, len(cube))
    check_matrix("the whitening matrix", whitening, len(cube), square=True)


def finite(scores: npt.NDArray[np.floating]) -> Image:
    """Give scores as float32, NaN where they are no numbers."""
    with np.errstate(all="ignore"):
        narrow = scores.astype(np.float32)
    return np.where(np.isfinite(narrow), narrow, np.float32(np.nan))


def _has_inverse(covariance: Wide) -> bool:
    try:
        pivots = np.diag(np.linalg.cholesky(covariance)) ** 2
    except np.linalg.LinAlgError:
        return False
    return bool(np.all(pivots > LEAST_PIVOT * np.diag(covariance)))
