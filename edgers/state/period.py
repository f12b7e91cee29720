"""Periods of time that scenes fall into: days, weeks, months, and some of them together.

All is in UTC. Weeks begin on Mondays. Several days or weeks are counted from Monday, 5 January
1970, several months from January 1970, so that a period never hangs on what came first.
"""

from datetime import date, datetime, timedelta, timezone

from edgers.contract.kept import Unit

FIRST = date(1970, 1, 5)
"""The first Monday of the epoch, from which days and weeks are counted."""


def period_of(time: datetime, unit: Unit, length: int) -> int:
    """Give the number of the period that a time falls into; the next has the next number."""
    day = time.astimezone(timezone.utc).date()
    if unit == "month":
        return ((day.year - FIRST.year) * 12 + day.month - 1) // length
    days = length * (7 if unit == "week" else 1)
    return (day - FIRST).days // days


def begin_of(period: int, unit: Unit, length: int) -> date:
    """Give the first day of a period; the last that dates have where it lies beyond."""
    try:
        if unit == "month":
            years, month = divmod(period * length, 12)
            return date(FIRST.year + years, month + 1, 1)
        return FIRST + timedelta(days=period * length * (7 if unit == "week" else 1))
    except (ValueError, OverflowError):
        return date.max if period > 0 else date.min


def period_name(period: int, unit: Unit, length: int) -> str:
    """Write a period as people do: `2024-03`, `2024-W07`, or the days it begins and ends on."""
    begin = begin_of(period, unit, length)
    if length == 1 and unit == "month":
        return f"{begin:%Y-%m}"
    if length == 1 and unit == "week":
        year, week, _ = begin.isocalendar()
        return f"{year}-W{week:02}"
    last = begin_of(period + 1, unit, length)
    end = last - timedelta(days=1) if last > date.min else last
    return f"{begin}" if begin == end else f"{begin}/{end}"
