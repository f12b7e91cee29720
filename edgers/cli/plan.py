"""How a run would go: tiles, memory and disk, before it begins."""

import json
from dataclasses import asdict
from pathlib import Path

import click

from edgers.bundle import open_bundle
from edgers.cli.show import line, shape_text
from edgers.cli.table_columns import refuse_table_plan
from edgers.pipeline.memory import RunPlan, plan_run
from edgers.pipeline.model import load_model
from edgers.pipeline.options import RunOptions
from edgers.pipeline.plan import open_scene
from edgers.scene.open import environment

PARTS = {
    "process": "interpreter, libraries, model",
    "engine": "activations of the tiles inferred at once",
    "cache": "blocks of the scene, each decoded once",
    "tiles": "tiles between reading and writing",
    "seams": "what waits to be mixed with later tiles",
    "finish": "making the products, after the last tile",
}
"""Parts of a memory plan in words."""


def show_plan(bundle: Path, scene: Path | None, options: RunOptions, *, as_json: bool) -> None:
    """Print how `bundle` would be run over `scene`."""
    with load_model(open_bundle(bundle)) as model, environment():
        refuse_table_plan(model, scene)
        with open_scene(model, scene, options) as opened:
            plan = plan_run(model, opened, options)
            called = opened.name
    grid = plan.grid
    if as_json:
        click.echo(json.dumps(_document(plan), indent=2))
        return
    size = shape_text(grid.rows.size_px, grid.columns.size_px)
    line("scene", f"{called} · {size} px")
    rule = f"mixed by {grid.weights.rule}" if grid.weights else "each keeps its core"
    line(
        "tiles",
        f"{len(grid)} of at most {grid.tile_px} px · {rule} · {plan.options.workers} at once",
    )
    line("memory", f"peak {plan.memory.peak / 1e6:.0f} MB")
    for part, words in PARTS.items():
        line("", f"{getattr(plan.memory, part) / 1e6:7.0f} MB  {words}")


def _document(plan: RunPlan) -> dict[str, object]:
    grid = plan.grid
    return {
        "height_px": grid.rows.size_px,
        "width_px": grid.columns.size_px,
        "tiles": len(grid),
        "tile_px": grid.tile_px,
        "blend": grid.weights.rule if grid.weights else "trim",
        "tiles_at_once": plan.options.workers,
        "memory": {**asdict(plan.memory), "peak": plan.memory.peak},
    }
