"""Plans held against their own graphs through polygraphy: TensorRT on one side, ONNX Runtime on
the other.

ONNX Runtime runs the graph without optimisation, operator by operator: what the graph says, and no
more. What a plan computes otherwise is TensorRT's doing.
"""

import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import onnxruntime

from edgers.build_kit import Attempt, BuildKit, Plan
from edgers.building.profiles import profiles
from edgers.bundle import Bundle
from edgers.engines.agreement import TOLERANCE, largest_difference, share_apart
from edgers.engines.plan_refit import parted, refit
from edgers.engines.tensorrt_log import tensorrt_log
from edgers.errors import BundleError, EngineError

Tiles = Mapping[str, Mapping[str, npt.NDArray[np.generic]]]
"""For each tile, by what it is called, its tensors by input."""

Loader = Callable[[], Any]
"""Gives a TensorRT engine; raises PolygraphyException or EngineError where there is none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OutputAgreement:
    """How far apart the two are on one output of one tile."""

    tile: str
    """Which tile."""
    output: str
    """Name of the output."""
    difference: float
    """Largest absolute difference."""
    share: float
    """The same as a share of the largest value."""
    agreeing: float
    """Share of the places where both have the same class; 1 for outputs that are no scores."""
    allowed: float
    """Share that is allowed at this precision."""

    @property
    def passed(self) -> bool:
        """Tell whether it is no more than that."""
        return self.share <= self.allowed


def attempt_of(kit: BuildKit, plan: Plan) -> Attempt:
    """Give the attempt that a plan came of; raises BundleError where the kit has no such."""
    band = kit.band_of(plan.tensorrt)
    made = plan.tried[-1] if plan.tried else None
    for one in band.attempts if band and made else ():
        if made and (one.precision, one.scales, one.typing) == (
            made.precision, made.scales, made.typing,
        ):  # fmt: skip
            return one
    raise BundleError("the plan came of no attempt that the bundle has a graph for.")


def load_plan(trt: Any, data: bytes) -> Loader:
    """Give what loads a plan, with its weights where they were left out."""
    from polygraphy.backend.trt import EngineFromBytes

    plan, graph = parted(data)
    load: Loader = EngineFromBytes(plan)
    if graph is None:
        return load

    def filled() -> Any:
        engine = load()
        refit(trt, engine, graph, tensorrt_log(trt)[0])
        return engine

    return filled


def build_attempt(bundle: Bundle, attempt: Attempt) -> Loader:
    """Give what builds an attempt of a kit, for tiles as `edgers build` does."""
    from polygraphy.backend.trt import (
        CreateConfig,
        EngineFromNetwork,
        NetworkFromOnnxBytes,
        Profile,
    )

    assert bundle.kit is not None
    kit, graph = bundle.kit, bundle.entries[attempt.graph]
    # Of flags that TensorRT 11 no longer has, not even False may be said there.
    chosen = {name.lower(): True for name in attempt.flags}
    strong = {"strongly_typed": True} if attempt.typing == "strong" else {}

    def built() -> Any:
        shapes = []
        for one in profiles(bundle, kit.sides):
            profile = Profile()
            for name, (least, usual, most) in one.shapes.items():
                profile.add(name, least, usual, most)
            shapes.append(profile)
        network = NetworkFromOnnxBytes(graph, **strong)
        return EngineFromNetwork(network, CreateConfig(profiles=shapes, **chosen))()

    return built


def compared(
    load: Loader, graph: bytes, precision: str, tiles: Tiles
) -> tuple[OutputAgreement, ...]:
    """Run tiles through a plan and through its graph.

    Raises EngineError where polygraphy, TensorRT or ONNX Runtime fails.
    """
    from polygraphy.backend.onnxrt import OnnxrtRunner
    from polygraphy.backend.trt import TrtRunner
    from polygraphy.comparator import Comparator

    feeds = [dict(tensors) for tensors in tiles.values()]
    with _heard() as heard:
        try:
            runners = [TrtRunner(load, name="plan"), OnnxrtRunner(lambda: _session(graph), "graph")]
            (_, found), (_, wanted) = Comparator.run(runners, data_loader=feeds)
        # Its own exceptions, and those of what it calls: pybind11 makes RuntimeError and more.
        except Exception as error:
            told = [line[4:] for line in heard.getvalue().splitlines() if line.startswith("[E] ")]
            reason = told[-1] if told else f"{type(error).__name__}: {_first_line(error)}"
            raise EngineError("the plan was not run.", seen=reason) from error
    return tuple(
        _agreement(tile, name, np.asarray(ours[name]), np.asarray(theirs[name]), precision)
        for tile, ours, theirs in zip(tiles, found, wanted, strict=True)
        for name in theirs
    )


def _agreement(
    tile: str, output: str, found: npt.NDArray[Any], expected: npt.NDArray[Any], precision: str
) -> OutputAgreement:
    fits = found.shape == expected.shape
    same = 1.0
    if fits and expected.ndim > 1 and expected.shape[1] > 1:
        # Classes lie along the axis after the batch, as in the contracts of segmentation.
        same = float(np.mean(found.argmax(axis=1) == expected.argmax(axis=1)))
    return OutputAgreement(
        tile=tile, output=output,
        difference=largest_difference(found, expected) if fits else float("inf"),
        share=share_apart(found, expected), agreeing=same, allowed=TOLERANCE[precision],
    )  # fmt: skip


def _session(graph: bytes) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    return onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])


@contextmanager
def _heard() -> Iterator[io.StringIO]:
    """Give what polygraphy, and TensorRT through it, print meanwhile: errors alone."""
    from polygraphy.logger import G_LOGGER

    heard = io.StringIO()
    with redirect_stdout(heard), redirect_stderr(heard), G_LOGGER.verbosity(G_LOGGER.ERROR):
        yield heard


def _first_line(error: Exception) -> str:
    return next((line for line in str(error).splitlines() if line.strip()), "no reason given")


def worst(found: Sequence[OutputAgreement]) -> OutputAgreement:
    """Give the output that is furthest off."""
    return max(found, key=lambda one: one.share / one.allowed)
