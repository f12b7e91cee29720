"""Options of a store, for the commands that put scenes into one."""

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

import click

from edgers.cli.memory import memory_bytes
from edgers.state.run import Keeping
from edgers.state.store import Store

Command = TypeVar("Command", bound=Callable[..., object])


def place_options(command: Command) -> Command:
    """Give a command `--place` and `--max-state`."""
    command = click.option(
        "--max-state", metavar="SIZE", callback=memory_bytes,
        help="Most that the store may take, such as 2GB: the oldest scenes go first.",
    )(command)  # fmt: skip
    return click.option(
        "--place", metavar="NAME", help="Place in the store; else found by the ground."
    )(command)


def state_options(command: Command) -> Command:
    """Give a command `--state`, and what is chosen with it."""
    return click.option(
        "--state", type=click.Path(path_type=Path),
        help="Store of earlier scenes, for models that need them; the new one goes into it.",
    )(place_options(command))  # fmt: skip


@contextlib.contextmanager
def keeping_in(
    state: Path | None, place: str | None, max_state: int | None
) -> Iterator[Keeping | None]:
    """Open the store that was chosen; None where none was."""
    if state is None:
        if place or max_state is not None:
            raise click.UsageError("--place and --max-state are of a store: name it with --state.")
        yield None
        return
    with Store(state) as store:
        yield Keeping(store=store, place=place, most_bytes=max_state)
