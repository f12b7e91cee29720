"""Statistics, projection and detection on a cube of 200 bands and 256 by 256 pixels."""

from collections.abc import Iterator
from functools import partial

import numpy as np

from edgers.bench.kernels.case import Case
from edgers.kernels import eigen, target_filter
from edgers.kernels.cpu import (
    anomaly,
    continuum,
    mag1c,
    matched_filter,
    projection,
    spectral_angle,
    statistics,
)
from edgers.kernels.reference import anomaly as plain_anomaly
from edgers.kernels.reference import continuum as plain_continuum
from edgers.kernels.reference import mag1c as plain_mag1c
from edgers.kernels.reference import matched_filter as plain_matched_filter
from edgers.kernels.reference import spectral_angle as plain_spectral_angle
from edgers.kernels.reference import statistics as plain_statistics
from edgers.kernels.spectra import Cube

BANDS, SIDE = 200, 256
SMALL = 26
"""Rows of the cube for what takes long in numpy."""


def cases() -> Iterator[Case]:
    """Give each kernel with its numpy reference; matrix products with BLAS, as their rival."""
    cube = _cube()
    yield from _statistics(cube)
    yield from _projections(cube)
    yield from _detectors(cube)


def _cube() -> Cube:
    """Mixtures of smooth spectra, with noise that makes the covariance a full one."""
    random = np.random.default_rng(20)
    bands = np.arange(BANDS)[:, None]
    centers, widths = random.uniform(0, BANDS, 6), random.uniform(20, 90, 6)
    spectra = np.exp(-(((bands - centers) / widths) ** 2))
    shares = random.dirichlet(np.ones(6), SIDE * SIDE).T
    cube = 3000 * spectra @ shares + random.normal(1000, 15, (BANDS, SIDE * SIDE))
    return cube.reshape(BANDS, SIDE, SIDE).astype(np.float32)


def _statistics(cube: Cube) -> Iterator[Case]:
    whole = cube.astype(np.uint16)
    for name, samples in (("float32", cube), ("uint16", whole)):
        yield Case(
            name=f"band moments {name}", moved_bytes=samples.nbytes,
            fast=partial(statistics.band_moments, samples),
            plain=partial(plain_statistics.band_moments, samples),
        )  # fmt: skip
        counts = np.zeros((BANDS, 65_536), np.int64)
        yield Case(
            name=f"histogram {name}", moved_bytes=samples.nbytes,
            fast=partial(statistics.count_values, samples, counts.copy()),
            plain=partial(plain_statistics.count_values, samples, counts),
        )  # fmt: skip
    yield Case(
        name="covariance", moved_bytes=cube.nbytes,
        fast=partial(statistics.pixel_scatter, cube),
        plain=partial(plain_statistics.pixel_scatter, cube),
    )  # fmt: skip


def _projections(cube: Cube) -> Iterator[Case]:
    pixels = cube.reshape(BANDS, -1)
    random = np.random.default_rng(21)
    image = cube.nbytes // BANDS
    for rows in (1, 4, 10, 30):
        affine = eigen.affine(random.normal(size=(rows, BANDS)), pixels.mean(axis=1))
        yield Case(
            name=f"project to {rows}", moved_bytes=cube.nbytes + rows * image,
            fast=partial(projection.project, cube, affine),
            plain=partial(_blas, affine, pixels), rival="numpy matmul float32 (BLAS)",
        )  # fmt: skip
    for count in (1, 10):
        references = np.ascontiguousarray(pixels[:, :count].T)
        yield Case(
            name=f"spectral angles to {count}", moved_bytes=cube.nbytes + count * image,
            fast=partial(spectral_angle.spectral_angles, cube, references),
            plain=partial(plain_spectral_angle.spectral_angles, cube, references),
        )  # fmt: skip
        yield Case(
            name=f"nearest of {count} spectra", moved_bytes=cube.nbytes + image * 3 // 2,
            fast=partial(spectral_angle.nearest_spectrum, cube, references),
            plain=partial(plain_spectral_angle.nearest_spectrum, cube, references),
        )  # fmt: skip


def _detectors(cube: Cube) -> Iterator[Case]:
    scatter = statistics.pixel_scatter(cube)
    white = eigen.whitening(scatter.covariance)
    image, target = cube.nbytes // BANDS, cube[:, 0, 0].astype(np.float64)
    score = target_filter.matched_filter(target, scatter.mean, scatter.covariance)
    yield Case(
        name="matched filter", moved_bytes=cube.nbytes + image,
        fast=partial(matched_filter.filter_score, cube, score),
        plain=partial(plain_matched_filter.filter_score, cube, score),
    )  # fmt: skip
    yield Case(
        name="mahalanobis", moved_bytes=cube.nbytes + image,
        fast=partial(anomaly.mahalanobis, cube, scatter.mean, white),
        plain=partial(_blas_rx, cube, scatter.mean, white), rival="numpy matmul float32 (BLAS)",
    )  # fmt: skip
    yield Case(
        name="coherence", moved_bytes=cube.nbytes + image,
        fast=partial(matched_filter.coherence, cube, target, scatter.mean, white),
        plain=partial(plain_matched_filter.coherence, cube, target, scatter.mean, white),
    )  # fmt: skip
    small = np.ascontiguousarray(cube[:, :SMALL, :128])
    for outer in (9, 25):
        yield Case(
            name=f"local RX, window {outer}", moved_bytes=small.nbytes,
            fast=partial(anomaly.local_rx, small, white, inner=3, outer=outer),
            plain=partial(plain_anomaly.local_rx, small, white, inner=3, outer=outer),
        )  # fmt: skip
    few = np.ascontiguousarray(small[::10])
    yield Case(
        name="local covariance RX, 20 bands", moved_bytes=few.nbytes,
        fast=partial(anomaly.local_covariance_rx, few, inner=3, outer=15),
        plain=partial(plain_anomaly.local_covariance_rx, few, inner=3, outer=15),
    )  # fmt: skip
    nm = np.linspace(400, 2500, BANDS)
    yield Case(
        name="continuum removal", moved_bytes=2 * small.nbytes,
        fast=partial(continuum.remove_continuum, small, nm),
        plain=partial(plain_continuum.remove_continuum, small, nm),
    )  # fmt: skip
    gas = -np.exp(-(((np.arange(BANDS) - 150) / 9.0) ** 2))
    narrow = np.ascontiguousarray(cube[:, :, :16])
    yield Case(
        name="mag1c, 30 iterations", moved_bytes=31 * narrow.nbytes,
        fast=partial(mag1c.mag1c, narrow, gas, group=8),
        plain=partial(plain_mag1c.mag1c, narrow, gas, group=8),
    )  # fmt: skip


def _blas(affine: eigen.Affine, pixels: Cube) -> Cube:
    return affine.matrix @ (pixels - affine.center[:, None]) + affine.offset[:, None]


def _blas_rx(cube: Cube, mean: eigen.Wide, white: eigen.Wide) -> Cube:
    narrow = white.astype(np.float32)
    whitened = narrow @ (cube.reshape(BANDS, -1) - mean.astype(np.float32)[:, None])
    scores: Cube = np.einsum("kp,kp->p", whitened, whitened)
    return scores
