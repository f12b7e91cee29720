"""Kernels on cubes of many bands: projections, detectors, angles, and a sensor's own faults."""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from edgers.bench.gpu_check.case import Array, Case, sum_error
from edgers.bench.gpu_check.scene import Scene
from edgers.kernels import eigen, target_filter
from edgers.kernels.moment_matching import Gains
from edgers.kernels.neighbours import neighbours_across_columns
from edgers.kernels.reference import (
    anomaly,
    dead_pixels,
    decibel,
    matched_filter,
    projection,
    spectral_angle,
    statistics,
    stripes,
)

SUMS = "a float32 sum is off by its count times the unit roundoff, here of the largest pixel"
Wide = npt.NDArray[np.float64]


def _background(scene: Scene) -> tuple[Wide, Wide, Wide]:
    """Give mean, covariance and whitening of the cube."""
    found = statistics.pixel_scatter(scene.cube)
    return found.mean, found.covariance, eigen.whitening(found.covariance)


def _centred(scene: Scene, center: Array) -> Wide:
    return scene.cube.reshape(len(scene.cube), -1).astype(np.float64) - center[:, None]


def project_pixels(scene: Scene) -> Case:
    """Take four components."""
    bands, rows = len(scene.cube), 4
    weights = np.random.default_rng(3).normal(size=(rows, bands))
    affine = eigen.affine(weights, np.nanmean(scene.cube.reshape(bands, -1), axis=1))
    wanted = projection.project(scene.cube, affine)
    terms = np.abs(weights).max(axis=0)[:, None] * _centred(scene, affine.center)
    return Case(
        entry="project",
        arguments=(
            scene.cube, affine.matrix, affine.center, affine.offset, np.zeros_like(wanted), rows,
            bands, scene.n,
        ),
        results={4: wanted},
        items=rows * scene.n,
        moved_bytes=scene.cube.nbytes + wanted.nbytes,
        absolute=sum_error(terms),
        why=SUMS,
    )  # fmt: skip


def filter_pixels(scene: Scene) -> Case:
    """Score each pixel for a target."""
    mean, covariance, _ = _background(scene)
    score = target_filter.matched_filter(mean * 1.2 + 0.05, mean, covariance)
    wanted = matched_filter.filter_score(scene.cube, score)
    return Case(
        entry="filter_score",
        arguments=(
            scene.cube, score.matrix, score.center, float(score.offset[0]), np.zeros_like(wanted),
            len(scene.cube), scene.n,
        ),
        results={4: wanted},
        items=scene.n,
        moved_bytes=scene.cube.nbytes + wanted.nbytes,
        absolute=sum_error(score.matrix[0][:, None] * _centred(scene, score.center)),
        why=SUMS,
    )  # fmt: skip


def distance_of_pixels(scene: Scene) -> Case:
    """Take the distance from the background."""
    mean, _, white = _background(scene)
    wanted = anomaly.mahalanobis(scene.cube, mean, white)
    return Case(
        entry="mahalanobis",
        arguments=(
            scene.cube, mean.astype(np.float32), white.astype(np.float32), np.zeros_like(wanted),
            len(scene.cube), scene.n,
        ),
        results={3: wanted},
        items=scene.n,
        moved_bytes=scene.cube.nbytes + wanted.nbytes,
        relative=1e-3,
        absolute=_white_error(scene, mean, white) ** 2 * len(scene.cube),
        why="each component is a float32 sum; they are squared and summed",
    )  # fmt: skip


def coherence_of_pixels(scene: Scene) -> Case:
    """Compare directions where the background is white."""
    mean, _, white = _background(scene)
    target = mean * 1.2 + 0.05
    wanted = matched_filter.coherence(scene.cube, target, mean, white)
    direction = target_filter.target_direction(target, mean, white)
    return Case(
        entry="coherence",
        arguments=(
            scene.cube, mean.astype(np.float32), white.astype(np.float32),
            direction.astype(np.float32), np.zeros_like(wanted), len(scene.cube), scene.n,
        ),
        results={4: wanted},
        items=scene.n,
        moved_bytes=scene.cube.nbytes + wanted.nbytes,
        absolute=1e-3,
        why="components are float32 sums, and two sums of their products are divided",
    )  # fmt: skip


def _white_error(scene: Scene, mean: Wide, white: Wide) -> float:
    return sum_error(np.abs(white).max(axis=0)[:, None] * _centred(scene, mean))


def _references(scene: Scene) -> Wide:
    bands = len(scene.cube)
    at = np.arange(bands)
    return np.stack([1.5 + np.cos(at * (k + 1) / bands) for k in range(4)])


