"""Peak memory and speed of calibration: the demo's U-Net over tiles of a synthetic flood scene.

    python -m edgers.bench.calibration [--tiles 10000] [--tile 96] [--json FILE]

A flood scene is drawn and repeated, each time brighter or darker, until there is room for the
tiles: 10 000 need about as many pixels as a Sentinel-2 tile has. A process of its own does that.
Then this process samples the tiles and collects the ranges of all tensors by all methods; its peak
is what the system counted (VmHWM), interpreter and libraries included.
"""

import argparse
import json
import math
import multiprocessing
import tempfile
import time
from importlib.resources import files
from pathlib import Path

import numpy as np
import onnx
import rasterio
from affine import Affine
from rasterio.windows import Window

from edgers.calibration.collection import collect_spans
from edgers.calibration.sampling import sample_tiles
from edgers.contract import contract_from_document
from edgers.export.flood_demo.bands import BANDS
from edgers.export.flood_demo.contract import flood_contract
from edgers.export.flood_demo.scene import FloodSceneSpec, make_flood_scene
from edgers.pipeline.memory import peak_bytes
from edgers.tiling.graph import halo_from_graph

FRESH = multiprocessing.get_context("spawn")
"""A fork would share the peak of this process."""

DRAWN_PX = 1024
"""Side of the scene that is drawn: drawing takes 150 bytes a pixel, and long."""

ROOM = 1.1
"""Windows to tiles: some are mostly nodata."""


def write_scene(path: Path, side_px: int) -> None:
    """Write a square scene of repeats of a drawn one, a row of them at a time."""
    random = np.random.default_rng(0)
    spec = FloodSceneSpec(width_px=DRAWN_PX, height_px=DRAWN_PX, seed=0)
    drawn = make_flood_scene(spec).counts
    repeats = math.ceil(side_px / DRAWN_PX)
    with rasterio.open(
        path, "w", driver="GTiff", height=side_px, width=side_px, count=len(drawn),
        dtype="uint16", nodata=0, tiled=True, blockxsize=512, blockysize=512, compress="deflate",
        zlevel=1, crs="EPSG:32630", transform=Affine(10, 0, 600_000, 0, -10, 4_200_000),
    ) as out:  # fmt: skip
        out.descriptions = [band.name for band in BANDS]
        for row in range(0, side_px, DRAWN_PX):
            gains = random.uniform(0.6, 1.6, repeats)
            strip = np.concatenate([(drawn * gain).astype(np.uint16) for gain in gains], axis=2)
            height = min(DRAWN_PX, side_px - row)
            window = Window(0, row, side_px, height)
            out.write(strip[:, :height, :side_px], window=window)


def measure(tiles: int, tile_px: int) -> dict[str, object]:
    """Calibrate once; give what it took."""
    contract = contract_from_document(flood_contract())
    graph = files("edgers.export.flood_demo") / "flood_unet.onnx"
    model = onnx.load_model_from_string(graph.read_bytes())
    with tempfile.TemporaryDirectory() as name:
        scene = Path(name) / "scene.tif"
        side_px = math.ceil(math.sqrt(ROOM * tiles)) * tile_px
        drawing = FRESH.Process(target=write_scene, args=(scene, side_px))
        drawing.start()
        drawing.join()
        halo = halo_from_graph(model, contract.inputs, contract.outputs[0].name)
        begin = time.perf_counter()
        sampled = sample_tiles(contract, halo, [scene], count=tiles, tile_px=tile_px)
        between = time.perf_counter()
        spans = collect_spans(model, sampled)
        end = time.perf_counter()
    return {
        "tiles": len(sampled),
        "tile_px": tile_px,
        "scene_px": side_px,
        "tensors": len(spans),
        "sampling_s": round(between - begin, 1),
        "ranges_s": round(end - between, 1),
        "tiles_per_s": round(len(sampled) / (end - begin), 1),
        "peak_mb": round(peak_bytes() / 1e6),
    }


def main() -> None:
    """Run the benchmark and print a line."""
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--tiles", type=int, default=1000)
    arguments.add_argument("--tile", type=int, default=96, help="tile side, px")
    arguments.add_argument("--json", type=Path)
    chosen = arguments.parse_args()
    row = measure(chosen.tiles, chosen.tile)
    print("  ".join(f"{key} {value}" for key, value in row.items()), flush=True)
    if chosen.json:
        chosen.json.write_text(json.dumps(row, indent=2) + "\n")


if __name__ == "__main__":
    main()
