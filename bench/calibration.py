"""Peak memory and speed of calibration: the demo's U-Net over tiles of synthetic flood scenes.

    python -m edgers.bench.calibration [--tiles 10000] [--tile 96] [--json FILE]

Scenes are drawn by processes of their own, as many as have room for the tiles. Then this process
samples the tiles and collects the ranges of all tensors by all methods; its peak is what the system
counted (VmHWM), interpreter and libraries included.
"""

import argparse
import json
import math
import subprocess
import sys
import tempfile
import time
from importlib.resources import files
from pathlib import Path

import onnx

from edgers.calibration.collection import collect_spans
from edgers.calibration.sampling import sample_tiles
from edgers.contract import contract_from_document
from edgers.export.flood_demo.contract import flood_contract
from edgers.pipeline.memory import peak_bytes
from edgers.tiling.graph import halo_from_graph

MOST_SIDE_PX = 4992
"""Largest scene drawn: drawing takes 150 bytes a pixel."""

ROOM = 1.1
"""Windows to tiles: some are mostly nodata."""

DRAW = (
    "import sys; from edgers.export.flood_demo.scene import *; "
    "write_flood_scene(sys.argv[1], sys.argv[1] + '.truth', FloodSceneSpec("
    "width_px=int(sys.argv[2]), height_px=int(sys.argv[2]), seed=int(sys.argv[3])))"
)


def draw_scenes(folder: Path, tiles: int, tile_px: int) -> list[Path]:
    """Draw scenes with room for so many tiles, one process after the other."""
    scenes: list[Path] = []
    left = math.ceil(ROOM * tiles)
    while left > 0:
        side = min(math.ceil(math.sqrt(left)), MOST_SIDE_PX // tile_px)
        path = folder / f"scene{len(scenes)}.tif"
        command = [sys.executable, "-c", DRAW, str(path), str(side * tile_px), str(len(scenes))]
        subprocess.run(command, check=True)
        scenes.append(path)
        left -= side * side
    return scenes


def measure(tiles: int, tile_px: int) -> dict[str, object]:
    """Calibrate once; give what it took."""
    contract = contract_from_document(flood_contract())
    graph = files("edgers.export.flood_demo") / "flood_unet.onnx"
    model = onnx.load_model_from_string(graph.read_bytes())
    with tempfile.TemporaryDirectory() as name:
        scenes = draw_scenes(Path(name), tiles, tile_px)
        halo = halo_from_graph(model, contract.inputs, contract.outputs[0].name)
        begin = time.perf_counter()
        sampled = sample_tiles(contract, halo, scenes, count=tiles, tile_px=tile_px)
        between = time.perf_counter()
        spans = collect_spans(model, sampled)
        end = time.perf_counter()
    return {
        "tiles": len(sampled),
        "tile_px": tile_px,
        "scenes": len(scenes),
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
