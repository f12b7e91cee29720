"""Runs of labels, thresholds, sums and filled gaps that are stopped go on to the same bytes."""

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from builders.bundles import BAND_NAMES, make_bundle
from builders.graphs import GraphBuilder
from builders.networks import attention_net, plain_contract
from builders.scenes import noise, write_scene
from builders.stacks import input_document
from builders.unfinished import leave_unfinished, products

from edgers.bundle import open_bundle
from edgers.pipeline.model import load_model
from edgers.pipeline.options import RunOptions
from edgers.pipeline.run import run_scene


def blurred_net() -> onnx.ModelProto:
    """The mean of 3 × 3 pixels: halo 1."""
    graph = GraphBuilder()
    weight = graph.constant(np.full((3, 1, 3, 3), 1 / 9))
    return graph.model(graph.node("Conv", ["x", weight], group=3, pads=[1] * 4))


def values_document(**output: Any) -> dict[str, Any]:
    document = plain_contract(output)
    stated = document["mlm:output"][0]
    del stated["classification:classes"]
    stated["tasks"] = ["regression"]
    stated["result"]["dim_order"] = ["batch", "channel", "height", "width"]
    document["mlm:input"] = [input_document("x", BAND_NAMES)]
    return document


FOUND = [{"name": "a", "threshold": 2000.0}, {"name": "b"}, {"name": "c"}]
KINDS = {
    "labels": (plain_contract({"edgers:class_rule": "several"}), attention_net, "trim"),
    "labels, mixed": (plain_contract({"edgers:class_rule": "several"}), attention_net, "hann"),
    "found": (
        values_document(**{"edgers:values": FOUND, "edgers:sum_to_one": 0.5}), blurred_net, "trim"
    ),
    "filled": (
        values_document(**{"edgers:restores": {"input": "x", "where": "nodata"}}), blurred_net,
        "trim",
    ),
    "filled, mixed": (
        values_document(**{"edgers:restores": {"input": "x", "where": "nodata"}}), blurred_net,
        "hann",
    ),
}  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
def test_a_stopped_run_goes_on_to_the_same_products(tmp_path: Path, kind: str) -> None:
    document, net, blend = KINDS[kind]
    samples = noise(3, 70, 90)
    samples[:, :40, :45] = 0
    scene = write_scene(tmp_path / "scene.tif", samples, names=BAND_NAMES, nodata=0)
    way: dict[str, Any] = {"tile_px": 32, "overlap_px": 6, "blend": blend}
    with load_model(open_bundle(make_bundle(tmp_path, document, net))) as model:
        whole = run_scene(model, scene, tmp_path / "whole", RunOptions(**way))
        wanted = products(tmp_path / "whole")
        for tiles in (1, whole.tiles // 2, whole.tiles):
            out = tmp_path / f"out{tiles}"
            leave_unfinished(model, scene, out, tiles, **way)
            report = run_scene(model, scene, out, RunOptions(**way))
            assert report.reused_tiles == tiles
            assert report.found == whole.found
            assert products(out) == wanted
