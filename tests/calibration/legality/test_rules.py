"""For each rule a file that is legal, and the same with the one thing broken."""

import pytest
from builders.legality import opsets, placement, quantizers, scales, tensor_types
from builders.legality.pair import CASES, Pair

from edgers.calibration.legality import ALL, RULES, Band, Legality, Level, check_legality

TOPICS = (quantizers, scales, placement, opsets, tensor_types)
"""Where the files are made: importing these fills CASES."""


def broken_rules(legality: Legality, band: Band) -> set[str]:
    """Name the rules of which a band has findings or remarks."""
    verdict = legality.of(band)
    return {finding.rule.name for finding in (*verdict.findings, *verdict.remarks)}


@pytest.mark.parametrize(
    "pair", CASES, ids=[f"{pair.name}-{position}" for position, pair in enumerate(CASES)]
)
def test_a_rule_finds_what_breaks_it_and_nothing_else(pair: Pair) -> None:
    legal, broken = check_legality(pair.made(False)), check_legality(pair.made(True))
    for band in ALL:
        before, after = broken_rules(legal, band), broken_rules(broken, band)
        if band not in pair.bands:
            assert pair.name not in after - before, band.name
            continue
        assert pair.name in after - before, band.name
        assert after - before <= {pair.name} | pair.also, band.name
        if band in pair.legal_on:
            assert legal.of(band).legal, band.name
            is_remark = RULES[pair.name].level is Level.REMARK
            assert broken.of(band).legal == is_remark, band.name


def test_every_rule_has_a_file_that_breaks_it_alone_on_each_of_its_bands() -> None:
    assert len(CASES) > len(TOPICS)
    shown: dict[str, set[str]] = {name: set() for name in RULES}
    for pair in CASES:
        if not pair.also:
            shown[pair.name] |= {band.name for band in pair.bands if band in pair.legal_on}
    assert shown == {name: {band.name for band in rule.bands} for name, rule in RULES.items()}


def test_every_rule_says_what_it_asks_and_where_it_was_read() -> None:
    for name, rule in RULES.items():
        assert name == rule.name
        assert rule.text.endswith("."), name
        assert len(rule.source) > 20, name
