"""How a CUDA kernel is launched: threads of a block, and arguments as a driver is given them."""

from collections.abc import Sequence

THREADS = 256
"""Threads of a block: 256 × 128 registers are what the smallest boards have."""

LETTERS = {"int32": "i", "uint32": "I", "int64": "q", "float32": "f", "float64": "d"}
"""Format letters of Python's `struct`, which PyCUDA reads, for what is passed by value."""


def struct_format(signature: Sequence[str]) -> str:
    """Give the letters PyCUDA prepares a launch by, such as `PPi`; P is a pointer.

    Raises ValueError for a type that no kernel takes.
    """
    unknown = [kind for kind in signature if not kind.endswith("*") and kind not in LETTERS]
    if unknown:
        raise ValueError(f"a CUDA kernel cannot take an argument of type {unknown[0]!r}")
    return "".join("P" if kind.endswith("*") else LETTERS[kind] for kind in signature)


def blocks_for(items: int, threads: int = THREADS) -> int:
    """Give how many blocks have a thread for each item."""
    return -(-items // threads)
