"""From stored samples to the tensor the network takes."""

from collections.abc import Mapping
from typing import Literal

import numpy as np
import numpy.typing as npt

from edgers.contract import ModelInput
from edgers.contract.model import Extend
from edgers.contract.scaling import ready_steps
from edgers.kernels.scaling import cast, scale_samples
from edgers.scene.bands import SceneBand
from edgers.scene.raster import SceneWindow

PAD_MODES: Mapping[Extend, Literal["reflect", "edge", "constant"]] = {
    "reflect": "reflect",
    "edge": "edge",
    "zero": "constant",
}


class Preprocessor:
    """Scaling, nodata fill and layout of one model input, with all constants made ready."""

    def __init__(self, source: ModelInput, bands: tuple[SceneBand, ...], is_scaled: bool) -> None:
        """Prepare for scenes with these bands; `is_scaled` applies their scale and offset tags."""
        self._source = source
        self._steps = ready_steps(source.scaling)
        self._tags = _column([b.scale for b in bands]), _column([b.offset for b in bands])
        self._is_scaled = is_scaled
        self._fill = self._scaled_fill(len(bands))
        names = {"batch": 0, "channel": 1, "height": 2, "width": 3}
        self._order = tuple(names[axis] for axis in source.dim_order)

    def tensor(self, window: SceneWindow, shape: tuple[int, int]) -> npt.NDArray[np.generic]:
        """Give the tensor for one window, in the contract's axis order and type, batch of 1.

        `shape` is the height and width to reach; a window that is smaller (at the scene's end, for
        graphs that need certain sizes) is extended below and to the right by the contract's rule.
        """
        # What stands in a missing sample may overflow; it is replaced below. A valid sample that
        # does gives a value the network turns into NaN, which is seen after it.
        with np.errstate(all="ignore"):
            samples = window.samples.astype(np.float32)
            if self._is_scaled:
                samples *= self._tags[0]
                samples += self._tags[1]
            scale_samples(samples, self._steps)
        if window.missing.any():
            np.copyto(samples, self._fill, where=window.missing)
        samples = self._extended(samples, shape)
        if np.issubdtype(np.dtype(self._source.data_type), np.integer):
            cast(samples, self._source.data_type)
        tensor = samples[np.newaxis].transpose(self._order)
        return np.ascontiguousarray(tensor, dtype=self._source.data_type)

    def _extended(
        self, samples: npt.NDArray[np.float32], shape: tuple[int, int]
    ) -> npt.NDArray[np.float32]:
        """Extend below and to the right."""
        more = [want - have for want, have in zip(shape, samples.shape[1:], strict=True)]
        if not any(more):
            return samples
        widths = ((0, 0), (0, more[0]), (0, more[1]))
        return np.pad(samples, widths, mode=PAD_MODES[self._source.extend])

    def _scaled_fill(self, count: int) -> npt.NDArray[np.float32]:
        """Work out what a missing sample becomes after scaling, (band, 1, 1)."""
        fill = self._source.nodata.fill
        values = (
            np.zeros((count, 1, 1), np.float32)
            if fill == "mean"
            else np.full((count, 1, 1), fill, np.float32)
        )
        for kind, parameters in self._steps:
            if fill == "mean" and kind == "z-score" and not isinstance(parameters, str):
                values[:] = parameters["mean"]
            scale_samples(values, [(kind, parameters)])
        return values


def _column(numbers: list[float]) -> npt.NDArray[np.float32]:
    return np.asarray(numbers, np.float32).reshape(-1, 1, 1)
