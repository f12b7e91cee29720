"""Kernels to PTX by a child process in a toolkit's environment, one for each capability."""

import json
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import edgers
import edgers.kernels
from edgers.errors import BadInputError, EdgersError
from edgers.kernels.aot.capabilities import Capability
from edgers.kernels.aot.environment import Environment, ToolkitError, child_variables
from edgers.kernels.cuda.registry import PACKAGE


def translate(
    capability: Capability,
    environment: Environment,
    kernels: Sequence[str] | None = None,
    *,
    package: str = PACKAGE,
    search_path: Path | None = None,
) -> dict[str, Any]:
    """Give what `edgers.kernels.aot.child` answers: PTX as Numba wrote it, of each kernel.

    `search_path` is where `package` is found if not in this one. Raises BadInputError for names
    of no kernel, ToolkitError where the child fails, EdgersError naming each kernel that does.
    """
    request = {
        "package": package,
        "cc": capability.cc,
        "kernels": None if kernels is None else sorted(set(kernels)),
    }
    with _sources(search_path) as folder:
        done = subprocess.run(
            [str(environment.python), "-m", "edgers.kernels.aot.child"],
            input=json.dumps(request), capture_output=True, text=True, cwd=folder,
            env=child_variables(folder),
        )  # fmt: skip
    if done.returncode:
        raise ToolkitError(
            f"the kernel compiler for {capability.arch} ended with {done.returncode}.",
            seen="\n".join(done.stderr.strip().splitlines()[-5:]),
        )
    answer: dict[str, Any] = json.loads(done.stdout)
    if "unknown" in answer:
        raise BadInputError(
            f"there is no CUDA kernel called {', '.join(answer['unknown'])}.",
            rule=f"There are {', '.join(answer['known'])}.",
        )
    if answer["failures"]:
        told = [f"{name}: {reason}" for name, reason in answer["failures"].items()]
        raise EdgersError(
            f"CUDA kernels cannot be compiled for {capability.arch}.",
            seen="\n".join(told),
            rule="A kernel is self-contained and takes pointers and scalars only.",
        )
    return answer


@contextmanager
def _sources(search_path: Path | None) -> Iterator[Path]:
    """Give a folder to import from that has this package and nothing of its neighbours.

    A folder of installed packages would bring in this process's Numba as well. `edgers/kernels`
    may be a link, a folder, or missing where Git makes no links.
    """
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "edgers").mkdir()
        for path in Path(edgers.__path__[0]).iterdir():
            if path.name != "kernels":
                (folder / "edgers" / path.name).symlink_to(path.absolute())
        kernels = Path(edgers.kernels.__path__[0])
        (folder / "edgers" / "kernels").symlink_to(kernels.absolute())
        if search_path:
            for path in search_path.iterdir():
                (folder / path.name).symlink_to(path.absolute())
        yield folder
