"""A really trained network as a build kit: calibrated and judged on parts of a real chip."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from builders.kits import NO_KERNELS, TARGETS
from builders.ml4floods import ml4floods_contract
from rasterio.windows import Window

from edgers.bench.int8 import cut
from edgers.bundle import Bundle
from edgers.calibration.labels import scheme_from_words
from edgers.contract import contract_from_file
from edgers.export.accuracy import AccuracyDemand
from edgers.export.compile import compile_bundle
from edgers.pipeline.model import load_model
from edgers.pipeline.run import run_scene

LEFT, RIGHT = Window(0, 128, 256, 256), Window(256, 128, 256, 256)


@pytest.fixture
def graph(real_data: Path) -> Path:
    return real_data / "models" / "ml4floods_simplecnn.onnx"


@pytest.fixture
def contract(tmp_path: Path) -> Path:
    path = tmp_path / "c.json"
    path.write_text(json.dumps(ml4floods_contract("simplecnn")))
    return path


def certificates(bundle: Bundle) -> dict[str, Any]:
    found: Any = bundle.measured["certificates"]
    return {one["form"]: one for one in found}


def test_simplecnn_becomes_a_kit_whose_forms_lose_less_than_a_point(
    real_data: Path, graph: Path, contract: Path, tmp_path: Path
) -> None:
    chip = real_data / "flood" / "Spain_7370579_S2Hand.tif"
    cut(chip, tmp_path / "left_image.tif", LEFT)
    cut(chip, tmp_path / "right_image.tif", RIGHT)
    label = real_data / "flood" / "Spain_7370579_LabelHand.tif"
    cut(label, tmp_path / "right_label.tif", RIGHT)
    words = ("0=land+cloud", "1=water", "-1=ignore")
    demand = AccuracyDemand(
        calibrate=(tmp_path / "left_image.tif",), judge=(tmp_path / "right_image.tif",),
        labels=(tmp_path / "right_label.tif",),
        scheme=scheme_from_words(words, contract_from_file(contract).outputs[0]),
    )  # fmt: skip
    done = compile_bundle(
        graph, contract, tmp_path / "k.edgers", target="orin-nano",
        precisions=("fp32", "fp16", "int8"), demand=demand, kit=NO_KERNELS,
    )  # fmt: skip
    found = certificates(done.bundle)
    assert set(found) == {"int8-s8s8", "int8-s8s8-fp16", "fp16"}
    for one in found.values():
        assert one["verdict"]["pooled"][0]["truth"] == "labels"
        assert abs(one["verdict"]["drop"]) <= 0.01
        assert one["judged_on_calibration_scenes"] == []
    assert done.bundle.kit is not None
    assert done.bundle.kit.bands[0].attempts[0].precision == "int8"
    sizes = {name: len(data) for name, data in done.bundle.entries.items()}
    assert sizes["graph/int8-s8s8.onnx"] < 0.30 * graph.stat().st_size
    assert sizes["graph/fp16.onnx"] < 0.55 * graph.stat().st_size


@pytest.mark.parametrize("target", TARGETS)
def test_a_kit_of_simplecnn_gives_the_classes_of_the_bundle_for_cpus(
    target: str, real_data: Path, graph: Path, contract: Path, tmp_path: Path
) -> None:
    scene = tmp_path / "scene.tif"
    cut(real_data / "flood" / "Spain_7370579_S2Hand.tif", scene, LEFT)
    maps = []
    for name, chosen in (
        ("kit", {"target": target, "precisions": ("fp32", "fp16"), "kit": NO_KERNELS}),
        ("cpu", {"engine": "onnxruntime"}),
    ):
        done = compile_bundle(graph, contract, tmp_path / f"{name}.edgers", **chosen)  # type: ignore[arg-type]
        with load_model(done.bundle) as model:
            report = run_scene(model, scene, tmp_path / name)
        with rasterio.open(report.products[0]) as dataset:
            maps.append(dataset.read(1))
    assert np.array_equal(*maps)
