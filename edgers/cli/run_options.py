"""Options of a run, for the commands that make or plan one."""

from collections.abc import Callable
from typing import Any, TypeVar, get_args

import click

from edgers.cli.band_map import renamed_from_options
from edgers.cli.memory import memory_bytes
from edgers.contract.model import Blend
from edgers.pipeline.options import RunOptions

Command = TypeVar("Command", bound=Callable[..., object])

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
        "--probabilities", is_flag=True, help="Write the probability of each class as well."
    ),
)


def run_options(command: Command) -> Command:
    """Give a command the options of a run; it hands them to `options_from_chosen`."""
    for option in reversed(OPTIONS):
        command = option(command)
    return command


def options_from_chosen(maps: tuple[str, ...], **chosen: Any) -> RunOptions:
    """Read the options; raises BadInputError where a `--map` is none."""
    return RunOptions(renamed=renamed_from_options(maps), **chosen)
