"""Whether another engine than the preferred may run, and what is said where one does."""

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

import click

if TYPE_CHECKING:  # it imports runtimes, which a preflight can do without
    from edgers.pipeline.model import Model

Command = TypeVar("Command", bound=Callable[..., object])


def no_fallback_option(command: Command) -> Command:
    """Give a command `--no-fallback`, as `no_fallback`."""
    return click.option(
        "--no-fallback",
        is_flag=True,
        help="Fail where the engine that the bundle prefers does not run here.",
    )(command)


def fallback_lines(model: "Model") -> list[tuple[str, str]]:
    """Say what runs in place of the preferred engine, and why; nothing where that runs."""
    if not model.passed_over:
        return []
    info = model.engine.info
    runs = f"running {model.choice.precision} on {info.name} {info.version} here"
    return [("fallback", " · ".join([runs, *model.passed_over]))]
