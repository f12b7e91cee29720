"""A really trained network calibrated on a real chip: what is sampled, and ranges that hold."""

import json
from pathlib import Path

import numpy as np
import onnx
import onnxruntime as ort
import rasterio
from builders.ml4floods import MEAN_STDDEV, ml4floods_contract
from builders.runs import edgers

from edgers.calibration.ranges import ranges_from_file

CHIP = "flood/Spain_7370579_S2Hand.tif"


def test_the_flood_network_is_calibrated_on_the_chip(real_data: Path, tmp_path: Path) -> None:
    graph = real_data / "models/ml4floods_simplecnn.onnx"
    (tmp_path / "c.json").write_text(json.dumps(ml4floods_contract("simplecnn")))
    done = edgers(
        "calibrate", graph, "--contract", tmp_path / "c.json", real_data / CHIP,
        "-o", tmp_path / "r.json", "--tile", 64, "--picture", tmp_path / "p.png",
        "--labels", real_data / "flood/Spain_7370579_LabelHand.tif",
    )  # fmt: skip
    assert done.code == 0, done.err
    assert "64 of 64 · 64 × 64 px" in done.out
    assert "0 in 64 tiles" in done.out
    ranges = ranges_from_file(tmp_path / "r.json")
    with rasterio.open(real_data / CHIP) as chip:
        samples = chip.read().astype(np.float32)
    mean, stddev = (
        np.array(column, np.float32).reshape(-1, 1, 1)
        for column in zip(*MEAN_STDDEV.values(), strict=True)
    )
    x = (samples - mean) / stddev
    low, high = ranges.by_method("min-max")["x"]
    assert np.allclose((low, high), (x.min(), x.max()), rtol=1e-5)
    model = onnx.load(graph)
    model.graph.output.append(onnx.ValueInfoProto(name=model.graph.node[0].output[0]))
    session = ort.InferenceSession(model.SerializeToString())
    first = session.run([model.graph.node[0].output[0]], {"x": x[np.newaxis]})[0]
    # Nothing is seen in a tile's inside that is not in the chip; at its edge it may be.
    low, high = ranges.by_method("min-max")[model.graph.node[0].output[0]]
    assert low <= first.min() + 1e-3
    assert high >= first.max() - 1e-3
