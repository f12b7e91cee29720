"""From stored samples to the tensor the network takes."""

from collections.abc import Mapping, Sequence
from typing import Literal

import numpy as np
import numpy.typing as npt

from edgers.contract import ModelInput
from edgers.contract.model import Extend
from edgers.contract.scaling import ready_steps
from edgers.kernels.scaling import cast, scale_samples
from edgers.scene.bands import SceneBand
from edgers.scene.raster import SceneWindow
from edgers.scene.scene import Scene, StackWindow

PAD_MODES: Mapping[Extend, Literal["reflect", "edge", "constant"]] = {
    "reflect": "reflect",
    "edge": "edge",
    "zero": "constant",
}


class Preprocessor:
    """Scaling, nodata fill and layout of one model input, with all constants made ready."""

    def __init__(self, source: ModelInput, bands: tuple[SceneBand, ...], is_scaled: bool) -> None:
        """Prepare for scenes with these bands; `is_scaled` applies their scale and offset tags.

        Bands of a series are those of all its dates, the first date's first.
        """
        self._source = source
        self._steps = ready_steps(source.scaling)
        count = len(source.bands)
        shape = (-1, count, 1, 1) if source.is_series else (count, 1, 1)
        self._tags: tuple[npt.NDArray[np.float32], ...] = ()
        if is_scaled:
            tags = [b.scale for b in bands], [b.offset for b in bands]
            self._tags = tuple(np.asarray(numbers, np.float32).reshape(shape) for numbers in tags)
        self._fill = self._scaled_fill(count)
        axes = ("batch", "time", "channel", "height", "width")
        names = [axis for axis in axes if axis in source.dim_order]
        self._order = tuple(names.index(axis) for axis in source.dim_order)

    def tensor(self, window: SceneWindow, shape: tuple[int, int]) -> npt.NDArray[np.generic]:
        """Give the tensor for one window, in the contract's axis order and type, batch of 1.

        Samples are (band, height, width), of a series (time, band, height, width).
        `shape` is the height and width to reach; a window that is smaller (at the scene's end, for
        graphs that need certain sizes) is extended below and to the right by the contract's rule.
        """
        # What stands in a missing sample may overflow; it is replaced below. A valid sample that
        # does gives a value the network turns into NaN, which is seen after it.
        with np.errstate(all="ignore"):
            samples = window.samples.astype(np.float32)
            if self._tags:
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
        more = [want - have for want, have in zip(shape, samples.shape[-2:], strict=True)]
        if not any(more):
            return samples
        widths = [(0, 0)] * (samples.ndim - 2) + [(0, more[0]), (0, more[1])]
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


class ScenePreprocessor:
    """Scaling, nodata fill and layout of all inputs of a model, for one scene."""

    def __init__(self, inputs: Sequence[ModelInput], scene: Scene) -> None:
        """Prepare for the bands of `scene`; inputs it has no files for get their stand-in."""
        self._inputs = inputs
        self._present = {
            name: Preprocessor(stack.source, stack.bands, stack.is_scaled)
            for name, stack in scene.stacks.items()
        }

    def tensors(
        self, window: StackWindow, shape: tuple[int, int]
    ) -> dict[str, npt.NDArray[np.generic]]:
        """Give the tensor of every input for one window, by name, as `Preprocessor.tensor` does."""
        return {
            one.name: self._present[one.name].tensor(window.inputs[one.name], shape)
            if one.name in self._present
            else stand_in(one, shape)
            for one in self._inputs
        }


def stand_in(source: ModelInput, shape: tuple[int, int]) -> npt.NDArray[np.generic]:
    """Give the tensor of an optional input without files, of height and width `shape`.

    All its samples are the contract's; they are scaled as samples are, but for the tags of files.
    """
    assert source.substitute is not None
    lead = (source.dates, len(source.bands)) if source.is_series else (len(source.bands),)
    samples = np.full((*lead, *shape), source.substitute, np.float32)
    window = SceneWindow(
        samples=samples, missing=np.zeros(samples.shape, bool), nodata=np.zeros(shape, bool)
    )
    return Preprocessor(source, (), is_scaled=False).tensor(window, shape)
