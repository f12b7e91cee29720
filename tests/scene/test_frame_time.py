import itertools
import time
from datetime import datetime, timedelta, timezone
from typing import Any
from unittest import mock

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgers.scene import frame_time
from edgers.scene.frame_time import (
    ForwardClock,
    FrameTime,
    ReceiveClock,
    text_from_utc,
    utc_from_name,
    utc_from_text,
)

NOON = datetime(2024, 5, 4, 12, tzinfo=timezone.utc)


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("DJI_20240504120000_0001_D.JPG", NOON),
        ("IMG_20240504_120000.jpg", NOON),
        ("2024-05-04T12-00-00.png", NOON),
        ("2024-05-04 12:00:00.png", NOON),
        ("cam1_20240504T120000.250Z.png", NOON + timedelta(milliseconds=250)),
        ("cam1_20240504T120000_250.png", NOON + timedelta(milliseconds=250)),
        ("cam1_20240504T120000_250125.png", NOON + timedelta(microseconds=250_125)),
        ("19990101_000000_20240504T120000.png", datetime(1999, 1, 1, tzinfo=timezone.utc)),
        ("20240230_000000_20240504T120000.png", NOON),
        ("20240504.png", None),
        ("IMG_0001.JPG", None),
        ("120240504120000.png", None),
        ("20991231T120000.png", None),
    ],
)
def test_a_time_in_a_name(name: str, wanted: datetime | None) -> None:
    assert utc_from_name(name) == wanted


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("2024-05-04T12:00:00Z", 0), ("2024-05-04t12:00:00.5z", 0.5),
        ("2024-05-04T14:00:00+02:00", 0), ("2024-05-04T14:00:00+0200", 0),
        ("2024-05-04 12:00:00.123456789Z", 0.123456),
    ],
)  # fmt: skip
def test_a_time_in_text(text: str, seconds: float) -> None:
    assert utc_from_text(text) == NOON + timedelta(seconds=seconds)


@pytest.mark.parametrize("text", ["", "2024-05-04", "2024-05-04T12:00:00", "2024-13-04T12:00:00Z",
                                  "2024-05-04T12:00:00+99:00", "0001-01-01T00:00:00+10:00",
                                  "٢024-05-04T12:00:00Z"])  # fmt: skip
def test_text_that_is_no_time(text: str) -> None:
    assert utc_from_text(text) is None


def test_text_is_read_back() -> None:
    utc = NOON + timedelta(microseconds=7)
    assert text_from_utc(utc) == "2024-05-04T12:00:00.000007Z"
    assert utc_from_text(text_from_utc(utc)) == utc


@given(st.lists(st.integers(-1000, 1000)))
def test_times_of_a_stream_only_go_forward(steps: list[int]) -> None:
    clock = ForwardClock()
    stated = [NOON + timedelta(seconds=step) for step in steps]
    given_out = [clock.next(FrameTime(utc=one, origin="test")) for one in stated]
    times = [one.utc for one in given_out]
    assert all(a < b for a, b in itertools.pairwise(times))
    # What was changed is said, and what was in order stays.
    for one, was in zip(given_out, stated, strict=True):
        assert (one.utc if one.stated is None else one.stated) == was


def test_receipt_goes_on_when_the_clock_is_set_back() -> None:
    ticks = iter([10.0, 11.0, 13.0, 14.0])
    back = NOON - timedelta(hours=1)
    walls = iter([NOON, back, back, NOON + timedelta(hours=2)])

    class Clock(datetime):
        @classmethod
        def now(cls, *_: Any) -> Any:
            return next(walls)

    with (
        mock.patch.object(frame_time, "datetime", Clock),
        mock.patch.object(time, "monotonic", side_effect=ticks),
    ):
        clock = ReceiveClock()
        found = [clock.now().utc for _ in range(4)]
    assert [one - NOON for one in found] == [
        timedelta(0), timedelta(seconds=1), timedelta(seconds=3), timedelta(hours=2),
    ]  # fmt: skip
