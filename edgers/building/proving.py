"""A plan held against the answer of its graph, and what memory it takes."""

from collections.abc import Mapping
from typing import Any

from edgers.build_kit import PLAN_ENTRY, Attempt
from edgers.bundle import Bundle, EngineChoice
from edgers.engines import Engine, EngineMaker
from edgers.engines.plan_refit import joined
from edgers.engines.tensorrt_log import tensorrt_log
from edgers.errors import EngineError
from edgers.pipeline.model import golden_error


def load_plan(
    bundle: Bundle, plan: bytes, choice: EngineChoice, make: EngineMaker
) -> Engine:  # fmt: skip
    """Load a plan that is not in a bundle yet; raises EngineError where that fails."""
    graph = bundle.entries[choice.weights] if choice.weights else None
    data = plan if graph is None else joined(plan, graph)
    return make(data, choice.precision, choice.settings)


def prove_plan(
    bundle: Bundle, plan: bytes, choice: EngineChoice, make: EngineMaker
) -> float:  # fmt: skip
    """Run the golden tile on a plan; give its largest error as a share of the largest value.

    Raises EngineError where the plan does not load, fails, or is further off than its precision
    may be.
    """
    engine = load_plan(bundle, plan, choice, make)
    error = golden_error(bundle, choice, engine)
    engine.close()
    return error


def plan_choice(
    attempt: Attempt, tensorrt: str, settings: Mapping[str, str], *, is_stripped: bool
) -> EngineChoice:  # fmt: skip
    """Give the entry of a bundle that runs the plan of an attempt."""
    return EngineChoice(
        name="tensorrt", version=tensorrt, precision=attempt.precision, graph=PLAN_ENTRY,
        settings=dict(settings), golden=attempt.golden,
        weights=attempt.graph if is_stripped else "",
    )  # fmt: skip


def plan_memory_bytes(
    trt: Any, plan: bytes, *, contexts: int, weights_bytes: int = 0, dla_core: int | None = None
) -> int:
    """Give the memory of the device that a run takes beside its tiles.

    That is the weights, for which the plan's size stands, or `weights_bytes` where it has none, and
    the activations at their largest in each of so many contexts. Raises EngineError where the plan
    does not load.
    """
    log, messages = tensorrt_log(trt)
    runtime = trt.Runtime(log)
    if dla_core is not None:
        runtime.DLA_core = dla_core
    engine = runtime.deserialize_cuda_engine(plan)
    if engine is None:
        raise EngineError("TensorRT cannot load the plan it built.", seen=messages.taken())
    # Renamed in 10.3; the old name is gone in 11.
    name = next(n for n in ("device_memory_size_v2", "device_memory_size") if hasattr(engine, n))
    return len(plan) + weights_bytes + contexts * int(getattr(engine, name))
