"""Compiling all CPU kernels ahead, or loading them, so that no run has to wait for a compiler.

Each module of `edgers.kernels.cpu` may give `WARMUP`: tiny calls that need every form of its
kernels that a run needs.
"""

import importlib
import pkgutil
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from edgers.kernels import cpu
from edgers.kernels.jit import LazyKernel
from edgers.kernels.kernel_cache import KernelCache, NotKeptError, cache_state, use_cache


@dataclass(frozen=True, slots=True, kw_only=True)
class Warmed:
    """What the calls of one module took."""

    name: str
    """Module, such as `ingest`."""
    loaded: int
    """Forms of kernels that were loaded."""
    compiled: int
    """Forms that were compiled."""
    missing: tuple[str, ...]
    """Kernels that are not kept, where nothing might be compiled: of each call the first."""
    seconds: float
    """Time on the clock."""


def warm_up() -> tuple[Warmed, ...]:
    """Compile or load every CPU kernel for the sample types of scenes."""
    return tuple(warmed_modules())


def warmed_modules() -> Iterator[Warmed]:
    """Do as `warm_up`, module by module as they are asked for."""
    for name, calls in warmup_calls().items():
        yield warmed(name, calls)


def warmup_calls() -> dict[str, tuple[Callable[[], object], ...]]:
    """Give the calls of each module that has some, by its name."""
    found = {}
    for module in sorted(pkgutil.iter_modules(cpu.__path__), key=lambda one: one.name):
        calls = getattr(importlib.import_module(f"{cpu.__name__}.{module.name}"), "WARMUP", ())
        if calls:
            found[module.name] = tuple(calls)
    return found


def warmed(name: str, calls: tuple[Callable[[], object], ...]) -> Warmed:
    """Run some calls and say what they took."""
    before, began = cache_state(), time.perf_counter()
    missing: list[str] = []
    for call in calls:
        try:
            call()
        except NotKeptError as error:
            missing.append(str(error))
    after = cache_state()
    return Warmed(
        name=name,
        loaded=after.loaded - before.loaded,
        compiled=after.compiled - before.compiled,
        missing=tuple(dict.fromkeys(missing)),
        seconds=time.perf_counter() - began,
    )


def begin_anew(cache: KernelCache) -> None:
    """Take another cache, and drop what this process has compiled: all comes from that cache.

    For commands that fill or check a folder; the kernels of a run that is under way go on.
    """
    use_cache(cache)
    for name, module in list(sys.modules.items()):
        if name.startswith("edgers.") and module is not None:
            for found in list(vars(module).values()):
                if isinstance(found, LazyKernel):
                    found.forget()
