"""Versions and their bands, and the page that tells the rules."""

from itertools import pairwise
from pathlib import Path

import pytest

from edgers.calibration.legality import ALL, band_from_version
from edgers.calibration.legality.rule_table import BEGIN, END, rule_table
from edgers.errors import BadInputError

PAGE = Path(__file__).parents[3] / "docs" / "legality.md"


@pytest.mark.parametrize(
    ("version", "band"),
    [
        ("8.5.2", "8.5"), ("8.6.1.6", "8.6"), ("10.0.1", "10.0–10.5"), ("10.3.0.30", "10.0–10.5"),
        ("10.7", "10.6–10.14"), ("10.13.3.9", "10.6–10.14"), ("10.16.1", "10.15–10.16"),
        ("11.4.1", "11.0–11.4"),
    ],
)  # fmt: skip
def test_a_version_has_its_band(version: str, band: str) -> None:
    assert band_from_version(version).name == band


@pytest.mark.parametrize("version", ["8.2.1", "9.0.1", "10.17", "11.5", "12.0", "", "ten", "10"])
def test_other_versions_are_refused(version: str) -> None:
    with pytest.raises(BadInputError, match="not a version whose rules are known"):
        band_from_version(version)


def test_bands_follow_each_other_without_overlap() -> None:
    for older, newer in pairwise(ALL):
        assert older.first <= older.last < newer.first <= newer.last
        assert older.opsets[1] <= newer.opsets[1]


def test_the_page_tells_the_rules_as_they_are() -> None:
    text = PAGE.read_text()
    told = text[text.index(BEGIN) + len(BEGIN) : text.index(END)].strip()
    assert told == rule_table().strip(), "python -m edgers.calibration.legality.rule_table"
    assert "not measured" in text
