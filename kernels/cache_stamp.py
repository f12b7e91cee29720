"""What makes all kept kernels stale at once: another EdgeRS, Python, Numba, LLVM or numpy."""

import hashlib
import importlib
import sys

import numpy as np

from edgers import __version__

SETTINGS = ("OPT", "BOUNDSCHECK", "LOOP_VECTORIZE", "SLP_VECTORIZE", "DEBUGINFO_DEFAULT")
"""Settings of Numba (environment variables `NUMBA_…`) that change the machine code."""


def kernel_stamp() -> str:
    """Name what this installation compiles with, in 16 hexadecimal digits; imports Numba."""
    import numba

    versions = (
        __version__, sys.implementation.cache_tag, getattr(sys, "abiflags", ""),
        numba.__version__, importlib.import_module("llvmlite").__version__, np.__version__,
        *(str(getattr(numba.config, name, None)) for name in SETTINGS),
    )  # fmt: skip
    return hashlib.sha256(repr(versions).encode()).hexdigest()[:16]
