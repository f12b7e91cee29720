"""Pictures without a place on Earth through `run`: pairs of dates, and a camera in orbit."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
import pytest
from builders.bundles import make_bundle
from builders.graphs import GraphBuilder
from builders.networks import plain_contract
from builders.runs import edgers
from builders.stacks import closed_stack, input_document, stack_document
from PIL import Image

from edgers.scene.open import environment, open_raster

PAIRS = ("0_2", "3_4", "9_3")
RGB = ("red", "green", "blue")
CHANGED = 60.0
"""Mean difference of the three bands, DN, from which on a pixel counts as changed."""


def read(path: Path) -> npt.NDArray[Any]:
    with environment(), open_raster(path) as dataset:
        found: npt.NDArray[Any] = dataset.read()
    return found


def difference_net() -> onnx.ModelProto:
    """The score of change: how far the mean absolute difference is beyond `CHANGED`."""
    graph = GraphBuilder()
    apart = graph.node("Abs", [graph.node("Sub", ["after", "before"])])
    mean = graph.node("ReduceMean", [apart], axes=[1], keepdims=1, channels=1)
    score = graph.node("Sub", [mean, graph.constant(CHANGED)])
    return closed_stack(graph, score, {"before": ["n", 3, "h", "w"], "after": ["n", 3, "h", "w"]})


def change_document() -> dict[str, Any]:
    document = stack_document(input_document("before", RGB), input_document("after", RGB))
    document["mlm:output"][0].update(
        {
            "tasks": ["change-detection"],
            "result": {
                "shape": [-1, 1, -1, -1],
                "dim_order": ["batch", "class", "height", "width"],
                "data_type": "float32",
            },
            "classification:classes": [
                {"value": 0, "name": "same"},
                {"value": 1, "name": "changed", "color_hint": "C05621"},
            ],
        }
    )
    return document


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
