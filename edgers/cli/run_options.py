"""Options of a run, for the commands that make or plan one."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar, get_args

import click

from edgers.cli.band_map import renamed_from_options
from edgers.cli.memory import memory_bytes
from edgers.contract.model import Blend
from edgers.errors import BadInputError
from edgers.pipeline.options import Cube, RunOptions
from edgers.products.features import Format

Command = TypeVar("Command", bound=Callable[..., object])

vectors_option = click.option(
    "--vectors",
    multiple=True,
    type=click.Choice(get_args(Format)),
    help="Also write outlines, of objects, tiles, classes or what reaches a threshold, in this "
    "format; again for each.",
)
alert_option = click.option(
    "--alert", is_flag=True, help="Also write what was found in at most 256 bytes of JSON."
)
ask_option = click.option(
    "--ask",
    "--prompt",
    "ask",
    multiple=True,
    metavar="QUESTION",
    help="Ask a model that answers in words, of each tile; again for each question.",
)

OPTIONS = (
    click.option("--tile", "tile_px", type=click.IntRange(1), help="Longest tile side, px."),
    click.option(
        "--overlap", "overlap_px", type=click.IntRange(0), help="Overlap on each side, px."
    ),
    click.option(
        "--blend", type=click.Choice(get_args(Blend)), help="How overlapping tiles are mixed."
    ),
    click.option(
        "--max-memory",
        "max_memory_bytes",
        metavar="SIZE",
        callback=memory_bytes,
        help="Most memory the process may take, such as 800MB: tiles are chosen so that it holds.",
    ),
    click.option(
        "--map",
        "maps",
        multiple=True,
        metavar="BAND=NAME",
        help="Use scene band NAME (or its number) as model band BAND.",
    ),
    click.option(
        "--input",
        "inputs",
        multiple=True,
        metavar="NAME=PATH",
        help="Read model input NAME from PATH; again for each file, or date, of it.",
    ),
    click.option(
        "--warp", metavar="CRS", help="Also write maps in CRS, such as EPSG:32630, or in 'utm'."
    ),
    vectors_option,
    click.option(
        "--simplify",
        "simplify_px",
        type=click.FloatRange(min=0),
        default=0.0,
        metavar="PX",
        help="Leave out points of outlines of pixels that are off by less than this.",
    ),
    alert_option,
    click.option(
        "--cube",
        type=click.Choice(get_args(Cube)),
        default="cog",
        show_default=True,
        help="How values are written: one COG, or an ENVI cube (BIL) with its header.",
    ),
    ask_option,
    click.option(
        "--probabilities", is_flag=True, help="Write the probability of each class as well."
    ),
)


def run_options(command: Command) -> Command:
    """Give a command the options of a run; it hands them to `options_from_chosen`."""
    for option in reversed(OPTIONS):
        command = option(command)
    return command


def options_from_chosen(
    maps: tuple[str, ...], inputs: tuple[str, ...], **chosen: Any
) -> RunOptions:
    """Read the options; raises BadInputError where a `--map` or `--input` is none, or there are no
    outlines to simplify.
    """
    if chosen.get("simplify_px") and not chosen.get("vectors"):
        raise BadInputError(
            "--simplify leaves out points of outlines, and none are asked for.",
            fix="Add --vectors with a format.",
        )
    renamed = renamed_from_options(maps)
    return RunOptions(renamed=renamed, inputs=_paths_by_input(inputs), **chosen)


def _paths_by_input(inputs: tuple[str, ...]) -> dict[str, tuple[Path, ...]]:
    """Read `--input` options; several of one name are the files, or dates, of it."""
    found: dict[str, tuple[Path, ...]] = {}
    for text in inputs:
        name, _, path = text.partition("=")
        if not name or not path:
            raise BadInputError(f"--input {text!r} is not of the form NAME=PATH.")
        found[name] = (*found.get(name, ()), Path(path))
    return found
