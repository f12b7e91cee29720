"""Build kits of small networks."""

import json
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

import onnx
from builders.bundles import contract_document
from builders.graphs import GraphBuilder
from builders.judged import calm_net, scenes
from builders.kernel_build import kernel_build
from builders.ml4floods import ml4floods_contract

from edgers.bundle import Bundle
from edgers.export.accuracy import AccuracyDemand
from edgers.export.compile import compile_bundle
from edgers.export.flood_demo.contract import flood_contract
from edgers.export.kit_options import KernelSource, KitOptions

TARGETS = ("orin-nano", "agx-orin", "xavier-nx", "thor", "dgpu-h200")
"""One board of each kind that kits differ for."""

NO_KERNELS = KitOptions(kernels=KernelSource(wanted=False))

LOOSE = 0.05
"""What networks of three layers with random weights may lose."""


@dataclass(frozen=True)
class KitMaker:
    """A network and its contract in a folder, to make kits of."""

    folder: Path
    graph: Path
    contract: Path

    def kit(
        self, target: str = "orin-nano", name: str = "kit.edgers", *,
        precisions: tuple[str, ...] = ("fp32",), options: KitOptions = NO_KERNELS,
        **demand: Any,
    ) -> Bundle:  # fmt: skip
        """Compile; `demand` are fields of AccuracyDemand."""
        done = compile_bundle(
            self.graph, self.contract, self.folder / name, target=target, precisions=precisions,
            demand=AccuracyDemand(**demand) if demand else None, kit=options,
        )  # fmt: skip
        return done.bundle

    def judged(self, target: str = "orin-nano", **chosen: Any) -> Bundle:
        """Compile all precisions, on scenes like those that `calm_net` tells apart."""
        three = scenes(self.folder, 3)
        asked: dict[str, Any] = {
            "precisions": ("fp32", "fp16", "int8"), "calibrate": three[:2], "judge": three[2:],
            "tiles": 8, "max_drop": LOOSE, **chosen,
        }  # fmt: skip
        return self.kit(target, **asked)

    def with_kernels(self) -> KitOptions:
        """Give kernels built before."""
        return KitOptions(kernels=KernelSource(folder=kernel_build(self.folder / "kernels")))


def kit_maker(
    folder: Path, net: onnx.ModelProto | None = None, document: dict[str, Any] | None = None
) -> KitMaker:
    """Write a network of three bands and three classes, and its contract."""
    graph, contract = folder / "m.onnx", folder / "c.json"
    onnx.save(net or calm_net(), graph)
    contract.write_text(json.dumps(document or contract_document()))
    return KitMaker(folder=folder, graph=graph, contract=contract)


def demo_maker(folder: Path) -> KitMaker:
    """Write the demo's U-Net and its contract."""
    data = (files("edgers.export.flood_demo") / "flood_unet.onnx").read_bytes()
    return kit_maker(folder, onnx.load_model_from_string(data), flood_contract())


def simple_cnn() -> onnx.ModelProto:
    """A network of the shape of ml4floods' simplecnn, with random weights: five convolutions."""
    graph = GraphBuilder(seed=23, channels={"x": 13})
    x = "x"
    for width in (32, 64, 64, 32):
        x = graph.relu(graph.conv(x, width))
    model = graph.model(graph.conv(x, 3, kernel=1))
    model.graph.input[0].type.tensor_type.shape.dim[1].dim_value = 13
    model.graph.output[0].name = model.graph.node[-1].output[0] = "logits"
    return model


def flood_maker(folder: Path) -> KitMaker:
    """Write a network like ml4floods' simplecnn, with its contract."""
    return kit_maker(folder, simple_cnn(), ml4floods_contract("simplecnn"))
