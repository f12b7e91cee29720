"""A plan held against the answer of its graph, and what memory it takes."""

from collections.abc import Mapping
from typing import Any

from edgers.build_kit import PLAN_ENTRY, Attempt
from edgers.bundle import Bundle, EngineChoice
from edgers.engines import EngineMaker
from edgers.engines.tensorrt_log import tensorrt_log
from edgers.errors import EngineError
from edgers.pipeline.model import golden_error


def prove_plan(
    bundle: Bundle, plan: bytes, choice: EngineChoice, make: EngineMaker
) -> float:  # fmt: skip
    """Run the golden tile on a plan; give its largest error as a share of the largest value.

    Raises EngineError where the plan does not load, fails, or is further off than its precision
    may be.
    """
    engine = make(plan, choice.precision, choice.settings)
    error = golden_error(bundle, choice, engine)
    engine.close()
    return error


def plan_choice(
    attempt: Attempt, tensorrt: str, settings: Mapping[str, str]
) -> EngineChoice:  # fmt: skip
    """Give the entry of a bundle that runs the plan of an attempt."""
    return EngineChoice(
        name="tensorrt", version=tensorrt, precision=attempt.precision, graph=PLAN_ENTRY,
        settings=dict(settings), golden=attempt.golden,
    )  # fmt: skip


def plan_memory_bytes(trt: Any, plan: bytes, dla_core: int | None = None) -> int:
    """Give the memory of the device that one run takes: weights, and activations at their largest.

    The plan's size stands for its weights. Raises EngineError where the plan does not load.
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
    return int(getattr(engine, name)) + len(plan)
