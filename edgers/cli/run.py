"""`edgers run`: a bundle over scenes."""

import json
from pathlib import Path

import click

from edgers.bundle import open_bundle
from edgers.cli.progress import listener
from edgers.cli.show import line, print_lines, report_lines, shape_text
from edgers.errors import BadInputError
from edgers.pipeline.model import Model, load_model
from edgers.pipeline.report import SceneReport
from edgers.pipeline.run import RunOptions, plan_scene, run_scene
from edgers.scene.folder import scene_name
from edgers.scene.open import environment
from edgers.scene.raster import Raster


@click.command(help="Run BUNDLE over each SCENE: a file, or a folder of band files.")
@click.argument("bundle", type=click.Path(path_type=Path))
@click.argument(
    "scenes", metavar="SCENE...", nargs=-1, required=True, type=click.Path(path_type=Path)
)
@click.option("-o", "--out", required=True, type=click.Path(path_type=Path), help="Output folder.")
@click.option("--tile", "tile_px", type=click.IntRange(1), help="Longest tile side, px.")
@click.option(
    "--map",
    "maps",
    multiple=True,
    metavar="BAND=NAME",
    help="Use scene band NAME (or its number) as model band BAND.",
)
@click.option("--probabilities", is_flag=True, help="Write the probability of each class as well.")
@click.option("--quiet", is_flag=True, help="Print nothing but errors.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON report for all scenes.")
def command(
    bundle: Path, scenes: tuple[Path, ...], out: Path, tile_px: int | None, maps: tuple[str, ...],
    probabilities: bool, quiet: bool, as_json: bool,
) -> None:  # fmt: skip
    """Run the command."""
    options = RunOptions(tile_px=tile_px, renamed=_renamed(maps), probabilities=probabilities)
    _check_names(scenes)
    reports: list[SceneReport] = []
    with load_model(open_bundle(bundle)) as model:
        # All scenes are opened before the first is run: a slip in the last must not cost an hour.
        for scene in scenes:
            with environment(), Raster(scene, model.source, options.renamed) as raster:
                plan_scene(model, raster, options)
        if not quiet and not as_json:
            line("model", _model_line(model))
        for scene in scenes:
            report = run_scene(model, scene, out, options, listener(quiet=quiet or as_json))
            reports.append(report)
            if not quiet and not as_json:
                size = shape_text(report.height_px, report.width_px)
                line("scene", f"{report.scene} · {size} px · {report.tiles} tiles")
                print_lines(report_lines(report))
    if as_json:
        click.echo(json.dumps([report.document() for report in reports], indent=2))


def _model_line(model: Model) -> str:
    engine = f"{model.engine.info.name} {model.engine.info.version}"
    halo = model.bundle.halo.reason()
    return f"{model.bundle.contract.name} · {model.choice.precision} on {engine} · halo {halo}"


def _renamed(maps: tuple[str, ...]) -> dict[str, str]:
    """Read `--map` options."""
    pairs = [text.partition("=") for text in maps]
    for text, (band, _, name) in zip(maps, pairs, strict=True):
        if not band or not name:
            raise BadInputError(f"--map {text!r} is not of the form BAND=NAME.")
    renamed = {band: name for band, _, name in pairs}
    if len(renamed) < len(pairs):
        raise BadInputError(
            "--map names a band twice.", seen=f"Given: {', '.join(maps)}.", fix="Keep one of them."
        )
    return renamed


def _check_names(scenes: tuple[Path, ...]) -> None:
    """Refuse scenes whose products would overwrite one another."""
    seen: dict[str, Path] = {}
    for scene in scenes:
        name = scene_name(scene)
        if name in seen:
            raise BadInputError(
                f"scenes {seen[name]} and {scene} would give products of the same name.",
                fix="Run them into different folders.",
            )
        seen[name] = scene
