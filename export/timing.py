"""Timing the candidates that passed, and how many tiles the fastest does best at once."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from dataclasses import dataclass, replace

from edgers.engines import Engine
from edgers.engines.settings import stream_count
from edgers.export.candidate_table import candidate_text
from edgers.export.race import race
from edgers.export.stopwatch import Stopwatch, tile_of_noise
from edgers.export.trial import Subject, Trial, load_subject
from edgers.programs.proof import provable


@dataclass(frozen=True, slots=True, kw_only=True)
class Timed:
    """A candidate with its times."""

    trial: Trial
    """What was timed."""
    laps_s: tuple[float, ...]
    """Seconds a tile, round by round."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """What timing gave."""

    timed: tuple[Timed, ...]
    """All that were timed, in the order they came."""
    winner: Trial
    """The fastest."""


def time_trials(
    trials: Sequence[Trial], subject: Subject, tell: Callable[[str], None], *, streams: bool
) -> Timing:
    """Time candidates beside one another, then the fastest with half as many tiles at once.

    The second part is left out where `streams` says so, or there is one processor.
    """
    threads = stream_count("processors")
    with ThreadPoolExecutor(threads) as pool, ExitStack() as loaded:
        watch = Stopwatch(
            tile=tile_of_noise(subject.contract, subject.halo), threads=threads, pool=pool
        )
        timing = _raced(trials, watch, tell)
        if not streams or stream_count("half") == threads:
            return timing
        fastest = timing.winner
        settings = {**fastest.candidate.settings, "streams": "half"}
        candidate = replace(fastest.candidate, settings=settings)
        engine = loaded.enter_context(closing(load_subject(candidate, subject)))
        half = replace(fastest, candidate=candidate, engine=engine)
        again = _raced([fastest, half], watch, tell)
    return Timing(timed=(*timing.timed, again.timed[1]), winner=again.winner)


def _raced(trials: Sequence[Trial], watch: Stopwatch, tell: Callable[[str], None]) -> Timing:
    # Of a cascade the heavy graph: what its gate lets through hangs on scenes.
    engines = [provable(_engine(trial)) for trial in trials]
    tell("warming up")
    tiles = watch.tiles(min(watch.warm_up(engine) for engine in engines))
    names = [candidate_text(t.candidate.engine, t.candidate.precision, t.candidate.settings)
             for t in trials]  # fmt: skip
    found = race(
        [watch.lap(engine, tiles) for engine in engines],
        lambda number: tell(f"timing {' · '.join(names)}: round {number}"),
    )
    timed = tuple(Timed(trial=t, laps_s=laps) for t, laps in zip(trials, found.laps_s, strict=True))
    return Timing(timed=timed, winner=trials[found.winner])


def _engine(trial: Trial) -> Engine:
    assert trial.engine is not None
    return trial.engine
