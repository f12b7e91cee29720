"""`edgers run`: a bundle over scenes."""

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from edgers.bundle import open_bundle
from edgers.cli.fallback import fallback_lines, no_fallback_option
from edgers.cli.kept_lines import NOTHING_MADE, state_lines
from edgers.cli.progress import listener
from edgers.cli.run_options import options_from_chosen, run_options
from edgers.cli.show import line, print_lines, report_lines, table_lines
from edgers.cli.state_options import keeping_in, state_options
from edgers.errors import BadInputError
from edgers.kernels.kernel_cache import cache_state
from edgers.pipeline.model import Model, load_model
from edgers.pipeline.options import RunOptions
from edgers.pipeline.plan import open_scene, plan_scene
from edgers.pipeline.progress import Progress
from edgers.pipeline.report import SceneReport
from edgers.pipeline.run import run_scene
from edgers.pipeline.table_report import TableReport
from edgers.pipeline.table_run import open_rows, run_table, runs_as_table
from edgers.pipeline.two_towers import names_from_text, with_classes
from edgers.scene.folder import scene_name
from edgers.scene.open import environment
from edgers.state.run import Outcome, kept_inputs, run_kept


@click.command(
    help="Run BUNDLE over each SCENE: a file, a folder of band files, or a table (CSV, Parquet, "
    "GeoJSON of points, spectral library)."
)
@click.argument("bundle", type=click.Path(path_type=Path))
@click.argument("scenes", metavar="SCENE...", nargs=-1, type=click.Path(path_type=Path))
@click.option("-o", "--out", required=True, type=click.Path(path_type=Path), help="Output folder.")
@run_options
@no_fallback_option
@click.option(
    "--classes", metavar="NAMES",
    help="Look for these, parted by commas, with a model that has a text tower.",
)  # fmt: skip
@click.option("--restart", is_flag=True, help="Begin anew where an unfinished run is found.")
@state_options
@click.option("--quiet", is_flag=True, help="Print nothing but errors.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON report for all scenes.")
def command(
    bundle: Path, scenes: tuple[Path, ...], out: Path, no_fallback: bool, classes: str | None,
    state: Path | None, place: str | None, max_state: int | None, quiet: bool, as_json: bool,
    **chosen: Any,
) -> None:  # fmt: skip
    """Run the command."""
    options = options_from_chosen(**chosen)
    _check_names(scenes)
    if not scenes and not options.inputs:
        raise click.UsageError("Missing argument 'SCENE...': name a scene, or files by --input.")
    # Without a scene, all files are named by input: one run.
    todo: tuple[Path | None, ...] = scenes or (None,)
    reports: list[SceneReport | TableReport | Outcome] = []
    with load_model(open_bundle(bundle), allow_fallback=not no_fallback) as loaded:
        model = loaded if classes is None else with_classes(loaded, names_from_text(classes))
        if state is None:
            _try_all(model, todo, options)
        else:
            kept_inputs(model.inputs, options.inputs)
        if not quiet and not as_json:
            line("model", _model_line(model))
            print_lines(fallback_lines(model))
        with keeping_in(state, place, max_state) as keeping:
            for scene in todo:
                say = listener(quiet=quiet or as_json)
                if keeping is None:
                    reports.append(_run(model, scene, out, options, say))
                else:
                    reports.append(run_kept(model, scene, out, options, keeping, say))
                if not quiet and not as_json:
                    print_lines(_lines(reports[-1]))
    if not quiet and not as_json and (kernels := cache_state()).compiled:
        line("kernels", kernels.words())
    if as_json:
        click.echo(json.dumps([report.document() for report in reports], indent=2))
    if all(isinstance(one, Outcome) and one.report is None for one in reports):
        sys.exit(NOTHING_MADE)


def _run(
    model: Model, scene: Path | None, out: Path, options: RunOptions, say: Progress
) -> SceneReport | TableReport:
    """Run a scene, or a table."""
    if scene is not None and runs_as_table(model, scene):
        return run_table(model, scene, out, options, say)
    return run_scene(model, scene, out, options, say)


def _try_all(model: Model, scenes: Sequence[Path | None], options: RunOptions) -> None:
    """Open all scenes before the first is run: a slip in the last must not cost an hour."""
    for scene in scenes:
        with environment():
            if scene is not None and runs_as_table(model, scene):
                open_rows(model, scene, options)
                continue
            with open_scene(model, scene, options) as opened:
                plan_scene(model, opened, options)


def _lines(report: SceneReport | TableReport | Outcome) -> list[tuple[str, str]]:
    """Tell what became of a scene."""
    if isinstance(report, SceneReport):
        return report_lines(report)
    if isinstance(report, TableReport):
        return table_lines(report)
    made = [] if report.report is None else report_lines(report.report)
    return [*state_lines(report), *made]


def _model_line(model: Model) -> str:
    engine = f"{model.engine.info.name} {model.engine.info.version}"
    halo = model.bundle.halo.reason()
    return f"{model.bundle.contract.name} · {model.choice.precision} on {engine} · halo {halo}"


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
