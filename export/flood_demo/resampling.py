"""Smoothing, block means and enlargement of single layers, in plain numpy."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from edgers.export.flood_demo.frame import Field

TRUNCATION_SIGMAS = 3.0
"""A Gaussian is cut off at this many standard deviations: 0.3 % of its weight is outside."""


def blurred(layer: Field, sigma_px: float) -> Field:
    """Return the [height, width] layer smoothed by a Gaussian, edges repeated outwards."""
    if sigma_px <= 0.0:
        return layer
    radius = max(1, math.ceil(TRUNCATION_SIGMAS * sigma_px))
    offsets = np.arange(-radius, radius + 1, dtype=np.float32)
    weights = np.exp(-0.5 * (offsets / np.float32(sigma_px)) ** 2)
    weights = (weights / weights.sum()).astype(np.float32)
    return _convolved_rows(_convolved_rows(layer, weights).T, weights).T


def _convolved_rows(layer: Field, weights: npt.NDArray[np.float32]) -> Field:
    radius = len(weights) // 2
    height = layer.shape[0]
    padded = np.pad(layer, ((radius, radius), (0, 0)), mode="edge")
    total = np.zeros_like(layer)
    for shift, weight in enumerate(weights):
        total += weight * padded[shift : shift + height]
    return total


def block_mean(layer: Field, factor: int) -> Field:
    """Return means over factor x factor blocks; the last blocks repeat the edge if cut short.

    The result has axes [ceil(height / factor), ceil(width / factor)].
    """
    height, width = layer.shape
    padded = np.pad(layer, ((0, -height % factor), (0, -width % factor)), mode="edge")
    rows, columns = padded.shape[0] // factor, padded.shape[1] // factor
    blocks = padded.reshape(rows, factor, columns, factor)
    means: Field = blocks.mean(axis=(1, 3), dtype=np.float32)
    return means


def enlarged(layer: Field, factor: int, shape: tuple[int, int]) -> Field:
    """Return the layer on a grid `factor` times finer, bilinear, cropped to shape.

    Sample (i, j) of the coarse layer is the centre of fine block (i, j), so `enlarged` undoes
    `block_mean` on any plane. Beyond the outermost centres the edge value holds.
    """
    rows = _interpolated_rows(layer, factor, shape[0])
    return np.ascontiguousarray(_interpolated_rows(rows.T, factor, shape[1]).T)


def _interpolated_rows(layer: Field, factor: int, count: int) -> Field:
    position = (np.arange(count, dtype=np.float32) + 0.5) / factor - 0.5
    position = np.clip(position, 0.0, layer.shape[0] - 1)
    lower = np.floor(position).astype(np.intp)
    upper = np.minimum(lower + 1, layer.shape[0] - 1)
    share = (position - lower).astype(np.float32)[:, None]
    between: Field = layer[lower] * (1.0 - share) + layer[upper] * share
    return between


def gradient_per_px(layer: Field) -> tuple[Field, Field]:
    """Return central differences (down the rows, along the columns), per pixel, same shape."""
    down = np.empty_like(layer)
    along = np.empty_like(layer)
    down[1:-1] = 0.5 * (layer[2:] - layer[:-2])
    down[0], down[-1] = layer[1] - layer[0], layer[-1] - layer[-2]
    along[:, 1:-1] = 0.5 * (layer[:, 2:] - layer[:, :-2])
    along[:, 0], along[:, -1] = layer[:, 1] - layer[:, 0], layer[:, -1] - layer[:, -2]
    return down, along


def smoothstep(layer: Field, low: float, high: float) -> Field:
    """Return the cubic ramp that is 0 below low, 1 above high and smooth between."""
    ramp: Field = np.clip((layer - np.float32(low)) / np.float32(high - low), 0.0, 1.0)
    eased: Field = ramp * ramp * (3.0 - 2.0 * ramp)
    return eased
