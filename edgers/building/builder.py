"""One attempt: from a graph to a plan, through the calls that TensorRT 8.5 to 11 share.

Names that not every version has are looked up; what is wanted and missing ends the attempt with the
reason, before TensorRT is asked.
"""

from dataclasses import dataclass
from typing import Any

from edgers.build_kit import Attempt
from edgers.building.monitor import StepListener, monitor
from edgers.building.recipe import Recipe
from edgers.engines.plan_refit import STRIP_FLAGS
from edgers.engines.tensorrt_api import member
from edgers.engines.tensorrt_log import Messages, tensorrt_log

REASON_LENGTH = 300
"""Characters kept of what TensorRT says; some of its messages hold whole lists of kernels."""


class AttemptError(Exception):
    """An attempt came to nothing; the text says why, without a full stop."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BuiltPlan:
    """What TensorRT made."""

    plan: bytes
    """The plan."""
    timings: bytes
    """What it timed, for the next build; empty where it does not tell."""
    notes: tuple[str, ...]
    """What was asked for and not done, in words."""


def missing_names(trt: Any, recipe: Recipe) -> str:
    """Say what this TensorRT lacks for an attempt; empty where it has all of it."""
    attempt = recipe.attempt
    network = "NetworkDefinitionCreationFlag"
    if attempt.typing == "strong" and member(trt, network, "STRONGLY_TYPED") is None:
        return "it has no strongly typed networks"
    if attempt.typing == "weak" and member(trt, network, "EXPLICIT_BATCH") is None:
        return "it has strongly typed networks only"
    lacking = [name for name in _flags(recipe) if member(trt, "BuilderFlag", name) is None]
    return f"it has no builder flag {', '.join(lacking)}" if lacking else ""


def has_builder(trt: Any) -> bool:
    """Tell whether this is more than a runtime."""
    return hasattr(trt, "Builder") and hasattr(trt, "OnnxParser")


def build_plan(trt: Any, recipe: Recipe, listener: StepListener) -> BuiltPlan:
    """Build one plan.

    Raises AttemptError where this TensorRT lacks a name, refuses, or was ended by the listener.
    """
    if lacking := missing_names(trt, recipe):
        raise AttemptError(lacking)
    log, messages = tensorrt_log(trt)
    messages.taken()
    try:
        return _built(trt, recipe, listener, log, messages)
    # What pybind11 makes of TensorRT's own exceptions.
    except (RuntimeError, ValueError, MemoryError) as error:
        told = f"{error} {messages.taken()}"
        raise AttemptError(_reason(told)) from error


def _built(
    trt: Any, recipe: Recipe, listener: StepListener, log: Any, messages: Messages
) -> BuiltPlan:  # fmt: skip
    try:
        builder = trt.Builder(log)
    # What pybind11 makes of a null pointer: TensorRT found no device, or not its own libraries.
    except TypeError as error:
        raise AttemptError(_reason(f"it makes no builder: {messages.taken()}")) from error
    # The parser keeps hold of the graph's bytes, and the network of the parser's weights: all of
    # them live until the plan is there.
    network = builder.create_network(_network_flags(trt, recipe.attempt))
    if network is None:
        raise AttemptError(_reason(f"it makes no such network: {messages.taken()}"))
    parser = trt.OnnxParser(network, log)
    if not parser.parse(recipe.graph):
        told = [parser.get_error(i).desc() for i in range(parser.num_errors)]
        raise AttemptError(_reason(f"the graph is not taken: {' '.join(told)}"))
    config = builder.create_builder_config()
    _set_flags(trt, config, recipe)
    config.set_memory_pool_limit(trt.MemoryPoolType.WORKSPACE, recipe.workspace_bytes)
    _add_profiles(builder, config, recipe)
    if recipe.dla_core is not None:
        _use_dla(trt, builder, config, recipe.dla_core)
    notes = _take_timings(config, recipe.timings)
    listens = monitor(trt, listener)
    if listens is not None:
        config.progress_monitor = listens
    memory = builder.build_serialized_network(network, config)
    if memory is None:
        raise AttemptError(_reason(messages.taken()))
    return BuiltPlan(plan=bytes(memory), timings=_timings(config), notes=notes)


def _network_flags(trt: Any, attempt: Attempt) -> int:
    """Give the bits for a network; the numbers differ between versions, the names do not."""
    names = ["EXPLICIT_BATCH", *(["STRONGLY_TYPED"] if attempt.typing == "strong" else [])]
    found = (member(trt, "NetworkDefinitionCreationFlag", name) for name in names)
    return sum(1 << int(flag) for flag in found if flag is not None)


def _flags(recipe: Recipe) -> tuple[str, ...]:
    return (*recipe.attempt.flags, *(STRIP_FLAGS if recipe.is_stripped else ()))


def _set_flags(trt: Any, config: Any, recipe: Recipe) -> None:
    # On unless it is cleared. It rounds what layers in FP32 read to 10 bits: FP32 is to mean FP32.
    config.clear_flag(trt.BuilderFlag.TF32)
    for name in _flags(recipe):
        config.set_flag(member(trt, "BuilderFlag", name))


def _add_profiles(builder: Any, config: Any, recipe: Recipe) -> None:
    for one in recipe.profiles:
        profile = builder.create_optimization_profile()
        for name, (least, usual, most) in one.shapes.items():
            profile.set_shape(name, least, usual, most)
        if config.add_optimization_profile(profile) < 0:
            raise AttemptError(f"the shapes of profile {one.name} are not taken")


def _use_dla(trt: Any, builder: Any, config: Any, core: int) -> None:
    """Let layers run on the DLA, and on the GPU where that cannot."""
    device, fallback = (
        member(trt, "DeviceType", "DLA"), member(trt, "BuilderFlag", "GPU_FALLBACK")
    )  # fmt: skip
    if device is None or fallback is None:
        raise AttemptError("it knows no DLA")
    if core >= builder.num_DLA_cores:
        raise AttemptError(f"it finds {builder.num_DLA_cores or 'no'} DLA here")
    config.set_flag(fallback)
    config.default_device_type = device
    config.DLA_core = core


def _take_timings(config: Any, timings: bytes) -> tuple[str, ...]:
    """Let the builder use what was timed before, and keep what it times now."""
    if timings:
        known = config.create_timing_cache(timings)
        if known is not None and config.set_timing_cache(known, False):
            return ()
    config.set_timing_cache(config.create_timing_cache(b""), False)
    return ("what was timed before is not taken by TensorRT",) if timings else ()


def _timings(config: Any) -> bytes:
    cache = config.get_timing_cache()
    memory = None if cache is None else cache.serialize()
    return b"" if memory is None else bytes(memory)


def _reason(told: str) -> str:
    return " ".join(told.split())[:REASON_LENGTH].rstrip(".")
