"""Options of `edgers compile` that are for targets with a GPU."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from edgers.errors import BadInputError
from edgers.export.kit_options import KernelSource, KitOptions

Command = TypeVar("Command", bound=Callable[..., object])

_PATH = click.Path(path_type=Path)

OPTIONS = (
    click.option(
        "--kernels", type=_PATH, metavar="FOLDER",
        help="CUDA kernels built before (python -m edgers.kernels.aot). Without it they are built.",
    ),
    click.option(
        "--no-kernels", is_flag=True, help="Without CUDA kernels: inputs are prepared on the CPU."
    ),
    click.option(
        "--toolkits", type=_PATH, metavar="FOLDER",
        help="Where the CUDA toolkits are that kernels are built with; what is missing is fetched "
        "(2 GB). Without it, in the user's cache folder.",
    ),
    click.option("--dla", is_flag=True, help="Build for the DLA in FP16, the GPU for the rest."),
)  # fmt: skip


def kit_choices(command: Command) -> Command:
    """Give a command the options; it hands them to `kit_options_from_chosen`."""
    for option in reversed(OPTIONS):
        command = option(command)
    return command


def kit_options_from_chosen(chosen: dict[str, Any]) -> KitOptions:
    """Take the options out of what was chosen; raises BadInputError where they contradict."""
    folder, none = chosen.pop("kernels"), chosen.pop("no_kernels")
    if folder is not None and none:
        raise BadInputError("--kernels and --no-kernels contradict each other.")
    kernels = KernelSource(wanted=not none, folder=folder, toolkits=chosen.pop("toolkits"))
    return KitOptions(kernels=kernels, dla=chosen.pop("dla"))
