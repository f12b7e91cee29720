"""A model made ready: all that its runs would compile is compiled, and its engine has run once."""

import io
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from edgers.bundle import GOLDEN_OUTPUT, Bundle
from edgers.contract import ModelInput
from edgers.contract.scaling import looks_at_scene
from edgers.kernels.cpu import polygon_clip, rotated_nms
from edgers.kernels.cpu.votes import halve
from edgers.pipeline.model import Model, load_model
from edgers.pipeline.preprocess import Preprocessor
from edgers.scene.raster import SceneWindow
from edgers.scene.scene import Scene
from edgers.tasks.kinds import gives_flags, kind_of
from edgers.tasks.segmentation import SegmentationDecoder, gives_scores

SAMPLE_TYPES = ("uint8", "int16", "uint16", "float32")
"""Types that scenes are stored in."""


def warm_up_bundle(bundle: Bundle) -> None:
    """Run the golden tile, then preprocessing of a few pixels of each sample type, and decoding.

    Raises EngineError where the golden tile comes out wrong.
    """
    with load_model(bundle) as model:
        for source in model.inputs:
            warm_up_input(source, SAMPLE_TYPES)
        _finish(model)


def warm_up_run(model: Model, scene: Scene) -> None:
    """Preprocess a few pixels of the types of `scene`, and decode the golden tile's answer."""
    for stack in scene.stacks.values():
        warm_up_input(stack.source, (stack.data_type.name,))
    _finish(model)


def warm_up_input(source: ModelInput, sample_types: Sequence[str]) -> None:
    """Preprocess a few pixels for one input; of a series of any length, one date."""
    axes = zip(source.dim_order, source.shape, strict=True)
    shape = tuple(1 if (axis, length) == ("time", -1) else length for axis, length in axes)
    # What is taken from a scene is a pair of numbers once it is seen: the kernel is the same.
    steps = tuple(step for step in source.scaling if not looks_at_scene((step,)))
    source = replace(source, shape=shape, scaling=steps)
    lead = (source.dates, len(source.bands)) if source.is_series else (len(source.bands),)
    ready = Preprocessor(source, (), is_scaled=False)
    missing = np.zeros((*lead, 1, 1), bool)
    for kind in sample_types:
        samples = np.zeros(missing.shape, kind)
        window = SceneWindow(samples=samples, missing=missing, nodata=np.zeros((1, 1), bool))
        # As it is, and made larger as at a scene's end.
        for side in (1, 2):
            ready.tensor(window, (side, side))


def _finish(model: Model) -> None:
    """Decode the golden tile's answer, and vote on a few classes as for overviews."""
    if model.output.boxes is not None:
        for warm in (*rotated_nms.WARMUP, *polygon_clip.WARMUP):
            warm()
    if kind_of(model.output) != "classes":
        if gives_flags(model.output):
            halve(np.zeros((2, 2), np.uint8), 0)
        return
    data_type = SegmentationDecoder(model.output, with_probabilities=False).data_type
    halve(np.zeros((2, 2), data_type), 0)
    if not gives_scores(model.output):
        return
    found = np.load(io.BytesIO(model.bundle.entries[GOLDEN_OUTPUT]), allow_pickle=False)
    for with_probabilities in (False, True):
        decoder = SegmentationDecoder(model.output, with_probabilities=with_probabilities)
        decoder.settle(decoder.scores(found))
