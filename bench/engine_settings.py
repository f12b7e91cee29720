"""Which settings of the engines pay: what `targets/cpu.toml` lists, and what it leaves out.

    python -m edgers.bench.engine_settings [--rounds 9] [--tile 256]

The networks of `edgers.bench.engines` run the same tiles in each way, interleaved. Every way has as
many threads as there are processors, and one thread works on a tile, but where the line says else.
"""

import argparse
import statistics
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np

from edgers.bench.engines import Network, Tile, Way, measure, networks, tiles_of
from edgers.engines import ENGINES, Engine
from edgers.engines.settings import stream_count

BATCHES = (2, 4)
"""Tiles in one call."""


def in_batches(engine: Engine, name: str, count: int, pool: Executor) -> Way:
    """Run tiles by so many in one call."""

    def run(tiles: Sequence[Tile]) -> None:
        batches = [np.concatenate(tiles[i : i + count]) for i in range(0, len(tiles), count)]
        for _ in pool.map(lambda batch: engine.infer({name: batch}) and None, batches):
            pass

    return run


def ways(
    network: Network, name: str, shape: tuple[int, ...], pool: Executor
) -> Iterator[tuple[str, Way]]:
    """Give each way to run a network."""
    graph = network.graph.read_bytes()
    for key, maker in ENGINES.items():
        engine = maker(graph)
        yield key, in_batches(engine, name, 1, pool)
        for count in BATCHES:
            yield f"{key}, batch of {count}", in_batches(engine, name, count, pool)
        half = maker(graph, "fp32", {"streams": "half"})
        yield f"{key}, half as many at once", in_batches(half, name, 1, pool)
    plain = ENGINES["onnxruntime"](graph, "fp32", {"layout": "plain"})
    yield "onnxruntime, plain layout", in_batches(plain, name, 1, pool)
    for title, told in (
        ("onnxruntime, memory patterns", {"enable_mem_pattern": True}),
        ("onnxruntime, no arena", {"enable_cpu_mem_arena": False}),
        ("onnxruntime, denormals are zero", {"session.set_denormal_as_zero": "1"}),
    ):
        yield title, in_batches(session(graph, told), name, 1, pool)
    if "openvino" in ENGINES:
        yield "openvino, fixed shape", in_batches(fixed(graph, shape), name, 1, pool)


def session(graph: bytes, told: dict[str, Any]) -> Engine:
    """Load ONNX Runtime with options that EdgeRS does not set."""
    import onnxruntime

    from edgers.engines.onnxruntime import OnnxRuntimeEngine, _options

    options = _options("blocked")
    for key, value in told.items():
        if key.startswith("session."):
            options.add_session_config_entry(key, value)
        else:
            setattr(options, key, value)
    engine = OnnxRuntimeEngine(graph)
    engine._session = onnxruntime.InferenceSession(
        graph, options, providers=["CPUExecutionProvider"]
    )
    return engine


def fixed(graph: bytes, shape: tuple[int, ...]) -> Engine:
    """Load OpenVINO for one shape."""
    import openvino

    from edgers.engines.openvino import OpenVinoEngine, _properties

    core = openvino.Core()
    model = core.read_model(graph)
    model.reshape({model.inputs[0]: list(shape)})
    engine = OpenVinoEngine(graph)
    properties = _properties("f32", stream_count("processors"))
    engine._model = core.compile_model(model, "CPU", properties)
    return engine


def main() -> None:
    """Measure and print a line a way."""
    arguments = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    arguments.add_argument("--rounds", type=int, default=9)
    arguments.add_argument("--tile", type=int, help="tile side, px; as a run would")
    chosen = arguments.parse_args()
    threads = stream_count("processors")
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(threads) as pool:
        for network in networks(Path(folder), None, None):
            name, tiles = tiles_of(network, chosen.tile)
            found = dict(ways(network, name, tiles[0].shape, pool))
            times = measure(found, tiles, chosen.rounds)
            sides = " × ".join(map(str, tiles[0].shape[2:]))
            print(f"\n{network.name}, tiles of {sides} px, {threads} threads")
            for way, seconds in sorted(times.items(), key=lambda one: statistics.median(one[1])):
                low, high = 1e3 * min(seconds), 1e3 * max(seconds)
                middle = 1e3 * statistics.median(seconds)
                print(f"  {way:<32} {middle:7.1f} ms a tile  ({low:.1f}–{high:.1f})", flush=True)


if __name__ == "__main__":
    main()
