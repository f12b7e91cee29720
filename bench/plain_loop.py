"""EdgeRS against a plain rasterio + numpy + ONNX Runtime loop, run in turn on one synthetic scene.

    python -m edgers.bench.plain_loop [--size 2048] [--rounds 3] [--json FILE]

The plain loop is what one writes by hand: tiles of 512 px that overlap by the halo, clipped at the
scene, all threads in the runtime, argmax, a tiled GeoTIFF. It makes no overviews, quicklook, areas
or STAC Item, masks no nodata, and leaves a half-written file when it is killed. Both run in this
process after a warm-up. Machines are noisy: read the ratio, not the seconds.
"""

import argparse
import json
import platform
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from importlib.resources import as_file, files
from pathlib import Path

import numpy as np
import onnxruntime as ort
import rasterio
from rasterio.windows import Window

from edgers.export.compile import compile_bundle
from edgers.export.flood_demo.bands import BANDS
from edgers.export.flood_demo.contract import flood_contract
from edgers.export.flood_demo.scene import FloodSceneSpec, write_flood_scene
from edgers.pipeline.model import load_model
from edgers.pipeline.run import run_scene
from edgers.tiling.halo import AxisHalo

TILE_PX = 512


def plain_loop(
    graph: bytes, scene: Path, product: Path, halo_px: int, mean: Sequence[float],
    stddev: Sequence[float],
) -> None:  # fmt: skip
    """Run a network over a scene as one would by hand; `mean` and `stddev` are by band."""
    session = ort.InferenceSession(graph, providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name
    middle = np.array(mean, np.float32)[:, None, None]
    spread = np.array(stddev, np.float32)[:, None, None]
    core = TILE_PX - 2 * halo_px
    with rasterio.open(scene) as source:
        profile = {
            "driver": "GTiff", "count": 1, "dtype": "uint8", "nodata": 255, "compress": "deflate",
            "tiled": True, "height": source.height, "width": source.width, "crs": source.crs,
            "transform": source.transform,
        }  # fmt: skip
        with rasterio.open(product, "w", **profile) as target:
            for row in range(0, source.height, core):
                for column in range(0, source.width, core):
                    top, left = max(0, row - halo_px), max(0, column - halo_px)
                    bottom = min(source.height, row + core + halo_px)
                    right = min(source.width, column + core + halo_px)
                    window = Window(left, top, right - left, bottom - top)
                    tile = (source.read(window=window).astype(np.float32) - middle) / spread
                    logits = session.run(None, {name: tile[None]})[0][0]
                    classes = logits.argmax(axis=0).astype(np.uint8)
                    height = min(core, source.height - row)
                    width = min(core, source.width - column)
                    part = classes[row - top : row - top + height, column - left :][:, :width]
                    target.write(part, 1, window=Window(column, row, width, height))


def aligned_halo_px(halo: AxisHalo) -> int:
    """Give the halo in whole steps of the graph's grid, the same on both sides."""
    return -(-max(halo.before_px, halo.after_px) // halo.align_px) * halo.align_px


def seconds(work: Callable[[], object]) -> float:
    """Time one call."""
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin


def main() -> None:
    """Run the benchmark and print medians, spread and the ratio pair by pair."""
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument(
        "--size", type=int, default=2048, help="scene side, px, a multiple of 16"
    )
    arguments.add_argument("--rounds", type=int, default=3)
    arguments.add_argument("--json", type=Path)
    chosen = arguments.parse_args()
    with tempfile.TemporaryDirectory() as name:
        result = measure(Path(name), chosen.size, chosen.rounds)
    for key, value in result.items():
        print(f"{key:<24}{value}")
    if chosen.json:
        chosen.json.write_text(json.dumps(result, indent=2) + "\n")


def measure(folder: Path, size_px: int, rounds: int) -> dict[str, object]:
    """Run both ways in turn and gather the figures."""
    scene, contract, bundle = folder / "scene.tif", folder / "c.json", folder / "b.edgers"
    spec = FloodSceneSpec(width_px=size_px, height_px=size_px, seed=7)
    write_flood_scene(scene, folder / "truth.tif", spec)
    contract.write_text(json.dumps(flood_contract()))
    with as_file(files("edgers.export.flood_demo") / "flood_unet.onnx") as graph:
        done = compile_bundle(graph, contract, bundle)
        data = graph.read_bytes()
    halo_px = aligned_halo_px(done.bundle.halo.height)
    with load_model(done.bundle) as model:
        ways: dict[str, Callable[[], object]] = {
            "edgers": lambda: run_scene(model, scene, folder / "out"),
            "plain loop": lambda: plain_loop(
                data,
                scene,
                folder / "plain.tif",
                halo_px,
                [band.mean for band in BANDS],
                [band.stddev for band in BANDS],
            ),
        }
        times: dict[str, list[float]] = {way: [] for way in ways}
        for turn in range(rounds + 1):
            for way, work in ways.items():
                took = seconds(work)
                if turn:
                    times[way].append(took)
    ratios = [a / b for a, b in zip(times["edgers"], times["plain loop"], strict=True)]
    return {
        "machine": f"{platform.machine()}, {platform.system()}, Python {platform.python_version()}",
        "runtime": f"onnxruntime {ort.__version__}, rasterio {rasterio.__version__}",
        "scene": f"{size_px} × {size_px} px, {len(BANDS)} bands, halo {halo_px} px",
        **{f"{way} s": _spread(values) for way, values in times.items()},
        "edgers / plain loop": _spread(ratios),
    }


def _spread(values: list[float]) -> str:
    return (
        f"{statistics.median(values):.3f} ({min(values):.3f} to {max(values):.3f}, n={len(values)})"
    )


if __name__ == "__main__":
    main()
