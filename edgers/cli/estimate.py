"""`edgers inspect --target`: what a model takes at least on a device that is not at hand."""

import json
from dataclasses import asdict
from pathlib import Path

import click

from edgers.bundle import Bundle, open_bundle
from edgers.cli.show import line, shape_text
from edgers.errors import BadInputError
from edgers.export.estimate import (
    SCENE_PX,
    Estimate,
    TilePlan,
    Works,
    estimates,
    plain_plan,
    tile_plan,
    works_of_bundle,
    works_of_graph,
)
from edgers.export.graph import graph_from_file
from edgers.pipeline.options import RunOptions
from edgers.scene.open import environment
from edgers.scene.scene import Scene, scene_paths
from edgers.targets.target import Target, target_from_name

MARK = "bound, not measured"
"""Ends every line with a number."""

NOT_KNOWN = "not known"

LEGEND = (
    ("ms/tile", "each layer by its operations or its bytes, whichever takes longer; what passes "
     "between layers goes through memory"),
    ("compute", "share of that time in layers that operations limit; bytes limit the rest"),
    ("least ms", "the same if nothing between layers were moved"),
    ("J/scene", "power limit × s/scene: what may be drawn in that time, no bound of what will be"),
)  # fmt: skip
"""What the columns say."""


def show_estimate(
    name: str, path: Path, scene: Path | None, options: RunOptions, *, as_json: bool
) -> None:
    """Print the bounds of a bundle, or of an ONNX graph, on the device called `name`.

    Raises BadInputError where the device is not known, and what reading the files raises.
    """
    target = target_from_name(name)
    if target.gpu is None:
        _say_nothing(target, as_json=as_json)
        return
    if path.suffix == ".onnx":
        if scene is not None or options.inputs:
            raise BadInputError(
                "a graph without a contract cannot be held against a scene.",
                seen=f"{path} says nothing of bands.",
                fix="Compile it with its contract, and inspect the bundle.",
            )
        model = graph_from_file(path)
        plan = plain_plan(model, SCENE_PX, options.tile_px)
        works = works_of_graph(model, plan.tile_px)
    else:
        bundle = open_bundle(path)
        plan = tile_plan(bundle, _scene_px(bundle, scene, options), options)
        works = works_of_bundle(bundle, plan.tile_px)
    found = estimates(works, target.gpu, plan, target.precisions)
    is_named = scene is not None or bool(options.inputs)
    if as_json:
        click.echo(json.dumps(_document(target, plan, works, found), indent=2, ensure_ascii=False))
    else:
        _show(target, plan, works, found, is_named=is_named)


def _scene_px(bundle: Bundle, scene: Path | None, options: RunOptions) -> tuple[int, int]:
    """Give height and width of the scene named, or of one that is taken where none is."""
    if scene is None and not options.inputs:
        return SCENE_PX
    inputs = bundle.contract.inputs
    paths = scene_paths(inputs, () if scene is None else (scene,), options.inputs)
    with environment(), Scene(paths, inputs, options.renamed) as opened:
        return opened.height_px, opened.width_px


def _say_nothing(target: Target, *, as_json: bool) -> None:
    why = f"no peaks are known of {target.title}, so there is no bound"
    if as_json:
        click.echo(json.dumps({"target": target.name, "estimates": [], "why": why}, indent=2))
    else:
        line("estimate", f"{why}; 'edgers compile' measures on such a machine instead")


def _show(
    target: Target, plan: TilePlan, works: Works, found: list[Estimate], *, is_named: bool
) -> None:
    free = target.free_share * (target.memory_bytes or 0)
    room = f" · {free / 1e9:.3g} GB of memory assumed free" if free else ""
    line("target", f"{target.name} · {target.title}{room}")
    kind = "" if is_named else ", taken as none was named"
    line("scene", f"{shape_text(*plan.scene_px)} px{kind} · {plan.tiles} tiles of at most "
         f"{shape_text(*plan.tile_px)} px")  # fmt: skip
    work = next(iter(works.values()))
    moved = work.weights
    line("work", f"{work.operations / 1e9:.4g} × 10⁹ operations a tile · {len(work.layers)} layers "
         f"· {(moved.floats + moved.eight_bit) / 1e6:.3g} M weights")  # fmt: skip
    if work.not_counted:
        line("not counted", f"operations of {', '.join(work.not_counted)}; their values are")
    if "int8" in target.precisions and not works["int8"].is_quantized:
        line("int8", "no quantized form is at hand: taken as if every value had 8 bits")
    line(
        "", "precision  mode        ms/tile  tiles/s  compute  least ms   memory   s/scene  J/scene"
    )
    for one in found:
        line("estimate", _row(one))
    for label, text in LEGEND:
        line(label, text)


def _row(one: Estimate) -> str:
    head = f"{one.precision:<9}  {one.mode.name:<10}"
    if one.bound is None:
        return f"{head}  {NOT_KNOWN}: the peaks of this mode are not all known · {MARK}"
    bound = one.bound
    energy = NOT_KNOWN if one.scene_j is None else f"{one.scene_j:.4g}"
    return (
        f"{head}  {bound.latency_s * 1e3:7.3f}  {bound.tiles_per_s:7.0f}"
        f"  {bound.compute_share:7.0%}  {bound.floor_s * 1e3:8.3f}"
        f"  {bound.memory_bytes / 1e6:4.0f} MB  {one.scene_s:8.3f}  {energy:>7} · {MARK}"
    )


def _document(
    target: Target, plan: TilePlan, works: Works, found: list[Estimate]
) -> dict[str, object]:
    return {
        "target": target.name,
        "note": MARK,
        **asdict(plan),
        "operations": {precision: work.operations for precision, work in works.items()},
        "not_counted": sorted({op for work in works.values() for op in work.not_counted}),
        "estimates": [asdict(one) for one in found],
    }
