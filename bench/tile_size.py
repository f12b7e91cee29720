"""Throughput and memory by tile size: what `DEFAULT_TILE_PX` in tiling/grid.py rests on.

    python -m edgers.bench.tile_size [--rounds 3]

A network of four 3×3 convolutions (13, 64, 64, 128, 128 channels) runs on tiles of one side after
another, two tiles at once, each side in a process of its own so that peak memory is its own.
"""

import argparse
import itertools
import statistics
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from edgers.engines import ENGINES

SIDES_PX = (128, 256, 512)
CHANNELS = (13, 64, 64, 128, 128)
PIXELS = 2**21
WORKERS = 2


def network() -> bytes:
    """Build the network with random weights."""
    from onnx import TensorProto, helper, numpy_helper

    random = np.random.default_rng(0)
    nodes, weights, tensor = [], [], "x"
    for i, (into, out) in enumerate(itertools.pairwise(CHANNELS)):
        values = random.normal(0, 0.05, (out, into, 3, 3)).astype(np.float32)
        weights.append(numpy_helper.from_array(values, f"w{i}"))
        nodes.append(helper.make_node("Conv", [tensor, f"w{i}"], [f"c{i}"], pads=[1, 1, 1, 1]))
        nodes.append(helper.make_node("Relu", [f"c{i}"], [f"r{i}"]))
        tensor = f"r{i}"
    shapes = [["n", 13, "h", "w"], ["n", 128, "h", "w"]]
    ends = [
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)]
        for name, shape in zip(("x", tensor), shapes, strict=True)
    ]
    graph = helper.make_graph(nodes, "tile_size", *ends, weights)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
    model.ir_version = 8
    data: bytes = model.SerializeToString()
    return data


def measure(side_px: int) -> None:
    """Print megapixels a second and peak memory, MB, for one tile side."""
    import resource

    engine = ENGINES["onnxruntime"](network())
    tile = np.random.default_rng(0).random((1, 13, side_px, side_px), np.float32)
    engine.infer({"x": tile})
    count = PIXELS // side_px**2
    begin = time.perf_counter()
    with ThreadPoolExecutor(WORKERS) as pool:
        for _ in pool.map(lambda _: engine.infer({"x": tile}) and None, range(count)):
            pass
    speed = count * side_px**2 / (time.perf_counter() - begin) / 1e6
    print(speed, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)


def main() -> None:
    """Measure the sides in turn, several rounds, and print medians beside the first side's."""
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--rounds", type=int, default=3)
    arguments.add_argument("--side", type=int, help="measure one side only, for the caller")
    chosen = arguments.parse_args()
    if chosen.side:
        measure(chosen.side)
        return
    found: dict[int, list[tuple[float, float]]] = {side: [] for side in SIDES_PX}
    for _ in range(chosen.rounds):
        for side in SIDES_PX:
            command = [sys.executable, "-m", "edgers.bench.tile_size", "--side", str(side)]
            done = subprocess.run(command, check=True, capture_output=True, text=True)
            speed, memory = done.stdout.split()
            found[side].append((float(speed), float(memory)))
    first = statistics.median(rate for rate, _ in found[SIDES_PX[0]])
    for side, pairs in found.items():
        ratio = statistics.median(rate for rate, _ in pairs) / first
        peak_mb = statistics.median(peak for _, peak in pairs)
        print(f"tile {side:>4} px  {ratio:5.2f} × the speed of {SIDES_PX[0]} px  {peak_mb:6.0f} MB")


if __name__ == "__main__":
    main()
