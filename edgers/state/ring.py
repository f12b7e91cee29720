"""The ring of one input at one place: which scenes stay, and which make a series. No files here.

What stays is a matter of the scenes alone, not of the order in which they came: the newest periods
that have a scene, and in each the scenes that its rule asks for. No clock is asked.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from edgers.contract.kept import Choice, Kept, KeptReference, KeptSeries, Several
from edgers.state.period import period_name, period_of

SPARE = 1
"""Periods kept beyond what the model takes: a scene whose date is wrong then costs no series."""


class Dated(Protocol):
    """What a ring asks of a scene; scenes with one hash are one scene."""

    @property
    def when(self) -> datetime:
        """When it was taken."""

    @property
    def clear(self) -> float:
        """Share of pixels with data."""

    @property
    def sha256(self) -> str:
        """Hash of its files."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """One period of a series, with what fills it."""

    name: str
    """The period as people write it; of a series without periods, the time of the scene."""
    period: int
    """Its number."""
    groups: tuple[tuple[str, ...], ...]
    """Hashes of the scenes that fill it: of each group the median, and of the groups that of their
    medians. Its own are one group; empty where nothing does."""
    is_own: bool = True
    """Whether they are of this period, and do not stand in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """The periods that a series is made of."""

    slots: tuple[Slot, ...]
    """Each period, the earliest first."""
    missing: tuple[str, ...]
    """Names of those without a scene."""
    is_full: bool
    """Whether there is enough to run the model."""


def to_keep(scenes: Iterable[Dated], rule: Kept) -> set[str]:
    """Give the hashes of the scenes that stay."""
    several: Several = "latest"
    if isinstance(rule, KeptReference):
        newest, most = rule.scenes, 1
    else:
        newest, most, several = rule.periods + SPARE, rule.most, rule.several
    groups = by_period(scenes, rule)
    kept: set[str] = set()
    for period in sorted(groups)[-newest:]:
        order = sorted(groups[period], key=lambda one: rank(one, several))
        kept.update(one.sha256 for one in order[-most:])
    return kept


def window_of(scenes: Sequence[Dated], rule: KeptSeries, newest: datetime) -> Window:
    """Choose the periods of the series that a scene taken at `newest` belongs to.

    It ends with the latest period kept in which the series still holds the scene. One that came
    late thus completes the series, and one dated far ahead is no part of it.
    """
    groups = by_period(scenes, rule)
    if rule.unit is None:
        return _last_scenes(groups, rule, newest)
    own = period_of(newest, rule.unit, rule.length)
    end = max([own, *(one for one in groups if own <= one < own + rule.periods)])
    periods = range(end - rule.periods + 1, end + 1)
    there = [one for one in periods if groups.get(one)]
    slots = []
    for period in periods:
        chosen = _stand(groups.get(period, ()), rule)
        slots.append(
            Slot(
                name=period_name(period, rule.unit, rule.length),
                period=period,
                groups=(chosen,) if chosen else _filling(period, there, groups, rule),
                is_own=bool(chosen),
            )
        )
    missing = tuple(slot.name for slot in slots if not slot.is_own)
    return Window(
        slots=tuple(slots), missing=missing, is_full=rule.periods - len(missing) >= rule.least
    )


def by_period(scenes: Iterable[Dated], rule: Kept) -> dict[int, list[Dated]]:
    """Group scenes by period; where there is none, each moment is one."""
    groups: dict[int, list[Dated]] = {}
    for one in scenes:
        groups.setdefault(number_of(one.when, rule), []).append(one)
    return groups


def number_of(when: datetime, rule: Kept) -> int:
    """Give the number of the period of a time; where there are no periods, each second is one."""
    if isinstance(rule, KeptSeries) and rule.unit is not None:
        return period_of(when, rule.unit, rule.length)
    return int(when.timestamp())


def rank(scene: Dated, several: Several | Choice) -> tuple[float, float, str]:
    """Give a key by which the best of several scenes comes last; the hash decides between equals.

    For a median the latest are the best.
    """
    moment = scene.when.timestamp()
    if several == "clearest":
        return scene.clear, moment, scene.sha256
    return moment, scene.clear, scene.sha256


def _last_scenes(groups: Mapping[int, list[Dated]], rule: KeptSeries, newest: datetime) -> Window:
    """Choose the last scenes, whatever their dates, up to as many as leave `newest` in."""
    order = sorted(groups)
    own = int(newest.timestamp())
    # The scene itself, and no more after it than the model takes beside it.
    later = [one for one in order if one > own][: rule.periods - 1]
    upto = [one for one in order if one <= own]
    chosen = ([*upto, *later])[-rule.periods :]
    slots = tuple(
        Slot(
            name=f"{max(groups[one], key=lambda s: rank(s, 'latest')).when:%Y-%m-%dT%H:%M:%SZ}",
            period=one,
            groups=(_stand(groups[one], rule),),
        )
        for one in chosen
    )
    lacking = rule.periods - len(slots)
    missing = (f"{lacking} more of {rule.periods} dates",) if lacking else ()
    return Window(slots=slots, missing=missing, is_full=not lacking)


def _stand(scenes: Sequence[Dated], rule: KeptSeries) -> tuple[str, ...]:
    """Give the scenes that stand for a period: one, or all that the median is taken of."""
    order = sorted(scenes, key=lambda one: rank(one, rule.several))[-rule.most :]
    return tuple(one.sha256 for one in order)


def _filling(
    period: int, there: Sequence[int], groups: Mapping[int, list[Dated]], rule: KeptSeries
) -> tuple[tuple[str, ...], ...]:
    """Give the scenes that stand in for a period without one, by the period they are of."""
    before = [one for one in there if one < period][-1:]
    after = [one for one in there if one > period][:1]
    if rule.missing == "nearest" and before and after:
        # Of two as near the earlier.
        before, after = (before, []) if period - before[0] <= after[0] - period else ([], after)
    if rule.missing not in ("nearest", "neighbours"):
        return ()
    return tuple(_stand(groups[one], rule) for one in (*before, *after))
