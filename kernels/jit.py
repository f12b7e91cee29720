"""How the CPU kernels are compiled: by Numba, at the first call, and kept on disk where that works.

A kernel lets other threads run beside it (`nogil`), does arithmetic as numpy does it (division by
zero gives infinity, no reordering of sums), and touches nothing but its arguments. Numba itself is
imported by the first call, so that commands which run no kernel do not wait for it. How compiled
kernels are kept: `docs/kernels.md`.
"""

import functools
from collections.abc import Callable
from typing import Any, TypeVar, cast

Function = TypeVar("Function", bound=Callable[..., Any])


class LazyKernel:
    """A kernel that becomes a Numba dispatcher when it is first called."""

    def __init__(self, function: Callable[..., Any]) -> None:
        functools.update_wrapper(self, function)
        self._function = function
        self._dispatcher: Any = None
        self._inner: Any = None

    def __call__(self, *arguments: Any, **more: Any) -> Any:
        """Run the compiled function; the first call with new types compiles or loads it."""
        dispatcher = self._dispatcher
        if dispatcher is None:
            dispatcher = self._made()
        return dispatcher(*arguments, **more)

    def __reduce__(self) -> str:
        # As a function is pickled: by its name.
        return self._function.__qualname__

    @property
    def _numba_type_(self) -> Any:
        """What Numba asks for where one kernel calls another."""
        from edgers.kernels.dispatcher import COMPILER_LOCK, dispatcher_of

        with COMPILER_LOCK:
            if self._inner is None:
                self._inner = dispatcher_of(self._function, is_inner=True)
            return self._inner._numba_type_

    def forget(self) -> None:
        """Drop what this process has compiled; the next call begins anew."""
        self._dispatcher = self._inner = None

    def _made(self) -> Any:
        from edgers.kernels.dispatcher import COMPILER_LOCK, dispatcher_of

        with COMPILER_LOCK:
            if self._dispatcher is None:
                self._dispatcher = dispatcher_of(self._function)
            return self._dispatcher


def kernel(function: Function) -> Function:
    """Compile a function for the CPU at its first call, or take it from the disk cache."""
    return cast(Function, LazyKernel(function))
