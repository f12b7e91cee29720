"""What the ahead-of-time build has to know of a CUDA kernel."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One kernel for one set of types."""

    name: str
    """Symbol in the cubin, such as `ingest_uint16`; unique among all kernels."""
    function: Callable[..., None]
    """Its source: self-contained, arrays indexed flat, one thread an item by `cuda.grid(1)`."""
    signature: tuple[str, ...]
    """Type of each argument: `float32*` for a pointer, `int32` for a scalar."""
