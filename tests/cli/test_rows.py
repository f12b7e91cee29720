"""Models that answer for a tile, on the command line: what is told, and what is refused."""

import json
from pathlib import Path

import numpy as np
import pytest
from builders.bundles import BAND_NAMES, make_bundle
from builders.row_nets import embedding_contract, means_net, row_contract
from builders.runs import edgers
from builders.scenes import noise, write_scene


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("rows")
    make_bundle(folder, row_contract(), means_net())
    write_scene(folder / "scene.tif", noise(3, 60, 80), names=BAND_NAMES)
    return folder


def test_a_run_tells_rows_by_class(folder: Path, tmp_path: Path) -> None:
    command = ("run", folder / "b.edgers", folder / "scene.tif", "-o", tmp_path, "--tile", 20)
    done = edgers(*command)
    assert done.code == 0, done.err
    (line,) = [one for one in done.out.splitlines() if one.startswith("rows")]
    assert line.startswith("rows        12 · ")
    report = json.loads(edgers(*command, "--json").out)[0]
    assert report["rows"] == 12
    assert sum(one["rows"] for one in report["labels"]) == 12
    assert all(f"{one['name']} {one['rows']}" in line for one in report["labels"] if one["rows"])


def test_memory_is_planned_as_for_maps(folder: Path) -> None:
    done = edgers("inspect", folder / "b.edgers", folder / "scene.tif", "--tile", 20, "--json")
    assert done.code == 0, done.err
    assert edgers(
        "run", folder / "b.edgers", folder / "scene.tif", "-o", folder / "out", "--max-memory",
        "1MB",
    ).code == 2  # fmt: skip


def test_rows_of_a_resampled_scene_lie_in_its_own_pixels(tmp_path: Path) -> None:
    document = embedding_contract()
    document["mlm:input"][0] |= {"edgers:gsd_m": 40, "edgers:gsd_rule": "resample"}
    bundle = make_bundle(tmp_path, document, means_net())
    scene = write_scene(tmp_path / "s.tif", np.ones((3, 80, 120), np.float32), names=BAND_NAMES)
    done = edgers("run", bundle, scene, "-o", tmp_path / "out", "--tile", 20)
    assert done.code == 0, done.err
    lines = (tmp_path / "out" / "s_tiny-net.csv").read_text().splitlines()
    # 10 m pixels are read as 40 m ones: a tile of 20 is 80 px of the scene.
    assert [line.split(",")[:5] for line in lines[1:]] == [
        ["0_0", "0", "0", "80", "80"], ["0_1", "0", "40", "80", "80"],
    ]  # fmt: skip
