"""Small graphs for programs, their contracts, and bundles of several graphs."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from builders.graphs import BANDS, GraphBuilder
from builders.networks import plain_contract
from builders.scenes import write_scene
from onnx import TensorProto, helper, numpy_helper

from edgers.bundle import open_bundle
from edgers.contract import Contract, contract_from_document
from edgers.export.compile import compile_bundle
from edgers.pipeline.model import Model, load_model
from edgers.pipeline.options import RunOptions
from edgers.pipeline.report import SceneReport
from edgers.pipeline.run import run_scene

Nets = Mapping[str, onnx.ModelProto]


def conv_net(seed: int, bands: int = 3, kernel: int = 3) -> onnx.ModelProto:
    """Two convolutions of random weights."""
    graph = GraphBuilder(seed=seed)
    return graph.model(graph.conv(graph.relu(graph.conv("x", 6, kernel=kernel)), bands, kernel=1))


def gate_net(band: int = 0) -> onnx.ModelProto:
    """The largest value of a band, one number a tile, as `score`."""
    nodes = [
        helper.make_node("Gather", ["x", "band"], ["one"], axis=1),
        helper.make_node("ReduceMax", ["one"], ["score"], axes=[1, 2, 3], keepdims=0),
    ]
    band_index = numpy_helper.from_array(np.array([band], np.int64), "band")
    return close(nodes, {"x": ["n", BANDS, "h", "w"]}, {"score": ["n"]}, [band_index])


def close(
    nodes: list[onnx.NodeProto], inputs: Mapping[str, list[Any]], outputs: Mapping[str, list[Any]],
    weights: list[onnx.TensorProto], kinds: Mapping[str, int] | None = None, ml: bool = False,
) -> onnx.ModelProto:  # fmt: skip
    """Put nodes together into a graph; tensors are float32 unless `kinds` says otherwise."""
    kinds = kinds or {}

    def info(name: str, shape: list[Any]) -> onnx.ValueInfoProto:
        return helper.make_tensor_value_info(name, kinds.get(name, TensorProto.FLOAT), shape)

    graph = helper.make_graph(
        nodes, "test", [info(*one) for one in inputs.items()],
        [info(*one) for one in outputs.items()], weights,
    )  # fmt: skip
    opsets = [helper.make_opsetid("", 17)]
    if ml:
        opsets.append(helper.make_opsetid("ai.onnx.ml", 3))
    made = helper.make_model(graph, opset_imports=opsets)
    made.ir_version = 8
    return made


def value_document(program: dict[str, Any], channels: int = 3) -> dict[str, Any]:
    """Give a contract for three bands and values for each pixel."""
    document = plain_contract(shape=[-1, channels, -1, -1])
    output = document["mlm:output"][0]
    del output["classification:classes"]
    output["tasks"] = ["regression"]
    output["result"]["dim_order"] = ["batch", "channel", "height", "width"]
    return {**document, "edgers:program": program}


def class_document(program: dict[str, Any], **output: Any) -> dict[str, Any]:
    """Give a contract for three bands and three classes."""
    return {**plain_contract(output), "edgers:program": program}


def contract_of(document: dict[str, Any]) -> Contract:
    return contract_from_document(document)


def make_program(
    folder: Path, document: dict[str, Any], main: onnx.ModelProto, parts: Nets | None = None,
    engine: str | None = "onnxruntime", tokenizer: Path | None = None,
) -> Path:  # fmt: skip
    """Compile graphs and a contract in `folder`, and give the bundle's path."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = {name: folder / f"{name}.onnx" for name in ("main", *(parts or {}))}
    for name, net in {"main": main, **(parts or {})}.items():
        onnx.save(net, paths[name])
    (folder / "c.json").write_text(json.dumps(document))
    bundle = folder / "b.edgers"
    compile_bundle(
        paths.pop("main"), folder / "c.json", bundle, engine=engine, parts=paths,
        tokenizer=tokenizer,
    )  # fmt: skip
    return bundle


def load(bundle: Path) -> Model:
    return load_model(open_bundle(bundle))


def run_bundle(
    folder: Path, bundle: Path, samples: np.ndarray[Any, Any], **options: Any
) -> SceneReport:
    """Run a bundle over samples written as a scene; products go into `folder`/out."""
    folder.mkdir(parents=True, exist_ok=True)
    scene = write_scene(folder / "scene.tif", samples, names=("B02", "B03", "B04"))
    with load(bundle) as model:
        return run_scene(model, scene, folder / "out", RunOptions(**options))
