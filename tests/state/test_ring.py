"""What stays in a ring, and what makes a series: a matter of the scenes, not of their order."""

from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from builders.kept import kept_input
from hypothesis import given, settings
from hypothesis import strategies as st

from edgers.contract.kept import KeptReference, KeptSeries
from edgers.state.ring import SPARE, by_period, number_of, rank, to_keep, window_of

BEGIN = datetime(2024, 1, 1, tzinfo=timezone.utc)


@dataclass(frozen=True)
class Made:
    when: datetime
    clear: float
    sha256: str


def made(day: int, clear: float = 1.0, name: str = "") -> Made:
    return Made(BEGIN + timedelta(days=day), clear, name or f"day {day}")


def rule(dates: int = 3, **fields: Any) -> KeptSeries:
    found = kept_input(dates, **fields).kept
    assert isinstance(found, KeptSeries)
    return found


MADE = st.builds(
    lambda day, clear: made(day, clear, f"{day} {clear}"),
    st.integers(0, 900), st.sampled_from([0.25, 0.5, 1.0]),
)  # fmt: skip
RULES = st.sampled_from(
    [
        rule(several=several, most=3) if several == "median" else rule(several=several)
        for several in ("latest", "clearest", "median")
    ]
    + [rule(5, period="week"), rule(4, period="10 days"), rule(2, period=None)]
    + [KeptReference(scenes=4)]
)


@settings(max_examples=150, deadline=None)
@given(st.lists(MADE, max_size=25, unique_by=lambda one: one.sha256), RULES, st.randoms())
def test_what_stays_hangs_on_the_scenes_and_not_on_their_order(
    scenes: list[Made], which: KeptSeries | KeptReference, random: Any
) -> None:
    wanted = to_keep(scenes, which)
    shuffled = [*scenes, *scenes[:3]]
    random.shuffle(shuffled)
    ring: list[Made] = []
    for one in shuffled:
        if one.sha256 not in {there.sha256 for there in ring}:
            ring.append(one)
        stays = to_keep(ring, which)
        ring = [there for there in ring if there.sha256 in stays]
        length, most = (
            (which.scenes, 1)
            if isinstance(which, KeptReference)
            else (which.periods + SPARE, which.most)
        )
        assert len(ring) <= length * most
    assert {one.sha256 for one in ring} == wanted


@settings(max_examples=150, deadline=None)
@given(st.lists(MADE, min_size=1, max_size=25, unique_by=lambda one: one.sha256), RULES)
def test_a_series_holds_the_period_of_its_newest_scene_and_follows_without_a_gap(
    scenes: list[Made], which: KeptSeries | KeptReference
) -> None:
    if isinstance(which, KeptReference):
        return
    for one in scenes:
        window = window_of(scenes, which, one.when)
        numbers = [slot.period for slot in window.slots]
        assert number_of(one.when, which) in numbers
        assert len(numbers) <= which.periods
        if which.unit is not None:
            assert numbers == list(range(numbers[0], numbers[0] + which.periods))
        groups = by_period(scenes, which)
        for slot in window.slots:
            assert slot.is_own == (slot.period in groups)
            if slot.is_own:
                (own,) = slot.groups
                best = max(groups[slot.period], key=lambda s: rank(s, which.several))
                assert own[-1] == best.sha256
        assert window.is_full == (len(window.missing) == 0 and len(numbers) == which.periods)


def test_of_several_the_latest_the_clearest_or_all_for_the_median_stand_for_a_period() -> None:
    scenes = [made(3, 0.9), made(10, 0.5), made(20, 0.2)]
    for several, wanted in (
        ("latest", {"day 20"}), ("clearest", {"day 3"}), ("median", {"day 3", "day 10", "day 20"}),
    ):  # fmt: skip
        assert to_keep(scenes, rule(1, several=several)) == wanted


@pytest.mark.parametrize(
    ("missing", "wanted"),
    [
        ("nearest", [(("Jan",),), (("Jan",),), (("Apr",),), (("Apr",),)]),
        ("neighbours", [(("Jan",),), (("Jan",), ("Apr",)), (("Jan",), ("Apr",)), (("Apr",),)]),
        ("nodata", [(("Jan",),), (), (), (("Apr",),)]),
        ("refuse", [(("Jan",),), (), (), (("Apr",),)]),
    ],
)
def test_periods_without_a_scene_are_filled_as_the_contract_says(
    missing: str, wanted: list[tuple[tuple[str, ...], ...]]
) -> None:
    scenes = [made(10, name="Jan"), made(100, name="Apr")]
    window = window_of(scenes, rule(4, missing=missing), made(100).when)
    assert [slot.name for slot in window.slots] == [f"2024-0{month}" for month in range(1, 5)]
    assert [slot.groups for slot in window.slots] == wanted
    assert window.missing == ("2024-02", "2024-03")
    assert window.is_full == (missing != "refuse")


def test_at_an_end_the_nearest_is_taken() -> None:
    window = window_of([made(40), made(70)], rule(4, missing="neighbours"), made(70).when)
    assert [slot.groups for slot in window.slots] == [
        (("day 40",),), (("day 40",),), (("day 40",),), (("day 70",),),
    ]  # fmt: skip


def test_fewer_periods_than_the_least_are_not_enough() -> None:
    two = [made(5), made(70)]
    assert window_of(two, rule(3, missing="nearest", least=2), made(70).when).is_full
    assert not window_of(two, rule(3, missing="nearest", least=3), made(70).when).is_full


def test_a_scene_that_came_late_completes_the_series_of_those_after_it() -> None:
    scenes = [made(5), made(70), made(35)]
    window = window_of(scenes, rule(), made(35).when)
    assert [slot.name for slot in window.slots] == ["2024-01", "2024-02", "2024-03"]
    assert window.is_full


def test_one_scene_with_a_date_far_ahead_costs_no_series() -> None:
    scenes = [made(5), made(35), made(70), made(30_000, name="wrong")]
    kept = [one for one in scenes if one.sha256 in to_keep(scenes, rule())]
    window = window_of(kept, rule(), made(70).when)
    assert window.is_full
    assert "wrong" not in str(window)


def test_without_periods_the_last_scenes_make_the_series() -> None:
    which = rule(3, period=None)
    scenes = [made(day) for day in (1, 2, 50, 400)]
    assert [slot.groups for slot in window_of(scenes, which, made(400).when).slots] == [
        (("day 2",),), (("day 50",),), (("day 400",),)
    ]  # fmt: skip
    short = window_of(scenes[:2], which, made(2).when)
    assert not short.is_full
    assert short.missing == ("1 more of 3 dates",)
