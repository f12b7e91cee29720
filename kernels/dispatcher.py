"""From a function to what Numba compiles it with, with our disk cache in place of Numba's.

Numba's cache reads no folder that it cannot write into, trusts the bytes that it finds, lets two
processes that write at once mix up their files, and knows a function's own source alone
(`numba/core/caching.py`, 0.61 and 0.68). This one stands where Numba asks for its own: the
attribute `_cache` of a dispatcher, with `load_overload` and `save_overload`.
"""

import hashlib
import pickle
from collections.abc import Callable
from types import FunctionType
from typing import Any

import numba
from numba.core.compiler import CompileResult
from numba.core.compiler_lock import global_compiler_lock
from numba.core.serialize import dumps

from edgers.kernels.kernel_cache import open_cache
from edgers.kernels.kernel_sources import PACKAGE_NAME, source_digest

COMPILER_LOCK = global_compiler_lock
"""Held where kernels are made: a lock of our own beside it could be taken in the other order."""


def dispatcher_of(function: Callable[..., Any], *, is_inner: bool = False) -> Any:
    """Give what compiles and runs a function; the bare function under NUMBA_DISABLE_JIT.

    An inner form is for other kernels: it cannot be called from Python.
    """
    # Numba makes an entry for Python and one for C beside each form, though nothing asks for them:
    # both took a third of the time to compile a short kernel.
    if is_inner:
        function = _twin(function)
    found: Any = numba.njit(
        nogil=True, error_model="numpy", no_cfunc_wrapper=True, no_cpython_wrapper=is_inner
    )(function)
    if hasattr(found, "_cache"):
        found._cache = DispatcherCache(function, is_inner=is_inner)
    return found


def _twin(function: Any) -> Any:
    """Copy a function: Numba takes one that is compiled for Python and, meanwhile, for itself as
    another kernel for a compilation that never ends.
    """
    twin = FunctionType(
        function.__code__, function.__globals__, function.__name__, function.__defaults__,
        function.__closure__,
    )  # fmt: skip
    twin.__qualname__, twin.__kwdefaults__ = function.__qualname__, function.__kwdefaults__
    return twin


class DispatcherCache:
    """What Numba asks for compiled forms of one function (`numba.core.caching._Cache`)."""

    cache_path = None

    def __init__(self, function: Callable[..., Any], *, is_inner: bool = False) -> None:
        self._where = function.__module__, function.__qualname__, is_inner
        self._name = f"{function.__module__.removeprefix(PACKAGE_NAME + '.')}.{function.__name__}"
        # A closure or lambda is not found again by its name.
        self._sources = "" if "<" in function.__qualname__ else source_digest(function.__module__)

    def load_overload(self, signature: Any, target_context: Any) -> Any:
        """Give the compiled form for a signature, or None where it has to be compiled."""
        # Numba's own tables have to be complete before a form is linked.
        target_context.refresh()
        cache = open_cache()
        if self._sources:
            content = cache.load(*self._label(signature, target_context.codegen()))
            found = None if content is None else self._rebuilt(content, signature, target_context)
            if found is not None:
                cache.note_loaded()
                return found
        cache.check_compiling(self._name)
        return None

    def save_overload(self, signature: Any, compiled: Any) -> None:
        """Keep a form that was just compiled."""
        cache = open_cache()
        cache.note_compiled()
        if self._sources and not compiled.library.has_dynamic_globals and not compiled.lifted:
            name, key = self._label(signature, compiled.codegen)
            cache.keep(name, key, dumps((signature, compiled._reduce())))

    def enable(self) -> None:
        """Do nothing: a cache is always on."""

    def disable(self) -> None:
        """Do nothing: a cache is always on."""

    def flush(self) -> None:
        """Do nothing: what is kept is right for its key."""

    def _label(self, signature: Any, codegen: Any) -> tuple[str, str]:
        """Give the name of a form's file, and what the form is for in full.

        The name holds function, sample types and processor, so that a form made from newer sources
        takes the place of the older one.
        """
        form = repr((*self._where, str(signature), codegen.magic_tuple()))
        name = f"{self._name}-{hashlib.sha256(form.encode()).hexdigest()[:32]}"
        return name, f"{self._sources} {form}"

    def _rebuilt(self, content: bytes, signature: Any, target_context: Any) -> Any:
        try:
            kept_signature, reduced = pickle.loads(content)
            # Types of two kinds may share a name.
            if kept_signature != signature:
                return None
            return CompileResult._rebuild(target_context, *reduced)
        # Anything can come out of a pickle that another program wrote; all of it means the same.
        except Exception as error:
            open_cache().note_damage(f"{self._name} cannot be loaded ({type(error).__name__}).")
            return None
