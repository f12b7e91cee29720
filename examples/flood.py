"""Compile a model and run it over a scene, from Python.

python examples/flood.py OUTPUT_FOLDER
"""

import json
import sys
from importlib.resources import as_file, files
from pathlib import Path

from edgers.bundle import open_bundle
from edgers.export.compile import compile_bundle
from edgers.export.flood_demo.contract import flood_contract
from edgers.export.flood_demo.scene import FloodSceneSpec, write_flood_scene
from edgers.pipeline.model import load_model
from edgers.pipeline.options import RunOptions
from edgers.pipeline.run import run_scene

folder = Path(sys.argv[1])
folder.mkdir(parents=True, exist_ok=True)
scene, contract, bundle = folder / "scene.tif", folder / "flood.json", folder / "flood.edgers"

# A synthetic scene stands in for yours.
write_flood_scene(scene, folder / "truth.tif", FloodSceneSpec(width_px=512, height_px=384, seed=1))

# On the ground: once.
contract.write_text(json.dumps(flood_contract(), indent=2))
with as_file(files("edgers.export.flood_demo") / "flood_unet.onnx") as graph:
    compile_bundle(graph, contract, bundle)

# On board: for each scene.
with load_model(open_bundle(bundle)) as model:
    report = run_scene(model, scene, folder / "out", RunOptions(tile_px=256))

for area in report.classes:
    print(f"{area.name:<8}{area.share:6.1%}  {area.area_km2:.3f} km²")
print(f"map     {report.products[0]}")
