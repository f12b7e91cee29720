"""MAG1C with two reads of the pixels an iteration, whatever the number of bands.

Taking the gas found off each pixel changes the scatter of a group by outer products of the target
alone: S' = S - u tᵀ - t uᵀ + q t tᵀ with u = Σ (a - ā) (x - m) and q = Σ (a - ā)², where a is
albedo times enhancement. So the scatter of all bands is summed once, not in each iteration.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from edgers.kernels.column_groups import column_groups
from edgers.kernels.cpu.statistics import pixel_scatter
from edgers.kernels.eigen import Wide
from edgers.kernels.jit import kernel
from edgers.kernels.reference.mag1c import EPSILON, ITERATIONS, check_arguments, solve_target
from edgers.kernels.spectra import Cube, Image, Vector

LANES = 256
"""Partial sums a band, side by side so that they vectorise."""
BLOCK = 1024
"""Pixels whose bands stay in the L2 cache between their score and their sums."""
ZERO, ONE = np.float32(0), np.float32(1)


def mag1c(
    cube: Cube, signature: Vector, *, group: int | None = None, iterations: int = ITERATIONS,
    epsilon: float = EPSILON, shrinkage: float = 0.0,
) -> tuple[Image, Image]:  # fmt: skip
    """As the reference; pixels are float32, what is small (bands by bands) is float64.

    A copy of one group's samples is held.
    """
    check_arguments(cube, signature, iterations, epsilon, shrinkage)
    enhancement = np.full(cube.shape[1:], np.nan, np.float32)
    albedo = np.full(cube.shape[1:], np.nan, np.float32)
    wide = np.asarray(signature, np.float64)
    for columns in column_groups(cube.shape[2], group):
        part = cube[:, :, columns]
        with np.errstate(all="ignore"):
            complete = np.isfinite(part.sum(axis=0, dtype=np.float64))
        if complete.any():
            found, bright = _group(
                np.ascontiguousarray(part[:, complete]), wide, iterations, epsilon, shrinkage
            )
            enhancement[:, columns][complete] = found
            albedo[:, columns][complete] = bright
    return enhancement, albedo


def _group(
    x: Cube, signature: Wide, iterations: int, epsilon: float, shrinkage: float
) -> tuple[Image, Image]:
    """Work on the complete pixels of one group, (band, pixel), which are overwritten."""
    bands, pixels = x.shape
    mean = x.mean(axis=1, dtype=np.float64)
    albedo = np.empty(pixels, np.float32)
    with np.errstate(all="ignore"):
        _center(x, mean.astype(np.float32), (mean / (mean @ mean)).astype(np.float32), albedo)
    # The scatter is that of the float32 differences, rounding and all: with any other, what is
    # taken off could leave less than nothing.
    rest = pixel_scatter(x[:, None])
    rounding = rest.mean
    found, taken = np.zeros(pixels, np.float32), np.zeros(pixels, np.float32)
    target, drift, shared, square = np.zeros(bands), 0.0, np.zeros(bands), 0.0
    for iteration in range(iterations + 1):
        cross = np.outer(shared, target)
        covariance = rest.scatter - cross - cross.T + square * np.outer(target, target)
        moved = -drift * target
        target = signature * (mean + moved)
        solved = solve_target(covariance / pixels, target, shrinkage)
        if pixels <= bands or solved is None:
            return np.full(pixels, np.nan, np.float32), albedo
        lanes = np.zeros((bands, LANES))
        _iterate(
            x, solved.astype(np.float32), np.float32((rounding + moved) @ solved),
            np.float32(1 / (target @ solved)), np.float32(epsilon), iteration > 0, albedo, found,
            taken, lanes,
        )  # fmt: skip
        drift = float(taken.mean(dtype=np.float64))
        square = float(((taken - drift) ** 2).sum(dtype=np.float64))
        shared = lanes.sum(axis=1) - drift * pixels * rest.mean
    return np.where(albedo > 0, found, np.float32(np.nan)), albedo


@kernel
def _center(x: Any, mean: Any, along: Any, albedo: Any) -> None:
    """Take the mean off each pixel, in place, and give its albedo factor."""
    albedo[:] = ZERO
    for begin in range(0, x.shape[1], BLOCK):
        end = min(begin + BLOCK, x.shape[1])
        bright = albedo[begin:end]
        for band in range(len(x)):
            samples, m, a = x[band, begin:end], mean[band], along[band]
            for p in range(len(bright)):
                bright[p] += a * samples[p]
                samples[p] -= m


@kernel
def _iterate(
    x: Any,
    solved: Any,
    moved: Any,
    scale: Any,
    epsilon: Any,
    weighted: Any,
    albedo: Any,
    found: Any,
    taken: Any,
    lanes: Any,
) -> None:
    """Score each pixel, and sum what the next iteration needs in one go."""
    bands, pixels = x.shape
    for begin in range(0, pixels, BLOCK):
        end = min(begin + BLOCK, pixels)
        score = taken[begin:end]
        score[:] = -moved
        for band in range(bands):
            samples, c = x[band, begin:end], solved[band]
            for p in range(len(score)):
                score[p] += c * samples[p]
        _enhance(score, albedo[begin:end], scale, epsilon, weighted, found[begin:end])
        for band in range(bands):
            _add_products(score, x[band, begin:end], lanes[band])


@kernel
def _enhance(score: Any, albedo: Any, scale: Any, epsilon: Any, weighted: Any, found: Any) -> None:
    """Turn scores into enhancements, and the scores into these times the albedo."""
    for p in range(len(score)):
        bright = albedo[p]
        weight = ONE / (bright * (found[p] + epsilon)) if weighted else ZERO
        amount = (score[p] - weight) * scale / bright
        amount = amount if bright > ZERO and amount > ZERO else ZERO
        found[p] = amount
        score[p] = amount * bright


@kernel
def _add_products(a: Any, b: Any, lanes: Any) -> None:
    for begin in range(0, len(a), LANES):
        u, v = a[begin : begin + LANES], b[begin : begin + LANES]
        for i in range(len(u)):
            lanes[i] += np.float64(u[i]) * np.float64(v[i])


def _tiny() -> object:
    x = np.random.default_rng(0).uniform(1, 2, (2, 3, 3)).astype(np.float32)
    return mag1c(x, np.array([-1.0, 0.0]), iterations=1)


WARMUP: tuple[Callable[[], object], ...] = (_tiny,)
