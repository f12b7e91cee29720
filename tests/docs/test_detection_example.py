"""The worked example of detection, and what it is said to leave."""

import json
from pathlib import Path

import pytest
from builders.doc_examples import ROOT, run_example


def test_the_detection_example_works_and_finds_what_was_drawn(tmp_path: Path) -> None:
    assert run_example(ROOT / "docs" / "tasks" / "detection.md", tmp_path) == 2
    document = json.loads((tmp_path / "out" / "harbour_ships.geojson").read_text())
    known = [feature["properties"] for feature in document["features"]]
    assert sum(one["tiles"] > 1 for one in known) >= 2
    # The map is 0.04 % smaller than the ground in the middle of its zone.
    areas = sorted(one["area_m2"] for one in known)
    assert areas == pytest.approx([*[60 * 14 / 4] * 10, 300 * 20 / 4], rel=2e-3)
