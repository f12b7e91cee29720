"""What a tile looks like in a few numbers: quantiles of each band, as the network sees it.

Quantiles are a histogram turned round: as compact, and without ends that would have to be known
before the first tile.
"""

from collections.abc import Mapping, Sequence
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from edgers.contract import ModelInput
from edgers.engines import Tensors
from edgers.scene.raster import SceneWindow

QUANTILES = (0.01, 0.25, 0.5, 0.75, 0.99)
"""Quantiles of a band in a tile: its middle, its width, and its tails but for stray pixels."""

LOOKED_AT_PX = 64
"""Most pixels looked at along a side, evenly spread: of 4096 in all, 1 % are 41."""

Sample = TypeVar("Sample", np.float32, np.bool_)
AXES = ("batch", "time", "channel", "height", "width")


def signature_length(inputs: Sequence[ModelInput]) -> int:
    """Give the numbers of a signature."""
    return len(QUANTILES) * sum(len(one.bands) for one in inputs)


def signature_of(
    inputs: Sequence[ModelInput], tensors: Tensors, windows: Mapping[str, SceneWindow]
) -> npt.NDArray[np.float32]:
    """Give the quantiles of each band of each input, (band × quantile,).

    Dates of a series are taken together, samples that are no measurement are left out. A band
    without a measurement counts as what stands in for it.
    """
    found = [
        _quantiles(one, np.asarray(tensors[one.name]), windows.get(one.name)) for one in inputs
    ]
    return np.concatenate(found)


def _quantiles(
    source: ModelInput, tensor: npt.NDArray[np.generic], window: SceneWindow | None
) -> npt.NDArray[np.float32]:
    order = [source.dim_order.index(axis) for axis in AXES if axis in source.dim_order]
    values = _by_band(tensor.transpose(order)[0].astype(np.float32))
    if window is None:
        return _of_all(values.reshape(len(values), -1))
    height, width = window.nodata.shape
    down, across = (-(-side // LOOKED_AT_PX) for side in (height, width))
    values = values[..., :height:down, :width:across].reshape(len(values), -1)
    missing = _by_band(window.missing)[..., ::down, ::across].reshape(len(values), -1)
    if not missing.any():
        return _of_all(values)
    bands = zip(values, missing, strict=True)
    return np.concatenate(
        [_of_all((band if holes.all() else band[~holes])[np.newaxis]) for band, holes in bands]
    )


def _of_all(values: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Give the quantiles of each row, one row after the other."""
    found = np.quantile(values, QUANTILES, axis=1).astype(np.float32)
    return found.T.ravel()


def _by_band(samples: npt.NDArray[Sample]) -> npt.NDArray[Sample]:
    """Bring (band, height, width) or (time, band, height, width) to band, time, height, width."""
    return samples[:, np.newaxis] if samples.ndim == 3 else samples.swapaxes(0, 1)
