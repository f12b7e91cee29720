"""The environment a toolkit lies in: made once, by one process at a time, and found again."""

import fcntl
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from edgers.errors import EdgersError
from edgers.kernels.aot.toolkits import TOOLKITS, Toolkit

DEFAULT_FOLDER = Path(".venv-aot")
COMPLETE = "complete.json"
# What would lead a child to other packages or another toolkit than its own.
FOREIGN = ("PYTHON", "NUMBA", "CUDA", "LD_LIBRARY_PATH", "LD_PRELOAD", "VIRTUAL_ENV")


class ToolkitError(EdgersError):
    """A toolkit that cannot be set up on this machine."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Environment:
    """A toolkit that stands ready."""

    python: Path
    """Interpreter with its packages."""
    ptxas: Path
    """Its assembler."""


def environment_from_toolkit(name: str, folder: Path) -> Environment:
    """Find the environment of a toolkit in a folder, or make it there.

    A second process that wants it waits until it is whole. One that was left half made, or made
    for other versions, is made anew. Raises ToolkitError where it cannot be made.
    """
    toolkit, place = TOOLKITS[name], folder.absolute() / name
    # Packages are compiled for a version of Python, so this is a part of what was installed.
    wanted = json.dumps([sys.version_info[:2], sys.executable, toolkit.requirements])
    with _lock(place):
        if not _holds(place / COMPLETE, wanted):
            _make(place, toolkit)
            (place / COMPLETE).write_text(wanted)
    return _found(place, toolkit)


def child_variables(search_path: Path | None = None) -> dict[str, str]:
    """Give the variables a child is started with: nothing of this process's Python or CUDA."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(FOREIGN)}
    kept |= {"PYTHONDONTWRITEBYTECODE": "1", "PYTHONHASHSEED": "0", "PYTHONNOUSERSITE": "1"}
    return kept | ({"PYTHONPATH": str(search_path)} if search_path else {})


@contextmanager
def _lock(place: Path) -> Iterator[None]:
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        handle = place.with_name(f"{place.name}.lock").open("w")
    except OSError as error:
        raise ToolkitError(
            f"CUDA toolkits cannot be kept in {place.parent}.",
            seen=f"{error.strerror}.",
            fix="Give another folder with --environments.",
        ) from error
    with handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def _holds(path: Path, text: str) -> bool:
    return path.is_file() and path.read_text() == text


def _make(place: Path, toolkit: Toolkit) -> None:
    shutil.rmtree(place, ignore_errors=True)
    python = str(_python(place))
    venv, pip = ["venv"], [python, "-m", "pip"]
    if _reaches_others():
        # To put a pip of its own there takes seconds.
        venv, pip = ["venv", "--without-pip"], [sys.executable, "-m", "pip", "--python", python]
    _run([sys.executable, "-m", *venv, str(place)], place.name)
    quietly = ("--quiet", "--disable-pip-version-check")
    _run([*pip, "install", *quietly, *toolkit.requirements], place.name)


def _reaches_others() -> bool:
    """Tell whether this environment's pip installs into others too: 22.3 is the first that does."""
    try:
        numbers = metadata.version("pip").split(".")
        return (int(numbers[0]), int(numbers[1])) >= (22, 3)
    except (metadata.PackageNotFoundError, ValueError, IndexError):
        return False


def _run(command: list[str], name: str) -> None:
    done = subprocess.run(
        command, env=child_variables(), capture_output=True, text=True, errors="replace"
    )
    if done.returncode:
        raise ToolkitError(
            f"the toolkit {name} cannot be set up.",
            seen="\n".join((done.stderr or done.stdout).strip().splitlines()[-5:]),
            rule=f"It needs {', '.join(TOOLKITS[name].requirements)}.",
            fix="See that pip can fetch these for this machine and Python, and try again.",
        )


def _found(place: Path, toolkit: Toolkit) -> Environment:
    for ptxas in place.glob(f"lib/python*/site-packages/{toolkit.ptxas}"):
        return Environment(python=_python(place), ptxas=ptxas)
    raise ToolkitError(
        f"the toolkit {place.name} has no assembler.",
        rule=f"It should lie at {toolkit.ptxas} among its packages.",
        fix=f"Remove {place} and try again.",
    )


def _python(place: Path) -> Path:
    return place / "bin" / "python"
