"""The worked example of instance segmentation, and what it is said to leave."""

import json
from pathlib import Path

import numpy as np
from builders.doc_examples import ROOT, run_example


def test_the_instance_example_works_and_finds_what_was_drawn(tmp_path: Path) -> None:
    assert run_example(ROOT / "docs" / "tasks" / "instance-segmentation.md", tmp_path) == 2
    document = json.loads((tmp_path / "out" / "land_lakes.geojson").read_text())
    y, x = np.mgrid[:160, :200]
    away = np.hypot(y - 80, x - 100)
    wanted = [int(((away > 40) & (away < 60)).sum()), int((away < 15).sum())]
    features = document["features"]
    assert [one["properties"]["pixels"] for one in features] == wanted
    assert [len(one["geometry"]["coordinates"]) for one in features] == [2, 1]
    assert all(one["properties"]["tiles"] > 1 for one in features)
