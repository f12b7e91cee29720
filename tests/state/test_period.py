"""Periods of time: none overlaps another, none is left out."""

from datetime import date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgers.contract.kept import UNITS, Unit
from edgers.state.period import begin_of, period_name, period_of

TIMES = st.datetimes(datetime(1960, 1, 1), datetime(2200, 1, 1), timezones=st.just(timezone.utc))


@given(TIMES, st.sampled_from(UNITS), st.integers(1, 60))
def test_a_time_lies_between_the_begin_of_its_period_and_of_the_next(
    time: datetime, unit: Unit, length: int
) -> None:
    number = period_of(time, unit, length)
    assert begin_of(number, unit, length) <= time.date() < begin_of(number + 1, unit, length)
    begin = datetime.combine(begin_of(number, unit, length), datetime.min.time(), timezone.utc)
    assert period_of(begin, unit, length) == number
    assert period_of(begin - timedelta(seconds=1), unit, length) == number - 1


@pytest.mark.parametrize(
    ("unit", "length", "name"),
    [
        ("month", 1, "2024-12"), ("week", 1, "2025-W01"), ("day", 1, "2024-12-31"),
        ("month", 3, "2024-10-01/2024-12-31"), ("day", 10, "2024-12-27/2025-01-05"),
    ],
)  # fmt: skip
def test_periods_have_the_names_people_give_them(unit: Unit, length: int, name: str) -> None:
    last = datetime(2024, 12, 31, 23, 59, 59, tzinfo=timezone.utc)
    assert period_name(period_of(last, unit, length), unit, length) == name


def test_the_offset_of_a_time_counts() -> None:
    new_year = datetime(2025, 1, 1, 0, 30, tzinfo=timezone(timedelta(hours=2)))
    assert period_name(period_of(new_year, "month", 1), "month", 1) == "2024-12"


def test_a_week_begins_on_monday() -> None:
    sunday = datetime(2024, 2, 18, tzinfo=timezone.utc)
    assert begin_of(period_of(sunday, "week", 1), "week", 1) == date(2024, 2, 12)
