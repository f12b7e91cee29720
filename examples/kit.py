"""Make a build kit for a board, on any machine, and run it as it is on this one.

python examples/kit.py OUTPUT_FOLDER
"""

import json
import sys
from importlib.resources import as_file, files
from pathlib import Path

from edgers.cli.kit_lines import kit_lines
from edgers.export.accuracy import AccuracyDemand
from edgers.export.compile import compile_bundle
from edgers.export.flood_demo.contract import flood_contract
from edgers.export.flood_demo.scene import FloodSceneSpec, write_flood_scene
from edgers.export.kit_options import KernelSource, KitOptions
from edgers.pipeline.model import load_model
from edgers.pipeline.run import run_scene

folder = Path(sys.argv[1])
folder.mkdir(parents=True, exist_ok=True)
contract = folder / "flood.json"
contract.write_text(json.dumps(flood_contract(), indent=2))

# Synthetic scenes stand in for yours.
scenes = [folder / f"scene{seed}.tif" for seed in (1, 2, 3)]
for seed, scene in enumerate(scenes, 1):
    spec = FloodSceneSpec(width_px=256, height_px=256, seed=seed)
    write_flood_scene(scene, folder / f"truth{seed}.tif", spec)

# Kernels take CUDA toolkits of 2 GB to build, once: leave `kernels` out to have them too.
options = KitOptions(kernels=KernelSource(wanted=False))
demand = AccuracyDemand(calibrate=tuple(scenes[:2]), judge=tuple(scenes[2:]))
with as_file(files("edgers.export.flood_demo") / "flood_unet.onnx") as graph:
    done = compile_bundle(
        graph, contract, folder / "flood-kit.edgers", target="orin-nano",
        precisions=("fp32", "fp16", "int8"), demand=demand, kit=options, tell=print,
    )  # fmt: skip
for label, text in kit_lines(done.bundle):
    print(f"{label:<12}{text}")

# The board makes the plan: edgers build flood-kit.edgers. Until then a CPU stands in.
with load_model(done.bundle) as model:
    print(f"{'fallback':<12}{' · '.join(model.passed_over)}")
    report = run_scene(model, scenes[2], folder / "out")
for area in report.classes:
    print(f"{area.name:<12}{area.share:.1%}")
