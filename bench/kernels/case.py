"""One kernel on data of a usual size, beside its numpy reference."""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import count
from threading import local
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """What is timed."""

    name: str
    """Kernel and data type, such as `ingest uint16`."""
    moved_bytes: int
    """Bytes that one call must at least read and write."""
    fast: Callable[[], object]
    """Calls the CPU kernel; may be called from two threads at once."""
    plain: Callable[[], object]
    """Calls what it is compared with."""
    rival: str = "numpy"
    """What that is."""
    into: Callable[[], object] | None = None
    """Calls the kernel with memory for what it gives, which then stands beside a copy into memory
    that is there; None where it asks for its own, as the copy then does."""


def by_thread(work: Callable[..., object], data: list[tuple[Any, ...]]) -> Callable[[], object]:
    """Call `work` on data of the calling thread's own, as far as there are enough of them."""
    own, numbers = local(), count()

    def call() -> object:
        if not hasattr(own, "data"):
            own.data = data[next(numbers) % len(data)]
        return work(*own.data)

    return call
