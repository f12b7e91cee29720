"""The worked examples of tasks that answer for a tile, and what they are said to leave."""

import csv
from pathlib import Path

import numpy as np
import pytest
from builders.doc_examples import ROOT, run_example

TASKS = ROOT / "docs" / "tasks"


@pytest.mark.parametrize(("page", "commands"), [
    ("classification", 3), ("embeddings", 4), ("zero-shot", 9), ("polygon-votes", 1),
])  # fmt: skip
def test_the_example_of_a_page_works_and_prints_what_it_says(
    tmp_path: Path, page: str, commands: int
) -> None:
    assert run_example(TASKS / f"{page}.md", tmp_path) == commands


def test_the_classification_example_finds_what_was_drawn(tmp_path: Path) -> None:
    run_example(TASKS / "classification.md", tmp_path)
    with (tmp_path / "out" / "scene_land-use.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    names = np.array([row["class_name"] for row in rows]).reshape(4, 6)
    assert (names[:, :2] == "water").all()
    assert (names[:2, 2:] == "forest").all()
    assert (names[2:, 2:] == "town").all()


def test_the_example_of_votes_tells_who_grows_what(tmp_path: Path) -> None:
    run_example(TASKS / "polygon-votes.md", tmp_path)
    with (tmp_path / "fields.csv").open(newline="") as file:
        ana, ben = csv.DictReader(file)
    assert (ana["owner"], ana["majority_name"], float(ana["majority_share"])) == ("Ana", "wheat", 1)
    assert (ben["owner"], ben["majority_name"]) == ("Ben", "rye")
    assert int(ben["n_wheat"]) > 0
