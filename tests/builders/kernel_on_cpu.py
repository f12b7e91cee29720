"""CUDA kernels of one thread an item, compiled for the CPU: the same source, many times as fast.

The simulator takes a millisecond for a few threads, which is too slow for kernels of whole tiles.
Only kernels that ask for nothing but `cuda.grid(1)` can be run so.
"""

import ast
import inspect
import textwrap
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

import numba
import numpy as np


class _Grid(ast.NodeTransformer):
    """Puts the name of an argument where the kernel asks which thread it is."""

    def visit_Call(self, node: ast.Call) -> ast.AST:
        self.generic_visit(node)
        if ast.unparse(node) == "cuda.grid(1)":
            return ast.copy_location(ast.Name("which_thread", ast.Load()), node)
        return node


@cache
def loop(function: Callable[..., None]) -> Callable[..., None] | None:
    """Give `run(threads, *arguments)`; None for a kernel whose threads need one another."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
    tree = ast.fix_missing_locations(_Grid().visit(tree))
    if any(isinstance(node, ast.Name) and node.id == "cuda" for node in ast.walk(tree)):
        return None
    kernel = tree.body[0]
    assert isinstance(kernel, ast.FunctionDef)
    kernel.args.args.insert(0, ast.arg("which_thread"))
    for argument in kernel.args.args:
        argument.annotation = None
    space = dict(function.__globals__)
    exec(compile(ast.fix_missing_locations(tree), inspect.getfile(function), "exec"), space)
    # A place outside an array is an error here; on a device it would be anything.
    one = numba.njit(boundscheck=True, error_model="numpy")(space[kernel.name])

    @numba.njit(boundscheck=True)  # type: ignore[untyped-decorator]
    def run(threads: int, *arguments: Any) -> None:
        for thread in range(threads):
            one(thread, *arguments)

    return run  # type: ignore[no-any-return]


def run_on_cpu(
    run: Callable[..., None], kinds: Sequence[str], threads: int, given: Sequence[Any]
) -> None:
    """Run all threads in turn; numbers are of the kinds that the kernel takes.

    Numba has no half precision on a CPU: such arrays are computed in float32 and rounded at the
    end, as a device does when it stores one.
    """
    halves, arguments = [], []
    for kind, value in zip(kinds, given, strict=True):
        if kind == "float16*":
            wide = value.astype(np.float32)
            halves.append((value, wide))
            arguments.append(wide)
        else:
            arguments.append(value if kind.endswith("*") else np.dtype(kind).type(value))
    run(threads, *arguments)
    with np.errstate(over="ignore"):
        for value, wide in halves:
            value[:] = wide
