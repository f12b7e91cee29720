"""Really trained networks, pooled over tiles, on a real Sentinel-2 chip: shares, and embeddings."""

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
import rasterio
from builders.ml4floods import ml4floods_contract
from onnx import helper

from edgers.bundle import open_bundle
from edgers.export.compile import compile_bundle
from edgers.pipeline.model import load_model
from edgers.pipeline.options import RunOptions
from edgers.pipeline.report import SceneReport
from edgers.pipeline.run import run_scene

CHIP = "flood/Spain_7370579_S2Hand.tif"
TILE_PX = 64


def pooled(
    network: Path, tensor: str = "", *, softmax: bool = False
) -> tuple[onnx.ModelProto, int]:
    """Give a network whose answer is the mean of a tensor over the tile, and its length."""
    model = onnx.load(network)
    tensor = tensor or model.graph.output[0].name
    if softmax:
        model.graph.node.append(helper.make_node("Softmax", [tensor], ["chances"], axis=1))
        tensor = "chances"
    model.graph.node.append(helper.make_node("GlobalAveragePool", [tensor], ["pooled"]))
    model.graph.node.append(helper.make_node("Flatten", ["pooled"], ["row"]))
    del model.graph.output[:]
    model.graph.output.append(
        helper.make_tensor_value_info("row", onnx.TensorProto.FLOAT, ["n", "c"])
    )
    inferred = onnx.shape_inference.infer_shapes(model).graph
    shapes = {one.name: one.type.tensor_type.shape for one in inferred.value_info}
    return model, int(shapes["pooled"].dim[1].dim_value)


def run(
    folder: Path, model: onnx.ModelProto, scene: Path, output: dict[str, Any], **options: Any
) -> SceneReport:
    document = ml4floods_contract("linear")
    classes = document["mlm:output"][0]["classification:classes"]
    document["mlm:output"] = [{"name": "row", "classification:classes": classes, **output}]
    if "feature" in output["result"]["dim_order"]:
        del document["mlm:output"][0]["classification:classes"]
    onnx.save(model, folder / "m.onnx")
    (folder / "c.json").write_text(json.dumps(document))
    bundle = folder / "b.edgers"
    compile_bundle(folder / "m.onnx", folder / "c.json", bundle, engine="onnxruntime")
    with load_model(open_bundle(bundle)) as loaded:
        return run_scene(loaded, scene, folder / "out", RunOptions(tile_px=TILE_PX, **options))


def result(axis: str, count: int) -> dict[str, Any]:
    return {"shape": [-1, count], "dim_order": ["batch", axis], "data_type": "float32"}


def test_tiles_have_the_mean_of_what_their_pixels_have(real_data: Path, tmp_path: Path) -> None:
    network = real_data / "models/ml4floods_linear.onnx"
    (tmp_path / "map.json").write_text(json.dumps(ml4floods_contract("linear")))
    compile_bundle(network, tmp_path / "map.json", tmp_path / "map.edgers", engine="onnxruntime")
    with load_model(open_bundle(tmp_path / "map.edgers")) as loaded:
        report = run_scene(
            loaded, real_data / CHIP, tmp_path / "map", RunOptions(probabilities=True)
        )
    (chances,) = (p for p in report.products if p.name.endswith("_probabilities.tif"))
    with rasterio.open(chances) as dataset:
        wanted, names = dataset.read(), dataset.descriptions
    model, count = pooled(network, softmax=True)
    stated = {
        "tasks": ["scene-classification"], "result": result("class", count),
        "edgers:activation": "none",
    }  # fmt: skip
    report = run(tmp_path, model, real_data / CHIP, stated)
    with report.products[0].open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == report.tiles == 64
    compared = 0
    for row in rows:
        if float(row["nodata_share"]):
            continue
        top, left = int(row["row_px"]), int(row["column_px"])
        window = wanted[:, top : top + TILE_PX, left : left + TILE_PX].mean(axis=(1, 2))
        assert [float(row[f"p_{name}"]) for name in names] == pytest.approx(window, abs=1e-5)
        compared += 1
    assert compared > 30
    assert len({row["class_name"] for row in rows}) > 1


def test_embeddings_of_a_trained_network_tell_water_from_land(
    real_data: Path, tmp_path: Path
) -> None:
    network = real_data / "models/ml4floods_simplecnn.onnx"
    last = [node for node in onnx.load(network).graph.node if node.op_type == "Conv"][-1]
    model, count = pooled(network, last.input[0])
    stated = {
        "tasks": ["similarity-search"], "result": result("feature", count),
        "edgers:normalise": "l2",
    }  # fmt: skip
    report = run(tmp_path, model, real_data / CHIP, stated)
    with report.products[0].open(newline="") as file:
        rows = list(csv.DictReader(file))
    matrix = np.load(report.products[1])
    assert matrix.shape == (len(rows), count)
    with rasterio.open(real_data / "flood/Spain_7370579_LabelHand.tif") as dataset:
        label = dataset.read(1)
    share = []
    for row in rows:
        top, left = int(row["row_px"]), int(row["column_px"])
        known = label[top : top + TILE_PX, left : left + TILE_PX]
        share.append(float((known == 1).sum() / max(1, (known >= 0).sum())))
    wettest = int(np.argmax(share))
    cosines = matrix @ matrix[wettest]
    # The tiles most like the wettest one hold more water than the others.
    ranked = np.array(share)[np.argsort(-cosines)]
    assert ranked[1:9].mean() > 2 * ranked[9:].mean()
