"""Candidates of any kind of answer judged against FP32, on scenes that are run once."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import onnx

from edgers.calibration.candidate import candidate_model
from edgers.calibration.judge import check_scenes, judge, verdict_on
from edgers.calibration.juries import jury_of
from edgers.calibration.jury import JudgedScene, SceneUnderTest
from edgers.calibration.labels import scheme_from_words
from edgers.calibration.verdict import Verdict
from edgers.contract import contract_from_bytes
from edgers.engines.onnxruntime import OnnxRuntimeEngine
from edgers.export.golden import golden_entries
from edgers.pipeline.model import Model
from edgers.pipeline.options import RunOptions
from edgers.tiling.graph import halo_from_graph

TILES = RunOptions(tile_px=64, workers=2)


class Judging:
    """A model whose candidates are judged; `fp32` are its products."""

    def __init__(
        self, folder: Path, document: dict[str, Any], net: onnx.ModelProto, *scenes: Path,
        labels: tuple[Path | None, ...] = (), words: tuple[str, ...] = (),
    ) -> None:  # fmt: skip
        """Check the labels, one a scene, and run FP32 over the scenes."""
        self.folder = folder
        self._contract = contract_from_bytes(json.dumps(document).encode(), "here")
        output = self._contract.outputs[0]
        self._halo = halo_from_graph(net, self._contract.inputs, output.name)
        graph: bytes = net.SerializeToString()
        self._golden = golden_entries(OnnxRuntimeEngine(graph), self._contract, self._halo)
        self.jury = jury_of(output, scheme_from_words(words, output) if words else None)
        given = labels or (None,) * len(scenes)
        under_test = [
            SceneUnderTest(path=path, label=label)
            for path, label in zip(scenes, given, strict=True)
        ]
        with self._model(graph) as model:
            check_scenes(model, under_test, self.jury, TILES)
            self.fp32: tuple[JudgedScene, ...] = judge(model, under_test, folder / "fp32", TILES)

    def verdict(self, net: onnx.ModelProto) -> Verdict:
        """Judge a candidate; its products stay in the folder `shown`."""
        with self._model(net.SerializeToString()) as model:
            scenes = [one.scene for one in self.fp32]
            self.shown = judge(model, scenes, self.folder / "shown", TILES)
            return verdict_on(model, self.fp32, self.folder / "candidate", self.jury, TILES)

    def _model(self, graph: bytes) -> Model:
        return candidate_model(
            graph, self._contract, self._halo, self._golden, engine="onnxruntime", precision="fp32"
        )


def damaged(
    net: onnx.ModelProto, factor: np.ndarray[Any, Any] | float = 1.0,
    offset: np.ndarray[Any, Any] | float = 0.0,
) -> onnx.ModelProto:  # fmt: skip
    """Give a network whose answer `y` is that of `net` times a factor, and an offset added."""
    made = onnx.ModelProto()
    made.CopyFrom(net)
    for node in made.graph.node:
        for i, name in enumerate(node.output):
            if name == "y":
                node.output[i] = "y_before"
    for name, values in (("y_factor", factor), ("y_offset", offset)):
        made.graph.initializer.append(
            onnx.numpy_helper.from_array(np.asarray(values, np.float32), name)
        )
    made.graph.node.extend(
        [
            onnx.helper.make_node("Mul", ["y_before", "y_factor"], ["y_scaled"]),
            onnx.helper.make_node("Add", ["y_scaled", "y_offset"], ["y"]),
        ]
    )
    return made
