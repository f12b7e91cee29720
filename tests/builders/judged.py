"""Models compiled with scenes to calibrate and to judge on."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
from builders.bundles import BAND_NAMES, contract_document
from builders.graphs import GraphBuilder
from builders.scenes import write_scene
from onnx import numpy_helper
from scipy.ndimage import gaussian_filter

from edgers.bundle import Bundle
from edgers.export.accuracy import AccuracyDemand
from edgers.export.compile import compile_bundle

SIDE_PX = 96
WILD_LAYER = "Conv2"
"""Layer of `wild_net` that 8 bits are bad for."""


def calm_net() -> onnx.ModelProto:
    """Give three convolutions that tell three classes apart on `smooth_samples`."""
    graph = GraphBuilder(seed=19)
    hidden = graph.relu(graph.conv(graph.relu(graph.conv("x", 8)), 8))
    return graph.model(graph.conv(hidden, 3, kernel=1))


def wild_net() -> onnx.ModelProto:
    """Give the same, but for weights in the second layer that are a thousand times the others.

    What they are multiplied with is always 0: in FP32 they do nothing, in 8 bits they take all the
    range of every output channel.
    """
    model = calm_net()
    first, second = (entry for entry in model.graph.initializer if len(entry.dims) == 4 and
                     entry.dims[0] == 8)  # fmt: skip
    bias = next(entry for entry in model.graph.initializer if len(entry.dims) == 1)
    for entry, index, factor in ((first, 0, 0), (bias, 0, 0), (second, (slice(None), 0), 1000)):
        values = numpy_helper.to_array(entry).copy()
        values[index] = values[index] * factor
        entry.CopyFrom(numpy_helper.from_array(values, entry.name))
    return model


def smooth_samples(seed: int, side_px: int = SIDE_PX) -> npt.NDArray[np.uint16]:
    """Give three bands that change slowly, as ground does, about what the contract centres on."""
    random = np.random.default_rng(seed)
    fields = [gaussian_filter(random.standard_normal((side_px, side_px)), 5) for _ in range(3)]
    wide = [field / field.std() for field in fields]
    samples = 2000 + 1000 * np.stack(wide) + random.normal(0, 20, (3, side_px, side_px))
    return np.clip(samples, 1, 10_000).astype(np.uint16)


def scenes(folder: Path, count: int, begin: int = 0) -> tuple[Path, ...]:
    """Write scenes; the same numbers give the same scenes."""
    return tuple(
        write_scene(folder / f"scene{seed}.tif", smooth_samples(seed), names=BAND_NAMES)
        for seed in range(begin, begin + count)
    )


@dataclass(frozen=True)
class Given:
    """What a model is compiled from."""

    folder: Path
    graph: Path
    contract: Path

    def compiled(
        self, name: str = "b.edgers", *, precisions: tuple[str, ...] = ("int8",),
        engine: str | None = "onnxruntime", **demand: Any,
    ) -> Bundle:  # fmt: skip
        """Compile; scenes 0 and 1 are to calibrate on, scene 2 to judge on, unless told others."""
        three = scenes(self.folder, 3)
        asked = {"calibrate": three[:2], "judge": three[2:], "tiles": 8, **demand}
        done = compile_bundle(
            self.graph, self.contract, self.folder / name, engine=engine, precisions=precisions,
            demand=AccuracyDemand(**asked),
        )  # fmt: skip
        return done.bundle


def given(folder: Path, net: onnx.ModelProto | None = None) -> Given:
    """Write a network, its contract and nothing else."""
    graph, contract = folder / "m.onnx", folder / "c.json"
    onnx.save(net or calm_net(), graph)
    contract.write_text(json.dumps(contract_document()))
    return Given(folder=folder, graph=graph, contract=contract)
