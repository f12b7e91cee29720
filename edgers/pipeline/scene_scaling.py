"""Scaling that takes its numbers from the scene: a pass over it before the first tile.

Percentiles are exact, those of the samples that are no holes, each band (of a series: at each date)
for itself. Samples of float32 are looked at twice. Nothing of the scene's size is held: a histogram
of a band takes 0.5 MiB.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from edgers.contract import ModelInput, ScalingStep
from edgers.contract.scaling import PERCENTILE, by_layer, looks_at_scene, ready_steps
from edgers.kernels.band_histogram import BandHistogram
from edgers.kernels.recipe import make_recipe
from edgers.kernels.reference.ingest import ingest
from edgers.kernels.reference.statistics import SAMPLE_TYPES
from edgers.scene.bands import SceneBand
from edgers.scene.raster import SceneWindow
from edgers.scene.scene_view import SceneView

WINDOW_PX = 512
"""Side of the windows a scene is looked at in: a block or a few of any usual file."""

HISTOGRAM_BYTES = 8 * 65_536
"""A histogram of 16 bits."""

Read = Callable[[int, int, int, int], SceneWindow]
"""Reads a window: first row, first column, height and width."""
Floats = npt.NDArray[np.float32]


def looking_bytes(inputs: Sequence[ModelInput], scene: SceneView) -> int:
    """Give what looking at a scene takes: a window and histograms of its largest input."""
    needs = [0]
    for one in inputs:
        if one.name in scene.stacks and looks_at_scene(one.scaling):
            layers = len(scene.stacks[one.name].bands)
            item = scene.stacks[one.name].data_type.itemsize
            # The first pass has one histogram a layer, the second one for each rank beside it.
            needs.append(layers * (5 * HISTOGRAM_BYTES + 2 * (item + 1) * WINDOW_PX**2))
    return max(needs)


def scaled_to_scene(source: ModelInput, scene: SceneView) -> ModelInput:
    """Give an input with the numbers of `scene` in its steps; raises SceneError as reading does."""
    stack = scene.stacks.get(source.name)
    if stack is None or not looks_at_scene(source.scaling):
        return source
    read = partial(scene.read_input, source.name)
    return scaled_to_samples(source, read, scene.place.shape, stack.bands, stack.is_scaled)


def scaled_to_samples(
    source: ModelInput, read: Read, shape: tuple[int, int], bands: Sequence[SceneBand],
    is_scaled: bool,
) -> ModelInput:  # fmt: skip
    """Give an input whose percentile steps have become min-max steps, a pair of numbers a layer.

    `read` gives the samples of a raster of `shape` (height, width), whose `bands` are those of all
    dates, with their tags applied where `is_scaled`; a layer is a band at one date. The percentiles
    of the stored samples are taken through the tags and steps that come before. A layer without
    samples, or with one value alone, becomes 0.
    """
    steps: list[ScalingStep] = []
    for step in source.scaling:
        if step.kind == PERCENTILE:
            percents = step.parameters["low"][0], step.parameters["high"][0]
            stored = _percentiles(read, shape, len(bands), percents)
            ends = _taken_through(steps, stored, source, bands if is_scaled else ())
            low, high = np.nanmin(ends, axis=1), np.nanmax(ends, axis=1)
            step = ScalingStep(
                kind="min-max",
                parameters={
                    "minimum": tuple(low.tolist()),
                    # What has no width is divided by 1: it is 0 after the subtraction.
                    "maximum": tuple(np.where(high > low, high, low + 1).tolist()),
                },
            )
        steps.append(step)
    return replace(source, scaling=tuple(steps))


def _percentiles(
    read: Read, shape: tuple[int, int], layers: int, percents: tuple[float, float]
) -> Floats:
    """Give two percentiles of the stored samples of each layer, (layer, 2); 0 without samples."""
    seen: BandHistogram | None = None
    for samples, missing in _windows(read, shape):
        seen = seen or BandHistogram(layers, samples.dtype.name)
        seen.add(samples, missing)
    assert seen is not None, "a scene has a pixel"
    if seen.data_type == "float32":
        second = seen.refine(percents)
        for samples, missing in _windows(read, shape):
            second.add(samples, missing)
        found = second.percentiles()
    else:
        found = seen.percentiles(percents)
    return np.nan_to_num(found.T, nan=0.0).astype(np.float32)


def _windows(
    read: Read, shape: tuple[int, int]
) -> Iterator[tuple[npt.NDArray[Any], npt.NDArray[np.bool_]]]:
    """Read all of a raster; give samples and holes, (layer, height, width)."""
    height, width = shape
    for row in range(0, height, WINDOW_PX):
        for column in range(0, width, WINDOW_PX):
            size = min(WINDOW_PX, height - row), min(WINDOW_PX, width - column)
            window = read(row, column, *size)
            samples: npt.NDArray[Any] = window.samples.reshape(-1, *size)
            missing = window.missing.reshape(-1, *size)
            if samples.dtype.name not in SAMPLE_TYPES:
                # As the scaling itself does it; what does not fit is infinite.
                with np.errstate(over="ignore"):
                    samples = samples.astype(np.float32)
            if samples.dtype.kind == "f":
                missing = missing | ~np.isfinite(samples)
            yield samples, missing


def _taken_through(
    steps: Sequence[ScalingStep], stored: Floats, source: ModelInput, tagged: Sequence[SceneBand]
) -> Floats:
    """Apply tags and steps to numbers, (layer, 2)."""
    tags = None
    if tagged:
        tags = by_layer([one.scale for one in tagged]), by_layer([one.offset for one in tagged])
    dates = len(stored) // len(source.bands)
    ready = ready_steps(steps, len(source.bands), dates)
    recipe = make_recipe(ready, np.zeros((len(stored), 1, 1), np.float32), "float32", tags=tags)
    found: Floats = ingest(stored[:, np.newaxis], None, recipe)[:, 0].astype(np.float32)
    return found
