"""Making sure that a COG is whole on the disk.

GDAL writes the last of a file when it closes it; a disk that is full by then is not reported. In a
COG each block lies between its own size and its last four bytes repeated (gdal.org/drivers/raster/
cog.html, block leader and trailer), which tells a block that was cut from one that was not.
"""

import itertools
import math
import os
from collections.abc import Iterator
from pathlib import Path

import rasterio
from rasterio.errors import RasterioError
from rasterio.io import DatasetReader

MARK_BYTES = 4


def is_whole_cog(path: Path) -> bool:
    """Tell whether every block of every level is in the file from its first byte to its last."""
    try:
        with rasterio.open(path) as dataset, path.open("rb") as file:
            handle = file.fileno()
            return all(_is_whole(handle, *block) for block in _blocks(dataset))
    except (RasterioError, OSError):
        return False


def _blocks(dataset: DatasetReader) -> Iterator[tuple[int, int]]:
    """Give place and size of each block, in bytes; bands share their blocks."""
    height, width = dataset.block_shapes[0]
    shapes: dict[int | None, tuple[int, int]] = {None: dataset.shape}
    # Half of an odd side is rounded up or down, as whoever made the level likes.
    for number in range(len(dataset.overviews(1))):
        with rasterio.open(dataset.name, overview_level=number) as coarser:
            shapes[number] = coarser.shape
    for level, shape in shapes.items():
        rows, columns = (
            range(math.ceil(side / block))
            for side, block in zip(shape, (height, width), strict=True)
        )
        for row, column in itertools.product(rows, columns):
            offset, size = (
                int(dataset.get_tag_item(f"BLOCK_{what}_{column}_{row}", "TIFF", 1, level) or 0)
                for what in ("OFFSET", "SIZE")
            )
            yield offset, size


def _is_whole(handle: int, offset: int, size: int) -> bool:
    """Tell whether what stands before and after a block is right."""
    if size < MARK_BYTES:
        return False
    before = os.pread(handle, MARK_BYTES, offset - MARK_BYTES)
    after = os.pread(handle, 2 * MARK_BYTES, offset + size - MARK_BYTES)
    is_cut = len(after) < 2 * MARK_BYTES or after[:MARK_BYTES] != after[MARK_BYTES:]
    return int.from_bytes(before, "little") == size and not is_cut
