"""Plan a run, then run it within a given amount of memory, stopped half-way and taken up again.

python examples/little_memory.py OUTPUT_FOLDER
"""

import json
import sys
from importlib.resources import as_file, files
from pathlib import Path

from edgers.bundle import open_bundle
from edgers.export.compile import compile_bundle
from edgers.export.flood_demo.contract import flood_contract
from edgers.export.flood_demo.scene import FloodSceneSpec, write_flood_scene
from edgers.pipeline.memory import plan_run, resident_bytes
from edgers.pipeline.model import load_model
from edgers.pipeline.options import RunOptions
from edgers.pipeline.plan import open_scene
from edgers.pipeline.progress import Silent
from edgers.pipeline.run import run_scene
from edgers.scene.open import environment

folder = Path(sys.argv[1])
folder.mkdir(parents=True, exist_ok=True)
scene, contract, bundle = folder / "scene.tif", folder / "flood.json", folder / "flood.edgers"

# A synthetic scene stands in for yours.
write_flood_scene(scene, folder / "truth.tif", FloodSceneSpec(width_px=768, height_px=512, seed=1))
contract.write_text(json.dumps(flood_contract(), indent=2))
with as_file(files("edgers.export.flood_demo") / "flood_unet.onnx") as graph:
    compile_bundle(graph, contract, bundle, engine="onnxruntime")


class PowerCut(Silent):
    """A listener that ends the run as Ctrl-C does, after three tiles."""

    tiles = 0

    def advance(self, megapixels: float) -> None:
        """Count a tile."""
        self.tiles += 1
        if self.tiles == 3:
            raise KeyboardInterrupt


limit = resident_bytes() + 450_000_000
options = RunOptions(tile_px=192, max_memory_bytes=limit)
with load_model(open_bundle(bundle)) as model:
    with environment(), open_scene(model, scene, options) as opened:
        plan = plan_run(model, opened, options)
    print(f"plan    {len(plan.grid)} tiles of at most {plan.grid.tile_px} px")
    print(f"memory  {plan.memory.peak / limit:.0%} of what is allowed")
    try:
        run_scene(model, scene, folder / "out", options, PowerCut())
    except KeyboardInterrupt:
        print(f"stopped with {[path.name for path in (folder / 'out').iterdir()]}")
    report = run_scene(model, scene, folder / "out", options)
print(f"done    {report.reused_tiles} of {report.tiles} tiles were made before")
print(f"map     {report.products[0]}")
