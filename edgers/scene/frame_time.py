"""When a frame was taken: the words in which times are stated, and times that only go forward."""

import re
import time
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, timezone

EARLIEST = datetime(1990, 1, 1, tzinfo=timezone.utc)
"""Cameras whose clock was never set say 1970 or 1980; none that makes frames is older than this."""

CLOCK_SLACK = timedelta(days=1)
"""How far in the future a stated time may lie: a clock without a zone is at most 14 hours off."""

SMALLEST_STEP = timedelta(microseconds=1)
"""Least time between two frames of a stream, where their own times do not differ."""

RFC3339 = re.compile(
    r"(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?([Zz]|[+-]\d\d:?\d\d)", re.ASCII
)
IN_NAME = re.compile(
    r"(?<!\d)((?:19|20)\d\d)[-_]?([01]\d)[-_]?([0-3]\d)[-_T ]?"
    r"([012]\d)[-_:]?([0-5]\d)[-_:]?([0-6]\d)(?:[._](\d{3}|\d{6})(?!\d))?(?!\d)",
    re.ASCII | re.I,
)
"""Date and time of day in a file name, as cameras and loggers write it, with milli- or
microseconds after a point or underscore."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FrameTime:
    """The time of a frame, and how it is known."""

    utc: datetime
    """When the frame was taken; within a stream each is later than the one before."""
    origin: str
    """Where it comes from, in words."""
    stated: datetime | None = None
    """What was stated, where that was not later than the frame before; None where it was."""


class ForwardClock:
    """Makes the times of a stream strictly increasing."""

    def __init__(self) -> None:
        self._last: datetime | None = None

    def next(self, time: FrameTime) -> FrameTime:
        """Give the time as it is, or a microsecond after the last one and what was stated."""
        if self._last is not None and time.utc <= self._last:
            time = replace(time, utc=self._last + SMALLEST_STEP, stated=time.utc)
        self._last = time.utc
        return time


class ReceiveClock:
    """The time of receipt; it goes on when the system clock is set back."""

    def __init__(self) -> None:
        self._last: tuple[datetime, float] | None = None

    def now(self) -> FrameTime:
        """Give the system clock's time, or where that went back, the time since the last frame."""
        utc, ticks_s = datetime.now(timezone.utc), time.monotonic()
        if self._last is not None and utc <= self._last[0]:
            utc = self._last[0] + timedelta(seconds=ticks_s - self._last[1])
        self._last = utc, ticks_s
        return FrameTime(utc=utc, origin="receive")


def is_plausible(utc: datetime) -> bool:
    """Tell whether a stated time can be that of a frame."""
    return EARLIEST <= utc <= datetime.now(timezone.utc) + CLOCK_SLACK


def utc_from_text(text: str) -> datetime | None:
    """Read RFC 3339 text, which has an offset; None where it is something else."""
    found = RFC3339.fullmatch(text.strip())
    if found is None:
        return None
    day, clock, fraction, zone = found.groups()
    zone = "+00:00" if zone in "zZ" else zone if ":" in zone else f"{zone[:3]}:{zone[3:]}"
    try:
        # Python 3.10 reads six digits, no others but three.
        whole = datetime.fromisoformat(f"{day}T{clock}.{(fraction or '')[:6]:0<6}{zone}")
        return whole.astimezone(timezone.utc)
    except (ValueError, OverflowError):
        return None


def utc_from_name(name: str) -> datetime | None:
    """Find a date with a time of day in a file name, taken as UTC; None where there is none."""
    for found in IN_NAME.finditer(name):
        *parts, fraction = found.groups()
        try:
            plain = datetime.strptime("".join(parts), "%Y%m%d%H%M%S")
            utc = plain.replace(microsecond=int(f"{fraction or '':0<6}"), tzinfo=timezone.utc)
        except ValueError:
            continue
        if is_plausible(utc):
            return utc
    return None


def text_from_utc(utc: datetime) -> str:
    """Write a time as RFC 3339 text, to the microsecond."""
    return utc.astimezone(timezone.utc).replace(tzinfo=None).isoformat("T", "microseconds") + "Z"
