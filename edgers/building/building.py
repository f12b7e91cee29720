"""Building: a build kit becomes a bundle with a plan, on the board that runs it or its twin."""

from dataclasses import dataclass
from pathlib import Path

from edgers.build_kit import PLAN_ENTRY, Attempt, Plan
from edgers.building.attempts import Success, Trial, first_success
from edgers.building.closing_kit import close_kit
from edgers.building.preparing import Prepared
from edgers.building.profile_race import ProfileRace, race_profiles
from edgers.building.profiles import DYNAMIC, FIXED, profiles, usual_tiles
from edgers.building.proving import load_plan, plan_choice, plan_memory_bytes, prove_plan
from edgers.building.recipe import Profile, Recipe
from edgers.building.record import build_record
from edgers.building.telling import BuildListener, Silent
from edgers.bundle import Bundle, EngineChoice
from edgers.engines import KNOWN, Engine, EngineMaker
from edgers.engines.tensorrt import SETTINGS
from edgers.errors import EngineError
from edgers.targets.gpu import text_from_version


@dataclass(frozen=True, slots=True, kw_only=True)
class Built:
    """What a build gave."""

    bundle: Bundle
    """The bundle, opened again from disk."""
    path: Path
    """Where it is."""
    plan: Plan
    """Its plan."""
    golden_error: float
    """Largest error on the golden tile, as a share of the largest value."""
    race: ProfileRace | None
    """Fixed sizes against any; None where there was nothing to choose."""
    notes: tuple[str, ...]
    """What else is to be known."""


def build(
    ready: Prepared, listener: BuildListener | None = None, make: EngineMaker | None = None
) -> Built:  # fmt: skip
    """Build the plan, prove it on the golden tile, choose its shapes and write the bundle.

    `make` loads plans. Raises EngineError, with the reason of each attempt, where none succeeds,
    and OutputError where the bundle cannot be written; nothing is left behind then.
    """
    load = KNOWN["tensorrt"] if make is None else make
    done = first_success(ready.attempts, _trial(ready, load), listener or Silent())
    race, notes = _race(ready, done, load)
    choice = _choice(ready, done.attempt, race.chosen if race else _untimed(ready))
    plan = Plan(
        entry=PLAN_ENTRY, precision=done.attempt.precision, tensorrt=ready.tensorrt,
        cc=ready.gpu.cc, device=ready.gpu.name, module=ready.facts.module, cuda=ready.gpu.cuda,
        memory_bytes=_memory_bytes(ready, done, choice), dla_core=ready.dla_core, tried=done.tried,
    )  # fmt: skip
    record = build_record(ready, done, race)
    bundle = close_kit(ready.kit, done.plan, plan, choice, record, ready.path)
    return Built(
        bundle=bundle, path=ready.path, plan=plan, golden_error=done.golden_error, race=race,
        notes=(*done.notes, *notes),
    )  # fmt: skip


def _trial(ready: Prepared, load: EngineMaker) -> Trial:
    kit = ready.kit
    shapes = _shapes(ready)
    # What one attempt timed, the next can use.
    timings = [ready.cache.timings]

    def recipe(attempt: Attempt) -> Recipe:
        return Recipe(
            attempt=attempt, graph=kit.entries[attempt.graph], profiles=shapes,
            workspace_bytes=ready.workspace.limit_bytes, dla_core=ready.dla_core,
            timings=timings[-1], is_stripped=ready.is_stripped,
        )  # fmt: skip

    def prove(attempt: Attempt, plan: bytes) -> float:
        choice = _choice(ready, attempt, shapes[0].name)
        return prove_plan(kit.bundle, plan, choice, load)

    def keep(found: bytes) -> str:
        timings.append(found or timings[-1])
        unkept = ready.cache.keep(found)
        return f"what was timed cannot be kept: {unkept}" if unkept else ""

    return Trial(
        trt=ready.trt, tensorrt=ready.tensorrt, recipe=recipe, prove=prove, keep=keep
    )  # fmt: skip


def _choice(ready: Prepared, attempt: Attempt, profile: str) -> EngineChoice:
    settings = {"profile": profile}
    if ready.dla_core is not None:
        settings["dla_core"] = str(ready.dla_core)
    return plan_choice(
        attempt, text_from_version(ready.tensorrt), settings, is_stripped=ready.is_stripped
    )


def _shapes(ready: Prepared) -> tuple[Profile, ...]:
    kit = ready.kit
    return profiles(kit.bundle, kit.kit.sides, any_size=ready.dla_core is None)


def _race(
    ready: Prepared, done: Success, load: EngineMaker
) -> tuple[ProfileRace | None, tuple[str, ...]]:
    """Time sizes between two against one alone, where the plan takes both.

    Both are loaded at once: where that fails, for lack of memory say, the reason is given instead.
    """
    kit = ready.kit
    if ready.dla_core is not None or len(_shapes(ready)) < 2:
        return None, ()

    def make(profile: str) -> Engine:
        return load_plan(kit.bundle, done.plan, _choice(ready, done.attempt, profile), load)

    try:
        return race_profiles(make, usual_tiles(kit.bundle, kit.kit.sides)), ()
    except EngineError as error:
        return None, (f"fixed sizes were not timed: {error.what} {error.seen}".rstrip(),)


def _untimed(ready: Prepared) -> str:
    """Give the profile where nothing was timed: a DLA, or a graph of one size, has no choice."""
    is_any_size = ready.dla_core is None and len(_shapes(ready)) > 1
    return DYNAMIC if is_any_size else FIXED


def _memory_bytes(ready: Prepared, done: Success, choice: EngineChoice) -> int:
    """Give what a run takes of the device's memory, as `edgers.engines.tensorrt` goes about it."""
    has_both = len(_shapes(ready)) > 1 and choice.settings["profile"] == FIXED
    return plan_memory_bytes(
        ready.trt, done.plan, dla_core=ready.dla_core,
        contexts=int(SETTINGS["streams"][0]) * (2 if has_both else 1),
        weights_bytes=len(ready.kit.entries[choice.weights]) if choice.weights else 0,
    )  # fmt: skip
