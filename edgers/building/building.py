"""Building: a build kit becomes a bundle with a plan, on the board that runs it or its twin."""

from dataclasses import dataclass
from pathlib import Path

from edgers.build_kit import PLAN_ENTRY, Attempt, Plan
from edgers.building.attempts import Success, Trial, first_success
from edgers.building.closing_kit import close_kit
from edgers.building.preparing import Prepared
from edgers.building.profile_race import ProfileRace, race_profiles
from edgers.building.profiles import FIXED, profiles, usual_tiles
from edgers.building.proving import plan_choice, plan_memory_bytes, prove_plan
from edgers.building.recipe import Recipe
from edgers.building.telling import BuildListener, Silent
from edgers.bundle import Bundle, EngineChoice
from edgers.engines import KNOWN, Engine, EngineMaker
from edgers.versions import version_text


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
    race = _race(ready, done, load)
    # Nothing is timed for a graph of one size, and for a DLA, which takes no range of sizes.
    profile = race.chosen if race else FIXED
    choice = _choice(ready, done.attempt, profile)
    plan = Plan(
        entry=PLAN_ENTRY, precision=done.attempt.precision, tensorrt=ready.tensorrt,
        cc=ready.gpu.cc, device=ready.gpu.name, module=ready.facts.module, cuda=ready.gpu.cuda,
        memory_bytes=plan_memory_bytes(ready.trt, done.plan, ready.dla_core),
        dla_core=ready.dla_core, tried=done.tried,
    )  # fmt: skip
    bundle = close_kit(
        ready.kit, done.plan, plan, choice, _measured(ready, done, race), ready.path
    )  # fmt: skip
    return Built(
        bundle=bundle, path=ready.path, plan=plan, golden_error=done.golden_error, race=race,
        notes=done.notes,
    )  # fmt: skip


def _trial(ready: Prepared, load: EngineMaker) -> Trial:
    kit = ready.kit
    shapes = profiles(kit.bundle, kit.kit.sides, any_size=ready.dla_core is None)
    # What one attempt timed, the next can use.
    timings = [ready.cache.timings]

    def recipe(attempt: Attempt) -> Recipe:
        return Recipe(
            attempt=attempt, graph=kit.entries[attempt.graph], profiles=shapes,
            workspace_bytes=ready.workspace.limit_bytes, dla_core=ready.dla_core,
            timings=timings[-1],
        )  # fmt: skip

    def prove(attempt: Attempt, plan: bytes) -> float:
        choice = _choice(ready, attempt, shapes[0].name)
        return prove_plan(kit.bundle, plan, choice, load)

    def keep(found: bytes) -> None:
        if found:
            timings.append(found)
            ready.cache.keep(found)

    return Trial(
        trt=ready.trt, tensorrt=ready.tensorrt, recipe=recipe, prove=prove, keep=keep
    )  # fmt: skip


def _choice(ready: Prepared, attempt: Attempt, profile: str) -> EngineChoice:
    settings = {"profile": profile}
    if ready.dla_core is not None:
        settings["dla_core"] = str(ready.dla_core)
    return plan_choice(attempt, version_text(ready.tensorrt), settings)


def _race(ready: Prepared, done: Success, load: EngineMaker) -> ProfileRace | None:
    """Time sizes between two against one alone, where the plan takes both."""
    kit = ready.kit
    shapes = profiles(kit.bundle, kit.kit.sides)
    if ready.dla_core is not None or len(shapes) < 2:
        return None

    def make(profile: str) -> Engine:
        choice = _choice(ready, done.attempt, profile)
        return load(done.plan, choice.precision, choice.settings)

    return race_profiles(make, usual_tiles(kit.bundle, kit.kit.sides))


def _measured(ready: Prepared, done: Success, race: ProfileRace | None) -> dict[str, object]:
    """Give what was measured of the build, as JSON values."""
    found: dict[str, object] = {
        "device": ready.facts.module or ready.gpu.name,
        "driver": ready.gpu.driver,
        "attempts": [
            {
                "precision": one.precision, "scales": one.scales, "typing": one.typing,
                "outcome": one.outcome, "seconds": round(seconds, 3),
            }
            for one, seconds in zip(done.tried, done.seconds, strict=True)
        ],
        "workspace_bytes": ready.workspace.limit_bytes,
        "golden_error": done.golden_error,
        # The ground's certificate is of the same graph on another runtime.
        "accuracy_on_this_device": "not measured",
    }  # fmt: skip
    if race is not None:
        found["tile_ms"] = {name: round(ms, 4) for name, ms in race.median_ms.items()}
        found["profile"] = race.chosen
    return found
