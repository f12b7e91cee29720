"""How much of a target spectrum is in each pixel: linear filters, and adaptive coherence."""

import numpy as np

from edgers.errors import BadInputError
from edgers.kernels.eigen import Affine
from edgers.kernels.reference.anomaly import check_background, finite
from edgers.kernels.reference.projection import check_affine, project
from edgers.kernels.spectra import Cube, Image, Matrix, Vector
from edgers.kernels.target_filter import target_direction


def filter_score(cube: Cube, score: Affine) -> Image:
    """Give the score of a filter of `edgers.kernels.target_filter` for each pixel, (row, column).

    `cube` is float32 (band, row, column); 1 is as much as the whole target. NaN where a band is
    missing.
    """
    check_filter(cube, score)
    scores: Image = project(cube, score)[0]
    return scores


def coherence(cube: Cube, target: Vector, mean: Vector, whitening: Matrix) -> Image:
    """Give the adaptive coherence estimate, ACE (Kraut & Scharf 1999), from 0 to 1, (row, column).

    ((t - m)ᵀ C⁻¹ (x - m))² / ((t - m)ᵀ C⁻¹ (t - m) · (x - m)ᵀ C⁻¹ (x - m)): the squared cosine of
    the angle between pixel and target where the background is white. `whitening` is W of
    `edgers.kernels.eigen.whitening`. NaN where a band is missing or infinite, and at the mean.
    """
    check_background(cube, mean, whitening)
    direction = target_direction(target, mean, whitening)
    center = np.asarray(mean, np.float64)[:, None, None]
    with np.errstate(all="ignore"):
        white = np.einsum("kb,brc->krc", np.asarray(whitening, np.float64), cube - center)
        along = np.einsum("k,krc->rc", direction, white)
        return finite(along**2 / (white * white).sum(axis=0))


def check_filter(cube: Cube, score: Affine) -> None:
    """Raise `BadInputError` unless the filter has one row and fits the cube."""
    check_affine(cube, score)
    if len(score.matrix) != 1:
        raise BadInputError(
            "this is no filter.",
            seen=f"{len(score.matrix)} rows.",
            rule="a filter gives one score a pixel.",
            fix="use `project` for several rows.",
        )
