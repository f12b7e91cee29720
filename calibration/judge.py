"""Judging a candidate: the whole tiled pipeline for it and for FP32, compared on the products."""

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from edgers.calibration.label_raster import LabelRaster
from edgers.calibration.labels import LabelScheme
from edgers.calibration.metrics.registry import metric_of_task
from edgers.calibration.product_pair import PairCounts, count_pair
from edgers.calibration.verdict import ClassVerdict, Pooled, SceneVerdict, Truth, Verdict
from edgers.errors import BadInputError, EngineError, SceneError
from edgers.pipeline.model import Model
from edgers.pipeline.options import RunOptions
from edgers.pipeline.placing import product_places
from edgers.pipeline.plan import open_scene, plan_scene
from edgers.pipeline.progress import Progress
from edgers.pipeline.run import run_scene
from edgers.scene.open import environment


@dataclass(frozen=True, slots=True, kw_only=True)
class SceneUnderTest:
    """A scene to judge on."""

    path: Path | None
    """File or folder; None where `inputs` name all."""
    label: Path | None = None
    """Raster of the truth on the scene's grid, or None: FP32 is the truth then."""
    inputs: Mapping[str, Sequence[Path]] = field(default_factory=dict)
    """Files by input name, for models with several inputs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgedScene:
    """A scene that a model was run on."""

    scene: SceneUnderTest
    """Which one."""
    name: str
    """What it is called."""
    product: Path | None
    """Its class map; None where the model gave none."""
    failure: str = ""
    """Why there is none."""


def check_scenes(
    model: Model, scenes: Sequence[SceneUnderTest], scheme: LabelScheme,
    options: RunOptions | None = None,
) -> None:  # fmt: skip
    """Read all labels before anything is run: what does not fit is told within seconds.

    Raises ContractError for a task without a metric, BadInputError without scenes, SceneError where
    labels lie on another grid, have a value that means nothing, or no truth at all.
    """
    metric_of_task(model.output.task)
    if not scenes:
        raise BadInputError("there is no scene to judge on.", fix="Give one with --calibrate.")
    for scene in scenes:
        chosen = _options(scene, options)
        with environment(), open_scene(model, scene.path, chosen) as opened:
            if scene.label is None:
                continue
            place = product_places(opened, plan_scene(model, opened, chosen), None).product
            with LabelRaster(scene.label, scheme, place) as label:
                label.check()


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
        name = _name(scene)
        try:
            report = run_scene(model, scene.path, place, _options(scene, options), progress)
        except EngineError as error:
            found.append(JudgedScene(scene=scene, name=name, product=None, failure=error.what))
            continue
        found.append(JudgedScene(scene=scene, name=name, product=report.products[0]))
    return tuple(found)


def compare(
    reference: Sequence[JudgedScene], candidate: Sequence[JudgedScene], scheme: LabelScheme,
    task: str,
) -> Verdict:  # fmt: skip
    """Hold a candidate's products against FP32's, scene by scene and pooled.

    With labels both are held against them, and what counts is how much worse the candidate is.
    Without labels FP32 is the truth. Pixels count where there is truth and one of the two has a
    class; where the other has none, it missed. Raises EngineError where FP32 gave no product, and
    SceneError where no pixel counts.
    """
    scenes, sums = [], dict[Truth, list[PairCounts]]()
    for one, other in zip(reference, candidate, strict=True):
        if one.product is None:
            raise EngineError(f"fp32 gave no product of {one.name}.", seen=one.failure)
        counts = count_pair(one.product, other.product, one.scene.label, scheme)
        sums.setdefault(counts.truth, []).append(counts)
        scenes.append(
            SceneVerdict(
                scene=one.name,
                sha256=counts.sha256,
                truth=counts.truth,
                counted_px=counts.fp32.counted_px,
                fp32=counts.fp32.mean_iou(),
                candidate=counts.candidate.mean_iou(),
                failure=other.failure,
            )
        )
    kinds: tuple[Truth, ...] = ("labels", "fp32")
    pooled = tuple(_pooled(truth, sums[truth], scheme) for truth in kinds if truth in sums)
    return Verdict(metric=metric_of_task(task), pooled=pooled, scenes=tuple(scenes))


def verdict_on(
    model: Model, reference: Sequence[JudgedScene], folder: Path, scheme: LabelScheme,
    options: RunOptions | None = None, progress: Progress | None = None,
) -> Verdict:  # fmt: skip
    """Judge one candidate against FP32's products, made before by `judge`.

    Its own products are made in `folder`, which is removed afterwards. Raises as `judge` and
    `compare` do.
    """
    try:
        scenes = [one.scene for one in reference]
        found = judge(model, scenes, folder, options, progress)
        return compare(reference, found, scheme, model.output.task)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _pooled(truth: Truth, counts: Sequence[PairCounts], scheme: LabelScheme) -> Pooled:
    """Add up the scenes of one kind of truth."""
    total = PairCounts.nothing(truth, scheme)
    for one in counts:
        total.merge(one)
    if not total.fp32.counted_px:
        raise SceneError(
            "no pixel of the scenes can be judged.",
            seen="Where there is truth the scenes have no data, or there is none.",
            fix="Give other scenes, or other labels.",
        )
    classes = (
        ClassVerdict(fp32=one, candidate=other)
        for one, other in zip(total.fp32.scores(), total.candidate.scores(), strict=True)
    )
    return Pooled(truth=truth, scenes=len(counts), classes=tuple(classes))


def _options(scene: SceneUnderTest, options: RunOptions | None) -> RunOptions:
    chosen = options or RunOptions()
    return replace(chosen, inputs={**chosen.inputs, **scene.inputs}, warp=None)


def _name(scene: SceneUnderTest) -> str:
    path = scene.path or next(iter(scene.inputs.values()))[0]
    return path.name
