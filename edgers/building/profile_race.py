"""Whether tiles of one fixed size run faster than those of any size, by measurement."""

import statistics
import time
from collections.abc import Callable
from contextlib import ExitStack, closing
from dataclasses import dataclass

from edgers.building.profiles import DYNAMIC, FIXED, Tiles
from edgers.engines import Engine

ROUNDS = 9
"""Times each is run; odd, so that the median is one that was measured."""

LEAST_ROUNDS = 3
"""Rounds before the race may end by time."""

BUDGET_S = 20.0
"""Seconds after which no new round begins."""

CLEARLY = 1.02
"""Fixed shapes are chosen where they are at least this much faster: tiles of other sizes take the
other way even then, and cost a change of profile."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProfileRace:
    """What was timed."""

    median_ms: dict[str, float]
    """Milliseconds a tile, by profile, median over the rounds."""
    chosen: str
    """The profile that is used."""


def race_profiles(
    make: Callable[[str], Engine], tiles: Tiles, clock: Callable[[], float] = time.perf_counter
) -> ProfileRace:
    """Run both profiles in turn on one tile of the usual size; `make` loads a plan for a profile.

    Rounds go forwards and backwards by turns, and the first of each, which costs more, does not
    count. Raises EngineError where one fails.
    """
    laps: dict[str, list[float]] = {DYNAMIC: [], FIXED: []}
    with ExitStack() as stack:
        engines = {name: stack.enter_context(closing(make(name))) for name in laps}
        for engine in engines.values():
            engine.infer(tiles)
        begin = clock()
        for number in range(ROUNDS):
            if number >= LEAST_ROUNDS and clock() - begin > BUDGET_S:
                break
            for name in laps if number % 2 == 0 else reversed(laps):
                start = clock()
                engines[name].infer(tiles)
                laps[name].append(clock() - start)
    times = zip(laps[DYNAMIC], laps[FIXED], strict=True)
    gain = statistics.median(dynamic / max(fixed, 1e-9) for dynamic, fixed in times)
    return ProfileRace(
        median_ms={name: 1000 * statistics.median(found) for name, found in laps.items()},
        chosen=FIXED if gain >= CLEARLY else DYNAMIC,
    )
