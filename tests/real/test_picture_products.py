"""Pictures without a place on Earth through `run`: pairs of dates, and a camera in orbit."""

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
import pytest
from builders.bundles import make_bundle
from builders.changes import CHANGED, RGB, change_document, difference_net
from builders.graphs import GraphBuilder
from builders.networks import plain_contract
from builders.runs import edgers
from builders.stacks import input_document
from PIL import Image

from edgers.scene.open import environment, open_raster

PAIRS = ("0_2", "3_4", "9_3")


def read(path: Path) -> npt.NDArray[Any]:
    with environment(), open_raster(path) as dataset:
        found: npt.NDArray[Any] = dataset.read()
    return found


@pytest.mark.parametrize("name", PAIRS)
def test_a_pair_of_dates_gives_a_map_of_change(name: str, real_data: Path, tmp_path: Path) -> None:
    bundle = make_bundle(tmp_path, change_document(), difference_net)
    before, after = (real_data / "change" / date / f"{name}.png" for date in "AB")
    done = edgers(
        "run", bundle, "--input", f"before={before}", "--input", f"after={after}",
        "--tile", 100, "-o", tmp_path / "out",
    )  # fmt: skip
    assert done.code == 0, done.err
    found = read(tmp_path / "out" / f"{name}_tiny-net.tif")[0]
    apart = np.abs(read(after).astype(np.float32) - read(before)).mean(axis=0, dtype=np.float64)
    unsure = np.abs(apart - CHANGED) < 1e-3
    assert np.array_equal(found[~unsure], (apart >= CHANGED)[~unsure])
    label = read(real_data / "change/label" / f"{name}.png")[0] > 0
    # A difference of brightness is no detector; but what changed differs more often.
    assert found[label].mean() > 1.3 * found[~label].mean()
    item = json.loads((tmp_path / "out" / f"{name}_tiny-net.json").read_text())
    assert item["geometry"] is None
    assert set(item["properties"]["edgers:inputs"]) == {"before", "after"}
    picture = np.asarray(Image.open(tmp_path / "out" / f"{name}_tiny-net.png")).reshape(-1, 3)
    drawn = (picture == (0xC0, 0x56, 0x21)).all(axis=1).sum()
    assert drawn >= (found == 1).sum()


def test_an_earlier_scene_from_a_store_gives_the_same_map(real_data: Path, tmp_path: Path) -> None:
    kept = make_bundle(tmp_path, change_document(kept={}), difference_net)
    for date, day in (("A", "20200101"), ("B", "20240101")):
        shutil.copy(real_data / "change" / date / "0_2.png", tmp_path / f"town_{day}.png")
    scenes = [tmp_path / f"town_{day}.png" for day in ("20200101", "20240101")]
    store = ("--state", tmp_path / "store", "--place", "town")
    first = edgers("run", kept, scenes[0], "-o", tmp_path / "out", *store)
    assert (first.code, "an earlier scene" in first.out) == (4, True), first.err
    second = edgers("run", kept, scenes[1], "-o", tmp_path / "out", *store)
    assert second.code == 0, second.err
    given = ("--input", f"before={scenes[0]}", "--input", f"after={scenes[1]}")
    assert edgers("run", kept, *given, "-o", tmp_path / "given").code == 0
    name = "town_20240101_tiny-net.tif"
    assert np.array_equal(read(tmp_path / "out" / name), read(tmp_path / "given" / name))


def test_a_picture_from_orbit_gives_labels_of_cloud_and_blue(
    real_data: Path, tmp_path: Path
) -> None:
    """Two labels that do not exclude one another: bright, and more blue than red."""
    scene = real_data / "space/opssat_img_1597559030639.png"
    weights = np.array([[1 / 3, 1 / 3, 1 / 3], [-1, 0, 1]]).reshape(2, 3, 1, 1)

    def net() -> onnx.ModelProto:
        graph = GraphBuilder()
        scores = graph.node("Conv", ["x", graph.constant(weights)], channels=2)
        shifted = graph.node("Sub", [scores, graph.constant(np.array([170, 8]).reshape(2, 1, 1))])
        return graph.model(shifted)

    classes = [
        {"value": 1, "name": "cloud", "color_hint": "D69E2E"},
        {"value": 2, "name": "blue", "color_hint": "2B6CB0"},
    ]
    document = plain_contract(
        {"classification:classes": classes, "edgers:class_rule": "several"}, [-1, 2, -1, -1]
    )
    document["mlm:input"] = [input_document("x", RGB)]
    bundle = make_bundle(tmp_path, document, net)
    done = edgers("run", bundle, scene, "--tile", 700, "-o", tmp_path / "out")
    assert done.code == 0, done.err
    found = read(tmp_path / "out" / f"{scene.stem}_tiny-net.tif")
    assert found.shape == (2, 1944, 2048)
    samples = read(scene).astype(np.float64)
    scores = np.stack([samples.mean(axis=0) - 170, samples[2] - samples[0] - 8])
    unsure = np.abs(scores) < 1e-2
    assert np.array_equal(found[~unsure], (scores >= 0)[~unsure])
    assert 0.01 < (found[0] == 1).mean() < 0.9
