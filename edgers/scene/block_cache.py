"""How much of a scene GDAL must keep so that each block of a file is decoded once.

Tiles of one row share the blocks they lie on with the tiles of the next row. While a row of tiles
is read, GDAL's cache has to hold the blocks under it; with less, every block at a border of tile
rows is decoded again for each.
"""

import ctypes
import math
from collections.abc import Iterable, Sequence

import numpy as np
import rasterio
from rasterio.enums import Interleaving
from rasterio.io import DatasetReader
from rasterio.vrt import WarpedVRT

from edgers.tiling.axis_tiles import AxisPlan
from edgers.tiling.grid import Grid, Order

SLACK_BYTES = 8 * 2**20
"""For blocks of masks and of what else GDAL opens beside a scene."""

KERNEL_PX = 8
"""Source pixels on each side that resampling looks at: Lanczos at 1:1 needs 3, averages of coarse
pixels more; at other scales this is times the scale."""

LARGEST_BYTES = 2**29
"""Most that is kept for scenes read through another grid, where rows of tiles may lie across all
rows of a file."""

BLOCK_OVERHEAD_BYTES = 256
"""What GDAL keeps about a block beside its samples (gcore/gdalrasterblock.cpp), rounded up."""

DECODED_BYTES = 4
"""What JPEG 2000 decodes a sample to, whatever its type."""


Used = tuple[DatasetReader | WarpedVRT, Sequence[int]]
"""A file, or its view on another grid, and the numbers of the bands read of it."""


def cache_bytes(files: Iterable[Used], grid: Grid) -> int:
    """Give the size GDAL's block cache needs for tiles worked on in the order of `grid`."""
    return SLACK_BYTES + sum(_file_bytes(dataset, used, grid) for dataset, used in files)


def decoding_bytes(files: Iterable[Used]) -> int:
    """Give what decoding one block takes beside the cache, of the file with the largest blocks."""
    return max(map(_decoded_bytes, files))


def set_cache(size_bytes: int) -> None:
    """Let GDAL's block cache of this process hold so many bytes; what it held beyond is freed.

    To be called inside `open.environment()`: it holds until that ends.
    """
    with rasterio.Env(GDAL_CACHEMAX=size_bytes):
        pass
    # glibc keeps freed blocks for itself; other C libraries have no such call.
    if (trim := getattr(ctypes.CDLL(None), "malloc_trim", None)) is not None:
        trim(0)


def better_order(files: Sequence[Used], by_rows: Grid, by_columns: Grid) -> Order:
    """Choose the order of work that needs the smaller cache; rows where it is much the same."""
    rows, columns = cache_bytes(files, by_rows), cache_bytes(files, by_columns)
    return "columns" if columns < 0.8 * rows else "rows"


def _file_bytes(dataset: DatasetReader | WarpedVRT, used: Sequence[int], grid: Grid) -> int:
    """Give what must be kept of one file, and of its view on another grid."""
    kept = _kept_bytes(dataset, used, grid, (1.0, 1.0), 0)
    if not isinstance(dataset, WarpedVRT):
        return kept
    source = dataset.src_dataset
    scale = source.height / dataset.height, source.width / dataset.width
    below = _kept_bytes(source, used, grid, scale, math.ceil(KERNEL_PX * max(1.0, *scale)))
    if source.crs != dataset.crs or source.transform.b != dataset.transform.b:
        # Rows of one grid run across rows of the other.
        below = min(max(2 * below, LARGEST_BYTES), _whole_bytes(source, used))
    return below + kept


def _kept_bytes(
    dataset: DatasetReader | WarpedVRT, used: Sequence[int], grid: Grid,
    scale: tuple[float, float], reach_px: int,
) -> int:  # fmt: skip
    """Give the bytes of the blocks under one row (or column) of tiles, and one block more."""
    height, width = dataset.block_shapes[0]
    if grid.order == "rows":
        lines = _lines(grid.rows, height, dataset.height, scale[0], reach_px)
        along = math.ceil(dataset.width / width)
    else:
        lines = _lines(grid.columns, width, dataset.width, scale[1], reach_px)
        along = math.ceil(dataset.height / height)
    block = height * width * _pixel_bytes(dataset, used) + BLOCK_OVERHEAD_BYTES
    return int(min(lines * (along + 1) * block, _whole_bytes(dataset, used) + block))


def _lines(plan: AxisPlan, block_px: int, size_px: int, scale: float, reach_px: int) -> int:
    """Give the most rows of blocks that lie under one row of tiles.

    A block is asked for again by the next row of tiles if at all. Until then come the blocks of the
    row before from its column on, and those of the next row up to it: one row of tiles in all.
    """
    spans = []
    for tile in plan.tiles:
        first = max(0, math.floor(tile.window_start * scale) - reach_px)
        last = min(size_px, math.ceil(min(tile.window_stop, plan.size_px) * scale) + reach_px)
        spans.append(-(-last // block_px) - first // block_px)
    return max(spans)


def _decoded_bytes(file: Used) -> int:
    """Give the bytes of a block while it is decoded, all bands where they share blocks."""
    dataset, used = file
    source = dataset.src_dataset if isinstance(dataset, WarpedVRT) else dataset
    height, width = source.block_shapes[0]
    bands = source.count if source.interleaving == Interleaving.pixel else 1
    widest = max(np.dtype(_plain(source.dtypes[band - 1])).itemsize for band in used)
    return int(height * width) * bands * max(DECODED_BYTES, widest)


def _pixel_bytes(dataset: DatasetReader | WarpedVRT, used: Sequence[int]) -> int:
    """Give the bytes of one pixel in the cache: of all bands where they share blocks."""
    shared = dataset.interleaving == Interleaving.pixel
    return sum(
        np.dtype(_plain(name)).itemsize
        for band, name in enumerate(dataset.dtypes, 1)
        if shared or band in used
    )


def _plain(data_type: str) -> str:
    """Give numpy's type of the size GDAL's has; complex integers are two of theirs."""
    return {"complex_int16": "int32", "complex_int32": "int64"}.get(data_type, data_type)


def _whole_bytes(dataset: DatasetReader | WarpedVRT, used: Sequence[int]) -> int:
    return int(dataset.height * dataset.width) * _pixel_bytes(dataset, used)
