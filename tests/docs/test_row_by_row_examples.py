"""The worked examples of spectra, locations and clusters, and what they are said to leave."""

import csv
import json
from pathlib import Path

import numpy as np
import rasterio
from builders.doc_examples import ROOT, run_example

TASKS = ROOT / "docs" / "tasks"


def test_the_example_of_spectra_finds_the_minerals(tmp_path: Path) -> None:
    assert run_example(TASKS / "spectra.md", tmp_path) == 2
    with (tmp_path / "out" / "field_minerals.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["class_name"] for row in rows if not row["reason"]] == [
        row["sample"].split()[0] for row in rows if not row["reason"]
    ]
    assert [row["sample"] for row in rows if row["reason"]] == ["calcite 4"]
    assert rows[0]["taken"] == "2024-05-01"


def test_the_example_of_locations_gives_near_places_like_vectors(tmp_path: Path) -> None:
    assert run_example(TASKS / "locations.md", tmp_path) == 3
    suva, apia, pole = np.load(tmp_path / "out" / "towns_places.npy")
    # The date line between them is no distance.
    assert np.linalg.norm(suva - apia) < 0.5 * np.linalg.norm(suva - pole)
    item = json.loads((tmp_path / "out" / "scene_places.json").read_text())
    assert item["geometry"]["type"] == "Polygon"


def test_the_example_of_clusters_finds_the_same_both_ways(tmp_path: Path) -> None:
    assert run_example(TASKS / "clustering.md", tmp_path) == 4
    maps = []
    for name in ("groups", "fixed"):
        with rasterio.open(tmp_path / "out" / f"scene_{name}.tif") as dataset:
            maps.append(dataset.read(1))
    assert np.array_equal(*maps)
    item = json.loads((tmp_path / "out" / "scene_groups.json").read_text())
    centroids = np.array(item["properties"]["edgers:centroids"])
    wanted = np.array([[0.03, 0.02], [0.04, 0.30], [0.25, 0.35]])
    assert np.abs(centroids - wanted).max() < 0.001
