"""Matrices as numpy keeps them (.npy): they can be mapped into memory."""

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import numpy.typing as npt


def write_npy(
    path: Path, shape: tuple[int, int], pieces: Iterable[npt.NDArray[np.float32]]
) -> None:
    """Write a float32 matrix of `shape`, its rows a piece at a time, in little-endian order."""
    header = {"descr": "<f4", "fortran_order": False, "shape": shape}
    with path.open("wb") as file:
        np.lib.format.write_array_header_1_0(file, header)
        for piece in pieces:
            file.write(np.ascontiguousarray(piece, "<f4").data)
