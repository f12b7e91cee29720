"""How many layers must go back to a higher precision: as few as pass, in the order given."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from edgers.calibration.sensitivity import Clock
from edgers.calibration.verdict import Verdict

Build = Callable[[frozenset[str]], bytes]
"""Gives the graph with these layers kept at the higher precision."""

Judge = Callable[[bytes], Verdict]
"""Judges a graph on whole scenes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One graph that was judged."""

    kept: tuple[str, ...]
    """Layers kept at the higher precision, the most sensitive first."""
    verdict: Verdict
    """What it loses."""
    passes: bool
    """Whether it may ship."""
    seconds: float
    """How long it took to make and judge; 0 where that was done before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchResult:
    """What the search found."""

    attempts: tuple[Attempt, ...]
    """All that were judged, as they came."""
    best: Attempt | None
    """The one that passes with the fewest layers kept; None where none passes."""
    graph: bytes | None
    """Its graph."""
    is_out_of_time: bool
    """Whether the budget ended it: fewer layers may do, or others may pass."""


def search_kept(
    order: Sequence[str], build: Build, judge: Judge, max_drop: float, *,
    first: Verdict | None = None, budget_s: float | None = None, clock: Clock = time.monotonic,
    tell: Callable[[str], None] = lambda _: None,
) -> SearchResult:  # fmt: skip
    """Keep 0, 1, 2, 4, 8 … layers of `order` until it passes, then as few as do by halving.

    `first` is the verdict of the graph with none kept, where there is one. No number is tried
    twice. With all of `order` kept it is tried last. With a budget an attempt is begun where it
    would end in time if it took as long as the longest so far; the first always is. Halving takes
    it that more kept layers do no harm; where they do, one fewer than found fails all the same.
    """
    search = _Search(order, build, judge, max_drop, budget_s, clock, tell)
    fails, passes = -1, None
    if first is not None:
        if search.knows(first):
            return search.result()
        fails = 0
    count = fails + 1
    while passes is None and fails < len(order):
        outcome = search.passes(count)
        if outcome is None:
            break
        if outcome:
            passes = count
        else:
            fails, count = count, min(max(1, 2 * count), len(order))
    while passes is not None and passes - fails > 1:
        middle = (passes + fails) // 2
        outcome = search.passes(middle)
        if outcome is None:
            break
        passes, fails = (middle, fails) if outcome else (passes, middle)
    return search.result()


class _Search:
    """What was tried so far; only the best graph is held."""

    def __init__(
        self, order: Sequence[str], build: Build, judge: Judge, max_drop: float,
        budget_s: float | None, clock: Clock, tell: Callable[[str], None],
    ) -> None:  # fmt: skip
        self._order, self._build, self._judge = tuple(order), build, judge
        self._max_drop, self._budget_s, self._clock, self._tell = max_drop, budget_s, clock, tell
        self._begin = clock()
        self._attempts: list[Attempt] = []
        self._best: Attempt | None = None
        self._graph: bytes | None = None
        self._is_out_of_time = False

    def knows(self, verdict: Verdict) -> bool:
        """Take over the verdict of the graph with no layer kept; tell whether it passes."""
        passes = verdict.passes(self._max_drop)
        attempt = Attempt(kept=(), verdict=verdict, passes=passes, seconds=0.0)
        self._attempts.append(attempt)
        if passes:
            self._best, self._graph = attempt, self._build(frozenset())
        return passes

    def passes(self, count: int) -> bool | None:
        """Judge the graph with the first layers kept; None where there is no time for it."""
        started = self._clock()
        longest_s = max((one.seconds for one in self._attempts), default=0.0)
        spent_s = started - self._begin
        is_begun = any(one.seconds for one in self._attempts)
        if is_begun and self._budget_s is not None and spent_s + longest_s > self._budget_s:
            self._is_out_of_time = True
            return None
        kept = self._order[:count]
        self._tell(f"{count} of {len(self._order)} layers kept")
        graph = self._build(frozenset(kept))
        verdict = self._judge(graph)
        attempt = Attempt(
            kept=kept, verdict=verdict, passes=verdict.passes(self._max_drop),
            seconds=self._clock() - started,
        )  # fmt: skip
        self._attempts.append(attempt)
        if attempt.passes:
            # Each one that passes keeps fewer than the one before.
            self._best, self._graph = attempt, graph
        return attempt.passes

    def result(self) -> SearchResult:
        """Give what was found."""
        return SearchResult(
            attempts=tuple(self._attempts), best=self._best, graph=self._graph,
            is_out_of_time=self._is_out_of_time,
        )  # fmt: skip
