"""One kernel on data of a usual size, beside its numpy reference."""

from collections.abc import Callable
from dataclasses import dataclass


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
