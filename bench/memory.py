"""Peak memory of a run against its plan, on scenes of any size, with exact halo and blended.

    python -m edgers.bench.memory [--sizes 20000x20000 60000x20000] [--json FILE]

Kernels are compiled before (`edgers warmup`): the first run on a machine takes more. Each run is a
process of its own; its peak is what the system counted (VmHWM). The plan is what
`edgers inspect BUNDLE SCENE --json` said before. Scenes are synthetic, 4 bands of uint16; the
network has two 3 × 3 convolutions and gives 5 classes.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import rasterio
from affine import Affine
from onnx import TensorProto, helper, numpy_helper
from rasterio.windows import Window

from edgers.export.compile import compile_bundle

BANDS, CLASSES, HIDDEN, BLOCK_PX = 4, 5, 8, 512


def network() -> onnx.ModelProto:
    """Give a small convolutional network with random weights."""
    random = np.random.default_rng(0)
    sizes = [(HIDDEN, BANDS, 3), (HIDDEN, HIDDEN, 3), (CLASSES, HIDDEN, 1)]
    weights, nodes, last = [], [], "x"
    for i, (outs, ins, kernel) in enumerate(sizes):
        values = random.normal(0, (ins * kernel**2) ** -0.5, (outs, ins, kernel, kernel))
        weights.append(numpy_helper.from_array(values.astype(np.float32), f"w{i}"))
        final = i == len(sizes) - 1
        name = "y" if final else f"c{i}"
        nodes.append(helper.make_node("Conv", [last, f"w{i}"], [name], pads=[kernel // 2] * 4))
        last = name
        if not final:
            nodes.append(helper.make_node("Relu", [name], [f"r{i}"]))
            last = f"r{i}"
    ends = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n", count, "h", "w"])
        for name, count in (("x", BANDS), ("y", CLASSES))
    ]
    graph = helper.make_graph(nodes, "small", ends[:1], ends[1:], weights)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def contract() -> dict[str, object]:
    """Give the contract of the network."""
    axes = ["batch", "channel", "height", "width"]
    return {
        "mlm:name": "small",
        "mlm:input": [
            {
                "name": "x",
                "bands": [f"B{i + 1}" for i in range(BANDS)],
                "input": {"shape": [-1, BANDS, -1, -1], "dim_order": axes, "data_type": "float32"},
                "value_scaling": [{"type": "z-score", "mean": 1000, "stddev": 500}],
            }
        ],
        "mlm:output": [
            {
                "name": "y",
                "tasks": ["semantic-segmentation"],
                "result": {
                    "shape": [-1, CLASSES, -1, -1], "dim_order": axes, "data_type": "float32",
                },
                "classification:classes": [
                    {"value": i, "name": f"class {i}"} for i in range(CLASSES)
                ],
            }
        ],
    }  # fmt: skip


def write_scene(
    path: Path, height_px: int, width_px: int, *, bands: int = BANDS, noise: int = 1
) -> None:
    """Write a tiled, compressed scene, one row of blocks at a time.

    Random squares of 16 px, with noise of so many values on top.
    """
    random = np.random.default_rng(0)
    coarse = random.integers(1, 4000, (bands, BLOCK_PX // 16, BLOCK_PX // 16)).astype(np.uint16)
    block = coarse.repeat(16, axis=1).repeat(16, axis=2)
    block += random.integers(0, noise, block.shape).astype(np.uint16)
    with rasterio.open(
        path, "w", driver="GTiff", height=height_px, width=width_px, count=bands, dtype="uint16",
        tiled=True, blockxsize=BLOCK_PX, blockysize=BLOCK_PX, compress="deflate", bigtiff="YES",
        crs="EPSG:32630", transform=Affine(10, 0, 600_000, 0, -10, 4_200_000),
    ) as dataset:  # fmt: skip
        dataset.descriptions = [f"B{i + 1}" for i in range(bands)]
        for row in range(0, height_px, BLOCK_PX):
            turned = np.roll(block, row // 32, axis=2)
            strip = np.tile(turned, (1, 1, -(-width_px // BLOCK_PX)))
            height = min(BLOCK_PX, height_px - row)
            dataset.write(strip[:, :height, :width_px], window=Window(0, row, width_px, height))


def edgers(*arguments: object) -> dict[str, Any]:
    """Run the command line in a process of its own; give what it prints as JSON."""
    command = [sys.executable, "-m", "edgers", *map(str, arguments), "--json"]
    done = json.loads(subprocess.run(command, capture_output=True, check=True).stdout)
    found: dict[str, Any] = done[0] if isinstance(done, list) else done
    return found


def measure(folder: Path, sizes: list[tuple[int, int]]) -> Iterator[dict[str, object]]:
    """Run each scene exactly and blended."""
    graph, stated, bundle = folder / "m.onnx", folder / "c.json", folder / "b.edgers"
    onnx.save(network(), graph)
    stated.write_text(json.dumps(contract()))
    compile_bundle(graph, stated, bundle)
    warm_up = [sys.executable, "-m", "edgers", "warmup", str(bundle)]
    subprocess.run(warm_up, stdout=subprocess.DEVNULL, check=True)
    for height_px, width_px in sizes:
        scene = folder / "scene.tif"
        write_scene(scene, height_px, width_px)
        for blend in ("trim", "hann"):
            chosen = ("--blend", blend, "--overlap", 32) if blend == "hann" else ()
            plan = edgers("inspect", bundle, scene, *chosen)["memory"]
            report = edgers("run", bundle, scene, "-o", folder / "out", *chosen)
            peak = report["peak_bytes"]
            yield {
                "scene": f"{height_px} × {width_px}",
                "way": "exact halo" if blend == "trim" else "blended, hann",
                "planned_mb": round(plan["peak"] / 1e6),
                "measured_mb": round(peak / 1e6),
                "measured / planned": round(peak / plan["peak"], 3),
                "seconds": round(report["wall_s"], 1),
            }
        scene.unlink()


def main() -> None:
    """Run the benchmark and print a line a run."""
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--sizes", nargs="+", default=["4096x4096", "12288x4096"],
                           metavar="HEIGHTxWIDTH", help="scene sizes, px")  # fmt: skip
    arguments.add_argument("--json", type=Path)
    chosen = arguments.parse_args()
    sizes = [(int(h), int(w)) for h, w in (text.split("x") for text in chosen.sizes)]
    with tempfile.TemporaryDirectory() as name:
        rows = []
        for row in measure(Path(name), sizes):
            print("  ".join(f"{key} {value}" for key, value in row.items()), flush=True)
            rows.append(row)
    if chosen.json:
        chosen.json.write_text(json.dumps(rows, indent=2, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
