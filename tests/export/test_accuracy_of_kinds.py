"""`edgers compile --precision int8` for answers that are no class maps."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
import pytest
from builders.bundles import contract_document
from builders.detectors import CLASSES
from builders.graphs import GraphBuilder
from builders.judged import calm_net, scenes, wild_net
from builders.networks import closed
from builders.row_nets import row_contract
from builders.runs import Outcome, edgers
from builders.scenes import write_scene
from builders.stacks import closed_stack

from edgers.bundle import Bundle, open_bundle

BLOB_PX, REACH_PX = 7, 4.0


def value_document() -> dict[str, Any]:
    document = contract_document()
    output = document["mlm:output"][0]
    del output["classification:classes"]
    output["tasks"] = ["regression"]
    output["edgers:values"] = [{"name": name} for name in ("wood", "leaf", "root")]
    return document


def label_document() -> dict[str, Any]:
    document = contract_document()
    document["mlm:output"][0]["edgers:class_rule"] = "several"
    return document


def pooled_net() -> onnx.ModelProto:
    """Give three numbers of a tile: means of three convolutions."""
    graph = GraphBuilder(seed=19)
    hidden = graph.relu(graph.conv(graph.relu(graph.conv("x", 8)), 8))
    pooled = graph.node("GlobalAveragePool", [graph.conv(hidden, 3, kernel=1)])
    return closed(graph, graph.node("Flatten", [pooled]), rank=2)


def blob_net() -> onnx.ModelProto:
    """Find blobs: a box of `REACH_PX` about each pixel, whose score is the mean about it."""
    graph = GraphBuilder()
    graph.channels["x"] = 1
    mean = graph.constant(np.full((2, 1, 3, 3), 1 / 9))
    seen = graph.node(
        "Conv", ["x", mean, graph.constant([0.0, -0.5])], channels=2, pads=[1, 1, 1, 1],
        kernel_shape=[3, 3],
    )  # fmt: skip
    kept = graph.relu(seen)
    head = np.zeros((6, 2, 1, 1))
    # Two classes: bright blobs, and those that are not; scores are logits.
    head[4, :, 0, 0], head[5, :, 0, 0] = (0, 16), (8, -24)
    bias = graph.constant([REACH_PX] * 4 + [-4, -2.5])
    found = graph.node("Conv", [kept, graph.constant(head), bias], kernel_shape=[1, 1])
    return closed_stack(graph, found, {"x": ["n", 1, "h", "w"]})


def blob_document() -> dict[str, Any]:
    axes = ["batch", "channel", "height", "width"]
    return {
        "mlm:name": "blobs",
        "mlm:input": [
            {"name": "x", "bands": [{"name": "b"}],
             "input": {"shape": [-1, 1, -1, -1], "dim_order": axes, "data_type": "float32"}}
        ],
        "mlm:output": [
            {
                "name": "y", "tasks": ["object-detection"],
                "result": {"shape": [-1, 6, -1, -1], "dim_order": axes, "data_type": "float32"},
                "classification:classes": CLASSES,
                "edgers:boxes": {
                    "format": "cxcywh", "columns": ["box", "scores"], "activation": "sigmoid",
                    "offsets": "ltrb", "levels": [{"stride": 1}],
                },
            }
        ],
    }  # fmt: skip


def blobs(seed: int) -> npt.NDArray[np.float32]:
    """Give a scene with bright and faint blobs, (1, height, width)."""
    random = np.random.default_rng(seed)
    samples = random.uniform(0, 0.05, (1, 128, 128)).astype(np.float32)
    shape = 1 - np.hypot(*np.mgrid[-3:4, -3:4]) / 5
    for row in range(8, 120, 14):
        for column in range(8, 120, 14):
            level = random.choice([0.0, 0.55, 1.0])
            at = slice(row, row + BLOB_PX), slice(column, column + BLOB_PX)
            samples[0][at] += (level * shape).astype(np.float32)
    return samples


def compiled(
    folder: Path, document: dict[str, Any], net: onnx.ModelProto, given: tuple[Path, ...],
    *more: object,
) -> Outcome:  # fmt: skip
    (folder / "c.json").write_text(json.dumps(document))
    onnx.save(net, folder / "m.onnx")
    calibrate = [word for path in given[:2] for word in ("--calibrate", path)]
    return edgers(
        "compile", folder / "m.onnx", "--contract", folder / "c.json", "-o", folder / "b.edgers",
        "--engine", "onnxruntime", "--precision", "int8", *calibrate, "--judge", given[2],
        "--tiles", 8, *more,
    )  # fmt: skip


def certificate(folder: Path) -> dict[str, Any]:
    bundle: Bundle = open_bundle(folder / "b.edgers")
    assert bundle.engines[0].precision == "int8"
    found = bundle.measured["certificate"]
    assert isinstance(found, dict)
    return found


@pytest.mark.parametrize(
    ("document", "metric", "part"),
    [(value_document, "R²", "R²"), (label_document, "mean F1", "F1")],
)
def test_maps_ship_in_int8_by_their_own_metric(
    tmp_path: Path, document: Any, metric: str, part: str
) -> None:
    done = compiled(tmp_path, document(), calm_net(), scenes(tmp_path, 3), "--max-drop", 0.05)
    assert done.code == 0, done.err
    lines = [(line[:12].strip(), line[12:]) for line in done.out.splitlines()]
    assert dict(lines)[metric].startswith("fp32 1.000 → ")
    assert f"{part} 1.000 → " in done.out
    assert "IoU 1.000 → " not in done.out or part == "F1"
    assert 0 < certificate(tmp_path)["verdict"]["drop"] < 0.05
    assert edgers("inspect", tmp_path / "b.edgers").out.count(f" {part} 1.000 → ") == 3


def test_the_layer_that_breaks_values_is_kept(tmp_path: Path) -> None:
    given, report = scenes(tmp_path, 3), tmp_path / "report"
    done = compiled(
        tmp_path, value_document(), wild_net(), given, "--max-drop", 0.02, "--report", report
    )
    assert done.code == 0, done.err
    search = certificate(tmp_path)["quantized"]["search"]["attempts"]
    assert (search[0]["passes"], search[-1]["kept"]) == (False, ["Conv2"])
    page = (report / "report.md").read_text()
    assert "| value, against fp32 | R² FP32 | R² shipped | RMSE FP32 | RMSE shipped |" in page
    assert "area error" not in page
    assert {"scene-1-fp32.png", "scene-1-shipped.png"} <= {one.name for one in report.iterdir()}


def test_a_detector_ships_in_int8_by_average_precision(tmp_path: Path) -> None:
    given = tuple(
        write_scene(tmp_path / f"blobs{seed}.tif", blobs(seed), names=("b",)) for seed in range(3)
    )
    done = compiled(tmp_path, blob_document(), blob_net(), given, "--max-drop", 0.1)
    assert done.code == 0, done.err
    verdict = certificate(tmp_path)["verdict"]
    assert verdict["metric"] == "mAP50"
    assert [one["name"] for one in verdict["pooled"][0]["classes"]] == ["ship", "plane"]
    assert all(one["fp32"]["truth"] > 10 for one in verdict["pooled"][0]["classes"])
    assert verdict["fp32"] == 1.0
    assert verdict["candidate"] > 0.9
    assert "AP50 1.000 → " in done.out


def test_answers_of_tiles_ship_in_int8(tmp_path: Path) -> None:
    document = row_contract("channel", 3, (), "regression")
    document["mlm:input"][0]["edgers:tile_px"] = 16
    given = scenes(tmp_path, 3)
    done = compiled(tmp_path, document, pooled_net(), given, "--max-drop", 0.5)
    assert done.code == 0, done.err
    verdict = certificate(tmp_path)["verdict"]
    assert (verdict["metric"], verdict["scenes"][0]["counted_rows"]) == ("R² of rows", 36)
    assert 0.5 < verdict["candidate"] < 1
    refused = compiled(tmp_path, document, pooled_net(), given, "--labels", tmp_path)
    assert refused.code == 2
    assert "no use for answers of whole tiles" in refused.err
