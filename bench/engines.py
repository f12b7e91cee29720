"""The engine that compiling ships, against ONNX Runtime and OpenVINO as they come.

    python -m edgers.bench.engines [--graph G --contract C] [--rounds 15] [--json FILE]

The demo's U-Net, and the network given (without one: ml4floods' simplecnn, where the folder of
real data is there), are compiled as `edgers compile` does, once for FP32 and once for all
precisions. All ways then run the same tiles in the same process, interleaved round by round:

- shipped: the bundle's engine, loaded as a run loads it, tiles side by side in as many threads;
- defaults: a session of either runtime with no option set, tile after tile.

Left alone, OpenVINO computes in bfloat16 where the processor has it. A bundle at FP32 is therefore
also held against OpenVINO told to compute in FP32 and nothing else; that is the ratio that counts
for it, and the one at all precisions is held against everything. Ratios are medians over rounds.
"""

import argparse
import json
import os
import platform
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx

from edgers.contract import contract_from_file
from edgers.engines import ENGINES
from edgers.export.compile import compile_bundle
from edgers.export.flood_demo.contract import flood_contract
from edgers.export.stopwatch import tile_of_noise
from edgers.pipeline.model import load_model
from edgers.pipeline.options import RunOptions
from edgers.tiling.graph import halo_from_graph

TILES = 8
"""Different tiles of a round."""

Tile = npt.NDArray[np.float32]
Way = Callable[[Sequence[Tile]], None]
"""Runs all tiles."""

ML4FLOODS = Path(os.environ.get("EDGERS_REAL_DATA", "../shared/data")) / "models"


@dataclass(frozen=True, slots=True, kw_only=True)
class Network:
    """A network and its contract."""

    name: str
    """Name for the table."""
    graph: Path
    """ONNX file."""
    contract: Path
    """Its contract."""


def networks(folder: Path, graph: Path | None, contract: Path | None) -> Iterator[Network]:
    """Give the demo's U-Net, and the network given or found."""
    demo, stated = folder / "flood.onnx", folder / "flood.json"
    demo.write_bytes((files("edgers.export.flood_demo") / "flood_unet.onnx").read_bytes())
    stated.write_text(json.dumps(flood_contract()))
    yield Network(name="demo U-Net", graph=demo, contract=stated)
    found = ML4FLOODS / "ml4floods_simplecnn.onnx"
    if graph and contract:
        yield Network(name=graph.stem, graph=graph, contract=contract)
    elif found.exists():
        thirteen = folder / "simplecnn.json"
        thirteen.write_text(json.dumps(thirteen_bands()))
        yield Network(name="simplecnn", graph=found, contract=thirteen)


def thirteen_bands() -> dict[str, object]:
    """Give a contract for a network of 13 bands and three classes, with the names of ml4floods."""
    axes = ["batch", "channel", "height", "width"]
    shape: dict[str, object] = {
        "shape": [-1, 13, -1, -1],
        "dim_order": axes,
        "data_type": "float32",
    }
    classes = [{"value": i, "name": one} for i, one in enumerate(("land", "water", "cloud"))]
    return {
        "mlm:name": "simplecnn",
        "mlm:input": [{"name": "x", "bands": [f"B{i + 1}" for i in range(13)], "input": shape}],
        "mlm:output": [
            {
                "name": "logits",
                "tasks": ["semantic-segmentation"],
                "result": {"shape": [-1, 3, -1, -1], "dim_order": axes, "data_type": "float32"},
                "classification:classes": classes,
            }
        ],
    }


def shipped(network: Network, precisions: tuple[str, ...], held: ExitStack) -> tuple[str, Way]:
    """Compile a network and load it; give what ships, and how it runs."""
    folder = Path(held.enter_context(tempfile.TemporaryDirectory()))
    done = compile_bundle(
        network.graph, network.contract, folder / "b.edgers", precisions=precisions
    )
    model = held.enter_context(load_model(done.bundle))
    workers = RunOptions().workers
    pool = held.enter_context(ThreadPoolExecutor(workers))
    name = model.source.name

    def run(tiles: Sequence[Tile]) -> None:
        for _ in pool.map(lambda tile: model.engine.infer({name: tile}) and None, tiles):
            pass

    return f"{model.choice.name} {model.choice.precision}", run


def defaults(graph: Path, name: str) -> Iterator[tuple[str, Way]]:
    """Give the runtimes as they come: no option set, tile after tile."""
    if "onnxruntime" in ENGINES:
        import onnxruntime

        session = onnxruntime.InferenceSession(graph, providers=["CPUExecutionProvider"])
        yield "onnxruntime default", one_by_one(lambda tile: session.run(None, {name: tile}))
    if "openvino" in ENGINES:
        import openvino

        for title, told in (
            ("openvino default", {}),
            ("openvino default, fp32", {"INFERENCE_PRECISION_HINT": "f32"}),
        ):
            request = openvino.Core().compile_model(graph, "CPU", told).create_infer_request()
            yield title, one_by_one(partial(infer_first, request))


