"""The worked examples of programs, and what they are said to leave."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest
import rasterio
from builders.doc_examples import ROOT, run_example

TASKS = ROOT / "docs" / "tasks"


def test_the_examples_of_programs_work_and_print_what_they_say(tmp_path: Path) -> None:
    assert run_example(TASKS / "programs.md", tmp_path) == 8
    with rasterio.open(tmp_path / "scene.tif") as dataset:
        red, nir = dataset.read()

    def product(name: str) -> np.ndarray:
        with rasterio.open(tmp_path / "out" / f"scene_{name}.tif") as dataset:
            return np.asarray(dataset.read())

    mean, spread = product("biomass")
    np.testing.assert_allclose(mean, 12 * (nir - red), atol=1e-5)
    np.testing.assert_allclose(spread, 2 * np.abs(nir - red), atol=1e-5)
    assert np.array_equal(product("cover")[0], np.where(nir <= 0.2, 5, 40))
    watched = product("watched")
    assert (watched[:, :40, 130:] == 0).all()
    assert (watched[:, :40, :40] != 0).all()
    padded = np.pad(red, 1, mode="edge")
    rows = sum(padded[i : i + 128, j : j + 192] for i in range(3) for j in range(3)) / 9
    np.testing.assert_allclose(product("drawn")[0][2:-2, 2:-2], rows[2:-2, 2:-2], atol=1e-4)


def test_the_example_of_captions_works_and_says_what_was_drawn(tmp_path: Path) -> None:
    pytest.importorskip("tokenizers")
    assert run_example(TASKS / "captioning.md", tmp_path) == 2
    with (tmp_path / "out" / "scene_captions.csv").open(newline="") as file:
        said = {row["tile"]: row["text"] for row in csv.DictReader(file)}
    assert said.pop("0_1") == said.pop("0_2") == "bright land"
    assert set(said.values()) == {"dark land"}


def test_the_example_of_grounding_works_and_finds_what_was_drawn(tmp_path: Path) -> None:
    pytest.importorskip("tokenizers")
    assert run_example(TASKS / "grounding.md", tmp_path) == 2
    document = json.loads((tmp_path / "out" / "scene_finder.geojson").read_text())
    ship, pool = (one["properties"] for one in document["features"])
    assert (ship["class_name"], ship["tiles"], ship["asked"]) == ("ship", 2, "all things")
    assert (pool["class_name"], pool["said"].split("<")[0]) == ("pool", "pool")
    # From the middle of the first pixel to that of the last.
    assert [ship["area_m2"], pool["area_m2"]] == pytest.approx([31 * 9, 13 * 13], rel=5e-3)
