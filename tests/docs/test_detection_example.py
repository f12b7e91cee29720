"""The worked example of detection, and what it is said to leave."""

import json
from pathlib import Path

import pytest
from builders.doc_examples import ROOT, run_example

from edgers.export.detector_demo.scene import SceneSpec, make_scene
from edgers.export.detector_demo.stage import CLASS_NAMES


def test_the_detection_example_works_and_finds_what_was_drawn(tmp_path: Path) -> None:
    assert run_example(ROOT / "docs" / "tasks" / "detection.md", tmp_path) == 2
    document = json.loads((tmp_path / "out" / "harbour_ships.geojson").read_text())
    known = [feature["properties"] for feature in document["features"]]
    assert sum(one["tiles"] > 1 for one in known) >= 2
    # The map is 0.04 % smaller than the ground in the middle of its zone.
    areas = sorted(one["area_m2"] for one in known)
    assert areas == pytest.approx([*[60 * 14 / 4] * 10, 300 * 20 / 4], rel=2e-3)


def test_the_example_of_the_trained_detector_finds_what_was_rendered(tmp_path: Path) -> None:
    assert run_example(ROOT / "docs" / "tasks" / "trained-detector.md", tmp_path) == 2
    document = json.loads((tmp_path / "out" / "harbour_rendered-objects.geojson").read_text())
    sure = [one["properties"] for one in document["features"] if one["properties"]["score"] > 0.4]
    truth = make_scene(SceneSpec(width_px=640, height_px=480, seed=9300, sort="harbour"))
    for kind, name in enumerate(CLASS_NAMES):
        known = int((truth.kinds == kind).sum())
        assert sum(one["class_name"] == name for one in sure) == pytest.approx(
            known, rel=0.25, abs=1
        )