def infer_first(request: Any, tile: Tile) -> object:
    """Run OpenVINO on its first input."""
    return request.infer([tile])


def one_by_one(infer: Callable[[Tile], object]) -> Way:
    """Run tile after tile."""

    def run(tiles: Sequence[Tile]) -> None:
        for tile in tiles:
            infer(tile)

    return run


def measure(ways: Mapping[str, Way], tiles: Sequence[Tile], rounds: int) -> dict[str, list[float]]:
    """Give seconds a tile for each way and round, after a round that does not count."""
    times: dict[str, list[float]] = {name: [] for name in ways}
    for number in range(rounds + 1):
        order = list(ways.items()) if number % 2 else list(ways.items())[::-1]
        for name, run in order:
            begin = time.perf_counter()
            run(tiles)
            if number:
                times[name].append((time.perf_counter() - begin) / len(tiles))
    return times


def ratio(times: Mapping[str, Sequence[float]], ours: str, rivals: Sequence[str]) -> float:
    """Give how much faster ours is than the fastest rival, by the median over rounds."""
    fastest = min(rivals, key=lambda name: statistics.median(times[name]))
    return statistics.median(b / a for a, b in zip(times[ours], times[fastest], strict=True))


def tiles_of(network: Network, px: int | None) -> tuple[str, list[Tile]]:
    """Give the name of a network's input, and tiles of noise of the side a run would take."""
    contract = contract_from_file(network.contract)
    model = onnx.load(network.graph)
    halo = halo_from_graph(model, contract.inputs, contract.outputs[0].name)
    usual = tile_of_noise(contract, halo)[contract.main.name].shape
    shape = (1, usual[1], px or usual[2], px or usual[3])
    random = np.random.default_rng(0)
    return contract.main.name, [
        random.standard_normal(shape).astype(np.float32) for _ in range(TILES)
    ]


def compare(network: Network, rounds: int, px: int | None) -> dict[str, object]:
    """Measure one network; print its table and give it."""
    name, tiles = tiles_of(network, px)
    with ExitStack() as held:
        exact, run_exact = shipped(network, ("fp32",), held)
        free, run_free = shipped(network, ("fp32", "bf16", "fp16"), held)
        ours = {f"shipped, fp32: {exact}": run_exact, f"shipped, any precision: {free}": run_free}
        rivals = dict(defaults(network.graph, name))
        times = measure({**ours, **rivals}, tiles, rounds)
    at_fp32 = [name for name in rivals if name != "openvino default"]
    first, second = ours
    found = {
        "fp32 / fastest default at fp32": ratio(times, first, at_fp32),
        "any precision / fastest default": ratio(times, second, list(rivals)),
        "fp32 / fastest default": ratio(times, first, list(rivals)),
    }
    sides = " × ".join(map(str, tiles[0].shape[2:]))
    print(f"\n{network.name}, tiles of {sides} px, {rounds} rounds of {TILES} tiles")
    for way, seconds in sorted(times.items(), key=lambda one: statistics.median(one[1])):
        middle, low, high = statistics.median(seconds), min(seconds), max(seconds)
        print(f"  {way:<44} {1e3 * middle:7.1f} ms a tile  ({1e3 * low:.1f}–{1e3 * high:.1f})")
    for what, value in found.items():
        print(f"  {what:<44} {value:7.2f} ×")
    return {
        "network": network.name,
        "tile_px": list(tiles[0].shape[2:]),
        "ratios": found,
        "seconds_a_tile": times,
    }


def main() -> None:
    """Run the benchmark."""
    arguments = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    arguments.add_argument("--graph", type=Path, help="another network than simplecnn")
    arguments.add_argument("--contract", type=Path, help="its contract")
    arguments.add_argument("--rounds", type=int, default=15)
    arguments.add_argument("--tile", type=int, help="tile side, px; as a run would")
    arguments.add_argument("--json", type=Path)
    chosen = arguments.parse_args()
    versions = " · ".join(f"{name} {version(name)}" for name in ENGINES)
    print(f"{platform.machine()}, {RunOptions().workers} processors · {versions}")
    with tempfile.TemporaryDirectory() as folder:
        found = [
            compare(one, chosen.rounds, chosen.tile)
            for one in networks(Path(folder), chosen.graph, chosen.contract)
        ]
    if chosen.json:
        chosen.json.write_text(json.dumps(found, indent=2, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
