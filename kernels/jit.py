"""How the CPU kernels are compiled: by Numba, once, and kept on disk where that is possible.

A kernel lets other threads run beside it (`nogil`), does arithmetic as numpy does it (division by
zero gives infinity, no reordering of sums), and touches nothing but its arguments.
"""

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numba

Kernel = TypeVar("Kernel", bound=Callable[..., Any])


def kernel(function: Kernel) -> Kernel:
    """Compile a function for the CPU at its first call, or take it from the disk cache."""
    try:
        found = numba.njit(nogil=True, cache=True, error_model="numpy")(function)
    except RuntimeError:
        # No folder a cache could be kept in, as on a read-only root: compiled again each time.
        found = numba.njit(nogil=True, error_model="numpy")(function)
    return cast(Kernel, found)
