"""Timing ways to do the same work beside one another, until it is clear which is fastest."""

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

LEAST_ROUNDS, MOST_ROUNDS = 3, 7
"""Rounds before any runner may leave, and after which the race ends."""

CLEARLY = 1.05
"""A runner leaves when it was this much slower than the leader in every round."""

TIE = 1.02
"""Runners within this of the fastest count as equal: the one that stands first wins."""

BUDGET_S = 20.0
"""Seconds after which no new round begins, once the least rounds are done."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Race:
    """What was timed."""

    laps_s: tuple[tuple[float, ...], ...]
    """Times of each runner in the order of the rounds; fewer where it left early."""
    winner: int
    """Position of the runner that won."""


def race(
    runners: Sequence[Callable[[], float]],
    tell: Callable[[int], None] = lambda _round: None,
    clock: Callable[[], float] = time.monotonic,
) -> Race:
    """Run all in turn, round after round; each gives its own time in seconds.

    Machines are shared and their clocks vary, so runners are compared within a round, and every
    other round goes backwards. One runner alone is not timed.
    """
    if len(runners) == 1:
        return Race(laps_s=((),), winner=0)
    laps: list[list[float]] = [[] for _ in runners]
    running = list(range(len(runners)))
    begin = clock()
    for number in range(MOST_ROUNDS):
        enough = number >= LEAST_ROUNDS
        if len(running) == 1 or (enough and clock() - begin > BUDGET_S):
            break
        tell(number + 1)
        for i in running if number % 2 == 0 else reversed(running):
            laps[i].append(runners[i]())
        if number + 1 >= LEAST_ROUNDS:
            leader = _fastest(laps, running)
            running = [i for i in running if not _is_clearly_behind(laps[i], laps[leader])]
    leader = _fastest(laps, running)
    winner = next(i for i in running if _ratio(laps[i], laps[leader]) <= TIE)
    return Race(laps_s=tuple(tuple(times) for times in laps), winner=winner)


def _fastest(laps: Sequence[Sequence[float]], running: Sequence[int]) -> int:
    return min(running, key=lambda i: statistics.median(laps[i]))


def _is_clearly_behind(times: Sequence[float], leader: Sequence[float]) -> bool:
    return all(a > CLEARLY * b for a, b in zip(times, leader, strict=True))


def _ratio(times: Sequence[float], leader: Sequence[float]) -> float:
    """Give how much slower a runner is, by the median over rounds that both ran."""
    return statistics.median(a / b for a, b in zip(times, leader, strict=True))
