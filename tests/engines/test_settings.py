"""Settings of engines: words that are known, and tiles at once."""

import pytest

from edgers.engines import settings
from edgers.engines.settings import checked_settings, stream_count
from edgers.errors import EngineError

ALLOWED = {"layout": ("blocked", "plain"), "streams": ("processors", "half")}


def test_what_is_not_given_is_the_first_allowed() -> None:
    assert checked_settings("e", None, ALLOWED) == {"layout": "blocked", "streams": "processors"}
    found = checked_settings("e", {"streams": "half"}, ALLOWED)
    assert found == {"layout": "blocked", "streams": "half"}


@pytest.mark.parametrize("given", [{"colour": "red"}, {"layout": "processors"}, {"streams": ""}])
def test_what_is_not_known_is_refused(given: dict[str, str]) -> None:
    with pytest.raises(EngineError, match="e does not know the setting") as caught:
        checked_settings("e", given, ALLOWED)
    assert "layout: blocked, plain; streams: processors, half" in str(caught.value)


@pytest.mark.parametrize(
    ("count", "whole", "half"), [(1, 1, 1), (2, 2, 1), (3, 3, 1), (8, 8, 4), (64, 8, 8)]
)
def test_tiles_at_once(monkeypatch: pytest.MonkeyPatch, count: int, whole: int, half: int) -> None:
    monkeypatch.setattr(settings, "processors", lambda: count)
    assert (stream_count("processors"), stream_count("half")) == (whole, half)
