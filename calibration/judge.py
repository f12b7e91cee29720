"""Judging a candidate: the whole tiled pipeline for it and for FP32, compared on the products."""

import json
import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from edgers.calibration.jury import (
    Counter,
    JudgedScene,
    Jury,
    PairCounts,
    SceneUnderTest,
    TellsMore,
)
from edgers.calibration.metrics.scores import Told
from edgers.calibration.verdict import PartVerdict, Pooled, SceneVerdict, Truth, Verdict, mean_of
from edgers.calibration.verdict_lines import NOTHING
from edgers.errors import BadInputError, EngineError, SceneError
from edgers.pipeline.model import Model
from edgers.pipeline.options import RunOptions
from edgers.pipeline.placing import product_places
from edgers.pipeline.plan import open_scene, plan_scene
from edgers.pipeline.progress import Progress
from edgers.pipeline.run import run_scene
from edgers.scene.open import environment


def check_scenes(
    model: Model, scenes: Sequence[SceneUnderTest], jury: Jury,
    options: RunOptions | None = None,
) -> None:  # fmt: skip
    """Read all labels before anything is run: what does not fit is told within seconds.

    Raises BadInputError without scenes, and SceneError where labels do not fit their scenes, have a
    value that means nothing, or no truth at all.
    """
    if not scenes:
        raise BadInputError("there is no scene to judge on.", fix="Give one with --calibrate.")
    for scene in scenes:
        chosen = _options(scene, options)
        with environment(), open_scene(model, scene.path, chosen) as opened:
            if scene.label is None:
                continue
            place = product_places(opened, plan_scene(model, opened, chosen), None).product
            jury.check_label(scene.label, opened.place, place)


def judge(
    model: Model, scenes: Sequence[SceneUnderTest], folder: Path,
    options: RunOptions | None = None, progress: Progress | None = None,
) -> tuple[JudgedScene, ...]:  # fmt: skip
    """Run a model over each scene; products go into folders of their own in `folder`.

    Where the engine fails on a scene, or gives no number on all of it, there is no product and the
    reason is kept. Raises SceneError and others of `run_scene` where the scene is at fault.
    """
    found = []
    for position, scene in enumerate(scenes):
        # Scenes of one name may lie in several folders.
        place = folder / f"{position:04d}"
        name, chosen = _name(scene), _options(scene, options)
        try:
            products = run_scene(model, scene.path, place, chosen, progress).products
        except EngineError as error:
            found.append(JudgedScene(scene=scene, name=name, products=(), failure=error.what))
            continue
        with environment(), open_scene(model, scene.path, chosen) as opened:
            seen = opened.place
        found.append(
            JudgedScene(
                scene=scene, name=name, products=products, sha256=_sha256(products), place=seen
            )
        )
    return tuple(found)


def compare(
    reference: Sequence[JudgedScene], candidate: Sequence[JudgedScene], jury: Jury
) -> Verdict:  # fmt: skip
    """Hold a candidate's products against FP32's, scene by scene and pooled.

    With labels both are held against them, and what counts is how much worse the candidate is.
    Without labels FP32 is the truth. Raises EngineError where FP32 gave no product, and SceneError
    where there is nothing to judge by.
    """
    scenes, sums, metric = [], dict[Truth, list[PairCounts]](), jury.metric
    for one, other in zip(reference, candidate, strict=True):
        if one.product is None:
            raise EngineError(f"fp32 gave no product of {one.name}.", seen=one.failure)
        counts = jury.count(one, other)
        sums.setdefault(counts.truth, []).append(counts)
        scenes.append(
            SceneVerdict(
                scene=one.name,
                sha256=one.sha256,
                truth=counts.truth,
                counted=counts.fp32.counted,
                fp32=mean_of(counts.fp32.scores(), metric),
                candidate=mean_of(counts.candidate.scores(), metric),
                failure=other.failure,
            )
        )
    kinds: tuple[Truth, ...] = ("labels", "fp32")
    pooled = tuple(_pooled(truth, sums[truth], jury) for truth in kinds if truth in sums)
    return Verdict(pooled=pooled, scenes=tuple(scenes))


def verdict_on(
    model: Model, reference: Sequence[JudgedScene], folder: Path, jury: Jury,
    options: RunOptions | None = None, progress: Progress | None = None,
) -> Verdict:  # fmt: skip
    """Judge one candidate against FP32's products, made before by `judge`.

    Its own products are made in `folder`, which is removed afterwards. Raises as `judge` and
    `compare` do.
    """
    try:
        scenes = [one.scene for one in reference]
        found = judge(model, scenes, folder, options, progress)
        return compare(reference, found, jury)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _pooled(truth: Truth, counts: Sequence[PairCounts], jury: Jury) -> Pooled:
    """Add up the scenes of one kind of truth, into the first."""
    total, *others = counts
    for one in others:
        total.merge(one)
    parts = tuple(
        PartVerdict(metric=jury.metric, fp32=one, candidate=other)
        for one, other in zip(total.fp32.scores(), total.candidate.scores(), strict=True)
    )
    if all(one.fp32.value is None for one in parts):
        word = NOTHING[jury.metric.counted]
        raise SceneError(
            f"no {word} of the scenes can be judged.",
            seen=f"{'Labels have' if truth == 'labels' else 'FP32 gives'} nothing there that an "
            "answer could be held against.",
            fix="Give other scenes, or other labels.",
        )
    told = tuple(zip(_told(total.fp32), _told(total.candidate), strict=True))
    return Pooled(truth=truth, scenes=len(counts), parts=parts, told=told)


def _told(counter: Counter) -> tuple[Told, ...]:
    return counter.told if isinstance(counter, TellsMore) else ()


def _options(scene: SceneUnderTest, options: RunOptions | None) -> RunOptions:
    chosen = options or RunOptions()
    return replace(chosen, inputs={**chosen.inputs, **scene.inputs}, warp=None)


def _name(scene: SceneUnderTest) -> str:
    path = scene.path or next(iter(scene.inputs.values()))[0]
    return path.name


def _sha256(products: Sequence[Path]) -> str:
    """Give what the STAC Item, the last product, says of the scene's files."""
    properties = json.loads(products[-1].read_bytes())["properties"]
    return str(properties["edgers:scene_sha256"])
