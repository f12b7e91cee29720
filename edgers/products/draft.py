"""Drafts: rasters written in any order to a plain file, until a product is made of them.

A draft holds nothing in memory and nothing but samples on disk, band after band, row after row. A
block can be read back and held against the checksum it was written with, so that a run that was
killed, or whose machine lost power, knows what of it is really there.
"""

import os
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from edgers.closing import Closing
from edgers.products.disk_errors import disk_errors


@dataclass(frozen=True, slots=True, kw_only=True)
class DraftShape:
    """What a draft holds."""

    bands: int
    """Number of bands."""
    height_px: int
    """Rows."""
    width_px: int
    """Columns."""
    data_type: str
    """Sample type, in numpy's words; stored in the machine's byte order."""

    @property
    def size_bytes(self) -> int:
        """Bytes on disk."""
        item = np.dtype(self.data_type).itemsize
        return self.bands * self.height_px * self.width_px * item


class Draft(Closing):
    """One raster in the making."""

    def __init__(self, path: Path, shape: DraftShape) -> None:
        """Open the draft at `path`, or begin it: samples never written are zero.

        Raises OutputError where the disk fails.
        """
        self.path, self.shape = path, shape
        self._item = np.dtype(shape.data_type).itemsize
        with disk_errors(path.name):
            self._handle: int | None = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
            os.ftruncate(self._handle, shape.size_bytes)

    def write(self, block: npt.NDArray[np.generic], row: int, column: int) -> int:
        """Write a block, (band, height, width), and give its CRC-32.

        Raises OutputError where the disk is full or fails.
        """
        block = np.ascontiguousarray(block, dtype=self.shape.data_type)
        data = _bytes(block)
        length = block.shape[2] * self._item
        handle, begin = self._open(), 0
        with disk_errors(self.path.name):
            for offset in self._offsets(block.shape, row, column):
                written = os.pwrite(handle, data[begin : begin + length], offset)
                # One call may write a part when the disk is nearly full.
                if written != length:
                    write_at(handle, data[begin + written : begin + length], offset + written)
                begin += length
        return zlib.crc32(data)

    def read(
        self, row: int, column: int, height: int, width: int, bands: Sequence[int] | None = None
    ) -> npt.NDArray[np.generic]:
        """Read a block, (band, height, width), of all bands or those at some positions."""
        chosen = range(self.shape.bands) if bands is None else bands
        block = np.empty((len(chosen), height, width), self.shape.data_type)
        if not block.size:
            return block
        data, length = _bytes(block), width * self._item
        with disk_errors(self.path.name):
            for position, offset in enumerate(self._offsets(block.shape, row, column, chosen)):
                os.preadv(self._open(), [data[position * length : (position + 1) * length]], offset)
        return block

    def checksum(self, row: int, column: int, height: int, width: int) -> int:
        """Give the CRC-32 of a block as it is on disk."""
        block = self.read(row, column, height, width)
        return zlib.crc32(_bytes(block))

    def sync(self) -> None:
        """Force what was written to disk; raises OutputError where it fails."""
        with disk_errors(self.path.name):
            os.fsync(self._open())

    def close(self) -> None:
        """Close the file."""
        if self._handle is not None:
            os.close(self._handle)
            self._handle = None

    def _open(self) -> int:
        assert self._handle is not None, "the draft is closed"
        return self._handle

    def _offsets(
        self, shape: tuple[int, ...], row: int, column: int, chosen: Sequence[int] | None = None
    ) -> list[int]:
        """Give the place in the file of each row of a block, of all bands or those chosen."""
        bands, height, width = shape
        if not width:
            return []
        full = self.shape
        return [
            ((band * full.height_px + row + i) * full.width_px + column) * self._item
            for band in (range(bands) if chosen is None else chosen)
            for i in range(height)
        ]


def write_at(handle: int, data: memoryview, offset: int) -> None:
    """Write all of `data` at a place of a file, in as many calls as it takes."""
    while data:
        written = os.pwrite(handle, data, offset)
        data, offset = data[written:], offset + written


def _bytes(block: npt.NDArray[np.generic]) -> memoryview:
    """Give the samples of a contiguous block as bytes."""
    # A view of nothing cannot be cast.
    return block.data.cast("B") if block.size else memoryview(b"")
