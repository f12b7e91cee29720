"""What runs inside a toolkit's environment: kernels to PTX, and nothing else.

    python -m edgers.kernels.aot.child < request.json > answer.json

Only Numba and this package's modules of CUDA kernels are imported.
"""

import functools
import hashlib
import importlib.metadata
import inspect
import json
import platform
import sys
from typing import Any, TextIO

from edgers.kernels.aot.signature import item_type
from edgers.kernels.cuda.entry import Entry
from edgers.kernels.cuda.registry import entries


def answer(request: dict[str, Any]) -> dict[str, Any]:
    """Compile the kernels of `package` for `cc`: all, or those named in `kernels`.

    A kernel that fails does not stop the others: `failures` gives the reason of each.
    """
    _keep_roundings()
    found = entries(request["package"])
    chosen = sorted(found) if request["kernels"] is None else request["kernels"]
    unknown = [name for name in chosen if name not in found]
    if unknown:
        return {"unknown": unknown, "known": sorted(found)}
    kernels, failures = {}, {}
    for name in chosen:
        try:
            kernels[name] = _kernel(found[name], tuple(request["cc"]))
        # Compilers fail in many ways. Each is told, by name, once all kernels have been tried.
        except Exception as error:
            failures[name] = f"{type(error).__name__}: {error}"
    return {"kernels": kernels, "failures": failures, "made_by": _versions()}


def _kernel(entry: Entry, cc: tuple[int, int]) -> dict[str, Any]:
    from numba import cuda, types

    arguments = []
    for argument in entry.signature:
        item = item_type(argument)
        arguments.append(types.CPointer(getattr(types, item)) if item else getattr(types, argument))
    text, _ = cuda.compile(
        entry.function, types.void(*arguments), cc=cc, device=False, abi="numba", output="ptx"
    )
    module = sys.modules[entry.function.__module__]
    return {
        "ptx": text,
        "signature": entry.signature,
        "module": module.__name__,
        "source_sha256": hashlib.sha256(inspect.getsource(module).encode()).hexdigest(),
    }


def _keep_roundings() -> None:
    """Have products and sums rounded one by one, as in numpy.

    Left to itself the compiler joins them into one operation, which rounds once: a value next to a
    whole number would then be cut off to another one than on a CPU. `numba.cuda.compile` has no
    setting for it. A kernel that wants the joined operation calls `cuda.fma`.
    """
    from numba.cuda.cudadrv import nvvm

    nvvm.compile_ir = functools.partial(nvvm.compile_ir, fma=False)


def _versions() -> dict[str, str]:
    names = ("numba", "numba-cuda", "llvmlite")
    found = {name: importlib.metadata.version(name) for name in names}
    return {"python": ".".join(platform.python_version_tuple()[:2])} | found


def main(source: TextIO, sink: TextIO) -> None:
    """Read a request and write its answer, both as JSON."""
    # Warnings of the compiler go to stderr, but a print on import would spoil the answer.
    sys.stdout = sys.stderr
    json.dump(answer(json.load(source)), sink)


if __name__ == "__main__":
    main(sys.stdin, sys.stdout)
