"""Compile a model to INT8 with scenes to calibrate and to judge on, from Python.

python examples/int8.py OUTPUT_FOLDER
"""

import json
import sys
from importlib.resources import as_file, files
from pathlib import Path

from edgers.calibration.certificate import certificate_lines
from edgers.errors import AccuracyError
from edgers.export.accuracy import AccuracyDemand
from edgers.export.compile import compile_bundle
from edgers.export.flood_demo.contract import flood_contract
from edgers.export.flood_demo.scene import FloodSceneSpec, write_flood_scene

folder = Path(sys.argv[1])
folder.mkdir(parents=True, exist_ok=True)
contract = folder / "flood.json"
contract.write_text(json.dumps(flood_contract(), indent=2))

# Synthetic scenes stand in for yours; labels are found by their names.
scenes, labels = [], []
for seed in (1, 2, 3):
    scenes.append(folder / f"scene{seed}_image.tif")
    labels.append(folder / f"scene{seed}_truth.tif")
    spec = FloodSceneSpec(width_px=256, height_px=256, seed=seed)
    write_flood_scene(scenes[-1], labels[-1], spec)

demand = AccuracyDemand(
    calibrate=tuple(scenes[:2]), judge=tuple(scenes[2:]), labels=tuple(labels), max_drop=0.01
)
with as_file(files("edgers.export.flood_demo") / "flood_unet.onnx") as graph:
    try:
        done = compile_bundle(
            graph, contract, folder / "flood.edgers", engine="onnxruntime",
            precisions=("int8",), demand=demand, tell=print,
        )  # fmt: skip
    except AccuracyError as error:
        sys.exit(str(error))

for label, text in certificate_lines(done.bundle.measured["certificate"]):
    print(f"{label:<12}{text}")
