"""A copy of the package with three small kernels alone, whose sources a test may change."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import edgers

REAL = Path(edgers.__file__).parent

NUMBER = "NUMBER = 2.0\n"
INNER = """\
from edgers.kernels.cpu.number import NUMBER
from edgers.kernels.jit import kernel

@kernel
def inner(x):
    return x * NUMBER
"""
OUTER = """\
import numpy as np

from edgers.kernels.cpu.inner import inner
from edgers.kernels.jit import kernel

@kernel
def outer(x):
    total = 0.0
    for i in range(len(x)):
        total += inner(x[i])
    return total

@kernel
def alone(x):
    return x + 1

WARMUP = (lambda: outer(np.ones(1)), lambda: alone(1))
"""
ASK = """\
import json
import numpy as np
from edgers.kernels.cpu.outer import alone, outer
from edgers.kernels.kernel_cache import cache_state
numbers = outer(np.arange(4.0)), alone(1)
state = cache_state()
print(json.dumps([*numbers, state.loaded, state.compiled, state.unkept, state.notes]))
"""


def kernel_tree(folder: Path) -> Path:
    """Make the copy; the other packages are those of the real tree."""
    package = folder / "edgers"
    package.mkdir(parents=True)
    for path in REAL.iterdir():
        if path.name not in ("kernels", "__pycache__"):
            (package / path.name).symlink_to(path.resolve())
    kernels = package / "kernels"
    left_out = shutil.ignore_patterns("__pycache__", "__cache__", "aot", "cuda")
    shutil.copytree((REAL / "kernels").resolve(), kernels, ignore=left_out)
    for path in (kernels / "cpu").glob("*.py"):
        if "WARMUP" in path.read_text():
            path.write_text(path.read_text() + "\nWARMUP = ()\n")
    for name, text in (("number", NUMBER), ("inner", INNER), ("outer", OUTER)):
        (kernels / "cpu" / f"{name}.py").write_text(text)
    return folder


def python(tree: Path, *arguments: object, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run Python on a copy of the package; kernels are kept beside it unless told otherwise."""
    kept = {} if "XDG_CACHE_HOME" in variables else {"EDGERS_KERNEL_CACHE": str(tree / "kept")}
    ours = {name: value for name, value in os.environ.items() if name != "EDGERS_KERNEL_CACHE"}
    environment = {**ours, "PYTHONPATH": str(tree), **kept, **variables}
    return subprocess.run(
        [sys.executable, *map(str, arguments)], cwd=tree, env=environment, capture_output=True,
        text=True,
    )  # fmt: skip


def ask(tree: Path, code: str = ASK, **variables: str) -> tuple[Any, ...]:
    """Run the kernels: give both results, forms loaded, compiled and not kept, and the notes."""
    done = python(tree, "-c", code, **variables)
    assert done.returncode == 0, done.stderr
    return tuple(json.loads(done.stdout))
