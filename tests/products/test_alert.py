"""Alerts: 256 bytes, whatever was found."""

import json
import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgers.errors import OutputError
from edgers.products.alert import LIMIT_BYTES, Finding, alert_of, write_alert

TIME, BUNDLE = "2026-03-01T10:20:30Z", "1f0a39c2" * 8

SHIPS = Finding(name="ship", objects=3, lonlat=(4.5, 51.97), confidence=0.934)
WATER = Finding(name="water", area_km2=12.3456, lonlat=(4.123456, -51.98765))

FINDINGS = st.builds(
    Finding,
    name=st.text(max_size=400),
    area_km2=st.none() | st.floats(),
    objects=st.none() | st.integers(0, 10**9),
    lonlat=st.none() | st.tuples(st.floats(), st.floats()),
    confidence=st.none() | st.floats(),
)


def read(alert: bytes) -> dict[str, object]:
    found: dict[str, object] = json.loads(alert.decode())
    return found


def test_an_alert_tells_class_number_area_place_time_and_confidence() -> None:
    assert read(alert_of([SHIPS, WATER], time=TIME, bundle_id=BUNDLE)) == {
        "t": TIME,
        "b": "1f0a39c2",
        "f": [
            {"c": "ship", "n": 3, "p": [4.5, 51.97], "s": 0.934},
            {"c": "water", "a": 12.3, "p": [4.1235, -51.9877]},
        ],
    }


def test_nothing_found_is_told_too() -> None:
    assert read(alert_of([], time=TIME, bundle_id=BUNDLE))["f"] == []


def test_what_has_no_room_is_counted() -> None:
    alert = alert_of([SHIPS] * 40, time=TIME, bundle_id=BUNDLE)
    found = read(alert)
    assert len(alert) > LIMIT_BYTES - 70
    assert len(found["f"]) + found["x"] == 40  # type: ignore[arg-type, operator]


def test_a_name_without_room_is_cut() -> None:
    long = Finding(name="a very long name of a class " * 20, objects=2)
    (one,) = read(alert_of([long], time=TIME, bundle_id=BUNDLE))["f"]  # type: ignore[misc]
    assert one == {"c": "a very l.", "n": 2}


def test_longitudes_beyond_the_date_line_are_brought_back() -> None:
    there = Finding(name="ice", lonlat=(181.5, 70.0))
    (one,) = read(alert_of([there], time=TIME, bundle_id=BUNDLE))["f"]  # type: ignore[misc]
    assert one["p"] == [-178.5, 70]


@given(findings=st.lists(FINDINGS, max_size=12))
def test_any_findings_fit_in_one_line_of_json(findings: list[Finding]) -> None:
    alert = alert_of(findings, time=TIME, bundle_id=BUNDLE)
    assert alert == alert_of(findings, time=TIME, bundle_id=BUNDLE)
    assert len(alert) <= LIMIT_BYTES
    assert alert.count(b"\n") == 1
    found = read(alert)
    kept = found["f"]
    assert isinstance(kept, list)
    assert len(kept) + int(found.get("x", 0)) == len(findings)  # type: ignore[call-overload]
    for told, finding in zip(kept, findings, strict=False):
        assert finding.name.replace("\0", "\ufffd").startswith(told["c"].removesuffix("."))
        assert told.get("n") == finding.objects
        assert all(math.isfinite(value) for key, value in told.items() if key in "as")


def test_the_first_of_many_is_kept_if_only_one_has_room() -> None:
    alert = alert_of([Finding(name="x" * 150), SHIPS, WATER], time=TIME, bundle_id=BUNDLE)
    kept = read(alert)["f"]
    assert kept[0]["c"] == "x" * 150  # type: ignore[index]


def test_a_full_disk_is_told(tmp_path: Path) -> None:
    (tmp_path / "a.json").symlink_to("/dev/full")
    with pytest.raises(OutputError):
        write_alert(tmp_path / "a.json", [SHIPS], {"bundle_id": BUNDLE})


def test_a_time_that_is_not_known_is_left_out(tmp_path: Path) -> None:
    for facts, told in (({}, None), ({"datetime": TIME}, TIME)):
        write_alert(tmp_path / "a.json", [SHIPS], {"bundle_id": BUNDLE, **facts})
        assert read((tmp_path / "a.json").read_bytes()).get("t") == told
