"""The worked example of a page: its Python, then its commands, and what they are said to print."""

import os
import re
import shlex
from dataclasses import dataclass
from pathlib import Path

from builders.runs import edgers

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Step:
    """One command of an example."""

    command: str
    """What is typed."""
    told: tuple[str, ...]
    """Lines that it is said to print; `…` stands for anything."""


def blocks_of(page: Path, language: str) -> list[str]:
    """Give the code blocks of a page in a language; those of commands have none."""
    found = re.findall(r"^```(\w*)\n(.*?)^```$", page.read_text(), re.M | re.S)
    return [text for name, text in found if name == language]


def steps_of(page: Path) -> list[Step]:
    """Give the commands of a page (`$ edgers …`), in order."""
    steps: list[Step] = []
    for block in blocks_of(page, ""):
        for part in re.split(r"^\$ ", block, flags=re.M)[1:]:
            command, *told = part.rstrip().splitlines()
            steps.append(Step(command=command, told=tuple(told)))
    return steps


def run_example(page: Path, folder: Path) -> int:
    """Run the example of a page in `folder`; give how many commands it has.

    Fails where a command does, or does not print what the page says.
    """
    before = Path.cwd()
    os.chdir(folder)
    try:
        exec(
            compile("\n".join(blocks_of(page, "python")), str(page), "exec"),
            {"__name__": "example"},
        )
        steps = steps_of(page)
        for step in steps:
            program, *arguments = shlex.split(step.command)
            assert program == "edgers"
            done = edgers(*arguments)
            assert done.code == 0, f"{step.command}\n{done.err}"
            for line in step.told:
                pattern = re.escape(line.rstrip()).replace("…", ".*")
                assert re.search(f"^{pattern}", done.out, re.M), f"{line}\nnot in\n{done.out}"
    finally:
        os.chdir(before)
    return len(steps)