def angles_of_pixels(scene: Scene) -> Case:
    """Take angles to four spectra."""
    spectra = _references(scene)
    wanted = spectral_angle.spectral_angles(scene.cube, spectra)
    units = (spectra / np.linalg.norm(spectra, axis=1)[:, None]).astype(np.float32)
    return Case(
        entry="spectral_angles",
        arguments=(
            scene.cube, units, np.zeros_like(wanted), len(units), len(scene.cube), scene.n,
        ),
        results={2: wanted},
        items=wanted.size,
        moved_bytes=scene.cube.nbytes + wanted.nbytes,
        absolute=1e-3,
        why="an angle is resolved to 0.001, as the reference says",
    )  # fmt: skip


def nearest_of_pixels(scene: Scene) -> Case:
    """Take the least of four angles; which one it is may hang on rounding."""
    spectra = _references(scene)
    wanted = spectral_angle.nearest_spectrum(scene.cube, spectra)[1]
    units = (spectra / np.linalg.norm(spectra, axis=1)[:, None]).astype(np.float32)
    return Case(
        entry="nearest_spectrum",
        arguments=(
            scene.cube, units, np.zeros(scene.n, np.int16), np.zeros_like(wanted), len(units),
            len(scene.cube), scene.n,
        ),
        results={3: wanted},
        items=scene.n,
        moved_bytes=scene.cube.nbytes + wanted.nbytes + 2 * scene.n,
        absolute=1e-3,
        why="an angle is resolved to 0.001, as the reference says",
    )  # fmt: skip


def moments_of_columns(scene: Scene) -> Case:
    """Take statistics of each detector along track."""
    bands, rows, columns = scene.cube.shape
    wanted, n = stripes.column_moments(scene.cube), bands * columns
    results: dict[int, Array] = {
        1: wanted.count, 2: wanted.mean, 3: wanted.squares, 4: wanted.minimum, 5: wanted.maximum,
    }  # fmt: skip
    kinds = (np.int32, np.float64, np.float64, np.float32, np.float32)
    return Case(
        entry="column_moments",
        arguments=(scene.cube, *(np.zeros(n, kind) for kind in kinds), rows, columns, n),
        results=results,
        items=n,
        moved_bytes=scene.cube.nbytes,
        # The reference takes the mean off in float32.
        relative=1e-6,
        absolute=1e-6,
        why="a running mean in float64 against two passes, one of them in float32",
    )


def gain_of_columns(scene: Scene) -> Case:
    """Apply a gain and an offset for each detector."""
    bands, rows, columns = scene.cube.shape
    random = np.random.default_rng(4)
    gain = random.normal(1, 0.1, (bands, columns)).astype(np.float32)
    offset = random.normal(0, 0.1, (bands, columns)).astype(np.float32)
    wanted = stripes.apply_gains(scene.cube, Gains(gain=gain, offset=offset))
    return Case(
        entry="apply_gains",
        arguments=(
            scene.cube, gain, offset, np.zeros_like(wanted), rows, columns, scene.cube.size,
        ),
        results={3: wanted},
        items=scene.cube.size,
        moved_bytes=2 * scene.cube.nbytes,
    )  # fmt: skip


def dead_columns(scene: Scene) -> Case:
    """Make samples of dead detectors from their neighbours."""
    bands, rows, columns = scene.cube.shape
    dead = np.random.default_rng(5).random((bands, columns)) < 0.1
    wanted = dead_pixels.replace_across_columns(scene.cube, dead)
    sides = neighbours_across_columns(dead)
    return Case(
        entry="replace_across_columns",
        arguments=(
            scene.cube, sides.before, sides.after, sides.weight, np.zeros_like(wanted), rows,
            columns, scene.cube.size,
        ),
        results={4: wanted},
        items=scene.cube.size,
        moved_bytes=2 * scene.cube.nbytes,
    )  # fmt: skip


def power_in_decibel(scene: Scene) -> Case:
    """Turn power into decibels, with a floor."""
    power = np.ascontiguousarray(scene.cube * np.float32(0.3))
    wanted = decibel.decibel_from_power(power, floor=1e-3)
    return Case(
        entry="decibel_from_real",
        arguments=(
            power, np.zeros_like(power), 1, float(np.float32(1e-3)), 10.0, power.size,
        ),
        results={1: wanted},
        items=power.size,
        moved_bytes=2 * power.nbytes,
        relative=3e-7,
        absolute=1e-6,
        why="log10() of numpy and of CUDA differ by 2 units in the last place",
    )  # fmt: skip


CASES: dict[str, Callable[[Scene], Case]] = {
    "project": project_pixels,
    "filter_score": filter_pixels,
    "mahalanobis": distance_of_pixels,
    "coherence": coherence_of_pixels,
    "spectral_angles": angles_of_pixels,
    "nearest_spectrum": nearest_of_pixels,
    "column_moments": moments_of_columns,
    "apply_gains": gain_of_columns,
    "replace_across_columns": dead_columns,
    "decibel_from_real": power_in_decibel,
}
