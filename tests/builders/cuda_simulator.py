"""CUDA kernels run by Numba's simulator: slow, so on a few hundred items at most."""

import warnings
from collections.abc import Callable
from typing import Any

from numba import cuda


def launch(function: Callable[..., None], items: int, *arguments: Any, threads: int = 16) -> None:
    """Run a kernel with one thread for each of `items`, and some beyond as on a device."""
    blocks = items // threads + 1
    with warnings.catch_warnings():
        # A device computes with infinity and NaN without a word, and so does it here.
        warnings.simplefilter("ignore", RuntimeWarning)
        cuda.jit(function)[blocks, threads](*arguments)
