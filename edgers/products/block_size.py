"""How large the blocks of a raster are: all bands of a block lie together."""

import numpy as np

BLOCK_PX = 256
"""Block side of products; overviews are made down to one block."""

BLOCK_BYTES = 4 * 2**20
"""Most that a block of all bands takes: GDAL holds several, and blocks of 224 bands of float32 with
sides of 256 px would have 59 MB each."""

LEAST_BLOCK_PX = 64
"""Smallest side of a block."""


def block_px(bands: int, data_type: str) -> int:
    """Give the side of the blocks of a raster of so many bands, of a type in numpy's words."""
    bytes_per_px = bands * np.dtype(data_type).itemsize
    side = BLOCK_PX
    while side > LEAST_BLOCK_PX and bytes_per_px * side**2 > BLOCK_BYTES:
        side //= 2
    return side
