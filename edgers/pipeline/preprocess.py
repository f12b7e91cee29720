"""From stored samples to the tensor the network takes."""

from collections.abc import Container, Sequence
from typing import Literal

import numpy as np
import numpy.typing as npt

from edgers.contract import ModelInput
from edgers.contract.scaling import by_layer, ready_steps
from edgers.engines.raw import Inputs, RawInput, ingest_kernel
from edgers.kernels.cpu.gather import gather
from edgers.kernels.cpu.ingest import ingest
from edgers.kernels.recipe import Step, make_recipe
from edgers.kernels.scaling import scale_samples
from edgers.pipeline.scene_scaling import scaled_to_scene
from edgers.scene.bands import SceneBand
from edgers.scene.raster import SceneWindow
from edgers.scene.scene import StackWindow
from edgers.scene.scene_view import SceneView


class Preprocessor:
    """Scaling, nodata fill and layout of one model input, with all constants made ready."""

    def __init__(self, source: ModelInput, bands: tuple[SceneBand, ...], is_scaled: bool) -> None:
        """Prepare for scenes with these bands; `is_scaled` applies their scale and offset tags.

        Bands of a series are those of all its dates, the first date's first.
        """
        self._source = source
        count = len(source.bands)
        dates = len(bands) // count if bands else source.dates
        steps = ready_steps(source.scaling, count, dates)
        tags = None
        if is_scaled:
            tags = by_layer([b.scale for b in bands]), by_layer([b.offset for b in bands])
        fill = _scaled_fill(source.nodata.fill, steps, count * dates)
        self._recipe = make_recipe(steps, fill, source.data_type, tags=tags)
        axes = ("batch", "time", "channel", "height", "width")
        names = [axis for axis in axes if axis in source.dim_order]
        self._order = tuple(names.index(axis) for axis in source.dim_order)
        self._is_last = source.dim_order == ("batch", "height", "width", "channel")

    def tensor(self, window: SceneWindow, shape: tuple[int, int]) -> npt.NDArray[np.generic]:
        """Give the tensor for one window, in the contract's axis order and type, batch of 1.

        Samples are (band, height, width), of a series (time, band, height, width).
        `shape` is the height and width to reach; a window that is smaller (at the scene's end, for
        graphs that need certain sizes) is extended below and to the right by the contract's rule.
        """
        lead, size = window.samples.shape[:-2], window.samples.shape[-2:]
        samples, missing = window.samples.reshape(-1, *size), window.missing.reshape(-1, *size)
        if self._is_last and size == shape:
            return ingest(samples, missing, self._recipe, channels_last=True)[np.newaxis]
        ready = ingest(samples, missing, self._recipe)
        if size != shape:
            ready = gather(ready, 0, 0, shape, self._source.extend)
        tensor = ready.reshape(1, *lead, *shape).transpose(self._order)
        return np.ascontiguousarray(tensor)

    def raw(
        self, window: SceneWindow, shape: tuple[int, int], kernels: Container[str]
    ) -> RawInput | None:
        """Give the same before preprocessing, for an engine that has loaded these kernels.

        None where the tensor is not theirs to make: of other types or axes, or extended.
        """
        size = window.samples.shape[-2:]
        is_plain = self._order == tuple(range(len(self._order)))
        kernel = ingest_kernel(window.samples.dtype, self._recipe.data_type)
        if (
            size != shape
            or kernel not in kernels
            or not (is_plain or self._is_last)
            or window.samples.size > MOST_SAMPLES
        ):
            return None
        samples = window.samples.reshape(-1, *size)
        whole = (1, *window.samples.shape)
        return RawInput(
            samples=samples, missing=window.missing.reshape(-1, *size), recipe=self._recipe,
            shape=tuple(whole[axis] for axis in self._order), channels_last=self._is_last,
        )  # fmt: skip


MOST_SAMPLES = 2**31 - 1
"""What the kernels can count."""


def _scaled_fill(
    fill: float | Literal["mean"], steps: Sequence[Step], layers: int
) -> npt.NDArray[np.float32]:
    """Work out what a missing sample becomes after scaling, (layer, 1, 1)."""
    values = np.full((layers, 1, 1), 0 if fill == "mean" else fill, np.float32)
    for kind, parameters in steps:
        if fill == "mean" and kind == "z-score" and not isinstance(parameters, str):
            values[:] = parameters["mean"]
        scale_samples(values, [(kind, parameters)])
    return values


class ScenePreprocessor:
    """Scaling, nodata fill and layout of all inputs of a model, for one scene."""

    def __init__(
        self, inputs: Sequence[ModelInput], scene: SceneView, kernels: Container[str] = ()
    ) -> None:
        """Prepare for the bands of `scene`; inputs it has no files for get their stand-in.

        `kernels` are those of an engine that preprocesses (`edgers.engines.raw`).

        Looks at the whole scene first where the contract takes percentiles of it; raises SceneError
        where it is damaged then.
        """
        self._inputs, self._kernels = inputs, kernels
        self._present = {
            name: Preprocessor(scaled_to_scene(stack.source, scene), stack.bands, stack.is_scaled)
            for name, stack in scene.stacks.items()
        }

    def tensors(
        self, window: StackWindow, shape: tuple[int, int]
    ) -> dict[str, npt.NDArray[np.generic]]:
        """Give the tensor of every input for one window, by name, as `Preprocessor.tensor` does."""
        return {one.name: self._tensor(one, window, shape) for one in self._inputs}

    def ready(self, window: StackWindow, shape: tuple[int, int]) -> Inputs:
        """Give what the engine takes for every input: samples where it preprocesses, or tensors."""
        raw = {
            name: prepare.raw(window.inputs[name], shape, self._kernels)
            for name, prepare in self._present.items()
        }
        return {
            one.name: raw.get(one.name) or self._tensor(one, window, shape) for one in self._inputs
        }

    def _tensor(
        self, source: ModelInput, window: StackWindow, shape: tuple[int, int]
    ) -> npt.NDArray[np.generic]:
        if source.name not in self._present:
            return stand_in(source, shape)
        return self._present[source.name].tensor(window.inputs[source.name], shape)


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
