"""Filters run at the memory's speed as a projection of one row; coherence in the blocks of RX."""

from collections.abc import Callable
from typing import Any

import numpy as np

from edgers.kernels.cpu.anomaly import (
    BLOCK,
    only_finite,
    padded_triangle,
    take_block,
    whitened_sums,
)
from edgers.kernels.cpu.projection import project
from edgers.kernels.eigen import Affine
from edgers.kernels.jit import kernel
from edgers.kernels.reference.anomaly import check_background
from edgers.kernels.reference.matched_filter import check_filter
from edgers.kernels.spectra import Cube, Image, Matrix, Vector, pixels_of
from edgers.kernels.target_filter import target_direction


def filter_score(cube: Cube, score: Affine) -> Image:
    """As the reference; sums are float32."""
    check_filter(cube, score)
    scores: Image = project(cube, score)[0]
    return scores


def coherence(cube: Cube, target: Vector, mean: Vector, whitening: Matrix) -> Image:
    """As the reference; sums are float32."""
    check_background(cube, mean, whitening)
    triangle = padded_triangle(whitening)
    direction = np.zeros(len(triangle), np.float32)
    direction[: len(mean)] = target_direction(target, mean, whitening)
    out = np.empty(cube.shape[1:], np.float32)
    _coherence(pixels_of(cube), np.asarray(mean, np.float32), triangle, direction, out.reshape(-1))
    return out


@kernel
def _coherence(x: Any, mean: Any, triangle: Any, direction: Any, out: Any) -> None:
    pixels = x.shape[1]
    centred = np.zeros((len(triangle), BLOCK), np.float32)
    white = np.empty((4, BLOCK), np.float32)
    squares = np.empty(BLOCK, np.float32)
    for begin in range(0, pixels, BLOCK):
        size = min(BLOCK, pixels - begin)
        scores = out[begin : begin + size]
        take_block(x, mean, begin, size, centred)
        whitened_sums(triangle, direction, centred, white, squares[:size], scores)
        for p in range(size):
            scores[p] = scores[p] * scores[p] / squares[p]
        only_finite(scores)


_ONES = np.ones((1, 1, 1), np.float32)
_UNIT = np.ones((1, 1), np.float32)
WARMUP: tuple[Callable[[], object], ...] = (
    lambda: coherence(_ONES, np.ones(1), np.zeros(1), _UNIT),
    lambda: filter_score(
        _ONES, Affine(matrix=_UNIT, center=np.zeros(1, np.float32), offset=np.zeros(1, np.float32))
    ),
)
