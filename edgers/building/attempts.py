"""Attempts in the order of the kit, until one gives a plan that computes what it should."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from edgers.build_kit import Attempt, KitBand, Tried
from edgers.building.builder import AttemptError, BuiltPlan, build_plan
from edgers.building.monitor import has_monitor
from edgers.building.recipe import Recipe
from edgers.building.stoppable import Steps, run_stoppable
from edgers.building.telling import BuildListener, attempt_text
from edgers.errors import BadInputError, EngineError
from edgers.targets.gpu import text_from_version

BUILT = "built"
"""Outcome of the attempt that gave the plan."""

DLA_PRECISION = "fp16"
"""What a DLA is built for: INT8 there needs ranges in another form (before TensorRT 11)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Success:
    """The attempt that gave a plan."""

    attempt: Attempt
    """Which it was."""
    plan: bytes
    """The plan."""
    golden_error: float
    """Largest error on the golden tile, as a share of the largest value."""
    tried: tuple[Tried, ...]
    """All attempts in order, itself the last."""
    seconds: tuple[float, ...]
    """How long each took, the golden tile included."""
    notes: tuple[str, ...]
    """What else is to be known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """How attempts are made."""

    trt: Any
    """TensorRT."""
    tensorrt: tuple[int, ...]
    """Its version."""
    recipe: Callable[[Attempt], Recipe]
    """Gives all that an attempt is made of."""
    prove: Callable[[Attempt, bytes], float]
    """Runs the golden tile on a plan and gives its error; raises EngineError where it is wrong."""
    keep: Callable[[bytes], str]
    """Keeps what an attempt timed; gives the reason where that fails."""


def allowed_attempts(
    band: KitBand, precisions: Sequence[str], dla_core: int | None
) -> tuple[Attempt, ...]:
    """Give the attempts of the precisions asked for, and for a DLA those that it is built for.

    Raises BadInputError where none is left.
    """
    found = [one for one in band.attempts if not precisions or one.precision in precisions]
    if dla_core is not None:
        found = [one for one in found if one.precision == DLA_PRECISION]
    if not found:
        known = ", ".join(dict.fromkeys(one.precision for one in band.attempts))
        dla = f" A DLA is built for in {DLA_PRECISION} only." if dla_core is not None else ""
        raise BadInputError(
            f"the kit has nothing in {' or '.join(precisions) or DLA_PRECISION} for this TensorRT.",
            rule=f"For TensorRT {band.name} it has: {known}.{dla}",
        )
    return tuple(found)


def first_success(
    attempts: Sequence[Attempt], trial: Trial, listener: BuildListener
) -> Success:  # fmt: skip
    """Try one attempt after the other; raises EngineError, with all reasons, where none succeeds.

    On Ctrl-C the attempt is cancelled, and KeyboardInterrupt goes on.
    """
    tried: list[Tried] = []
    seconds: list[float] = []
    for attempt in attempts:
        listener.begin(attempt)
        begin = time.perf_counter()
        outcome, error, built = BUILT, 0.0, None
        try:
            built = _build(attempt, trial, listener)
            error = trial.prove(attempt, built.plan)
        except AttemptError as failure:
            outcome = str(failure)
        except EngineError as failure:
            outcome = " ".join(part for part in (failure.what, failure.seen) if part).rstrip(".")
        tried.append(
            Tried(
                precision=attempt.precision, scales=attempt.scales, typing=attempt.typing,
                outcome=outcome,
            )
        )  # fmt: skip
        seconds.append(time.perf_counter() - begin)
        listener.end(tried[-1], seconds[-1])
        if built is not None and outcome == BUILT:
            return Success(
                attempt=attempt, plan=built.plan, golden_error=error, tried=tuple(tried),
                seconds=tuple(seconds), notes=built.notes,
            )  # fmt: skip
    raise EngineError(
        f"TensorRT {text_from_version(trial.tensorrt)} builds no plan of this kit.",
        seen="\n".join(f"{attempt_text(one)}: {one.outcome}." for one in tried),
        rule="Nothing was written.",
    )


def _build(attempt: Attempt, trial: Trial, listener: BuildListener) -> BuiltPlan:
    steps = Steps(listener.step)
    recipe = trial.recipe(attempt)
    built = run_stoppable(
        lambda: build_plan(trial.trt, recipe, steps), steps, can_stop=has_monitor(trial.trt)
    )
    # Before the plan is proved: what was timed holds for other attempts too.
    unkept = trial.keep(built.timings)
    return replace(built, notes=(*built.notes, unkept)) if unkept else built
