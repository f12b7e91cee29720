"""`--part`: the further graphs of a program, for commands that take a model."""

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import click

from edgers.errors import BadInputError

Command = TypeVar("Command", bound=Callable[..., object])


def part_option(command: Command) -> Command:
    """Give a command the option; it hands `parts` to `parts_from_texts`."""
    option: Callable[[Command], Command] = click.option(
        "--part",
        "parts",
        multiple=True,
        metavar="NAME=FILE",
        help="A further graph that the contract's edgers:program calls for, again for each.",
    )
    return option(command)


def parts_from_texts(texts: tuple[str, ...]) -> dict[str, Path]:
    """Read NAME=FILE pairs; raises BadInputError where one is none, or a name is there twice."""
    found: dict[str, Path] = {}
    for text in texts:
        name, equals, path = text.partition("=")
        if not (name and equals and path) or name in found:
            raise BadInputError(
                f"--part {text!r} is not usable.", rule="Each is NAME=FILE, each name once."
            )
        found[name] = Path(path)
    return found
