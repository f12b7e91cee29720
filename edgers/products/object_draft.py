"""Objects on their way to products, on disk: what tiles show, and what came of joining it.

Nothing of the scene's size is held in memory, and a run that was killed finds its tiles again.
"""

import os
import threading
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from edgers.closing import Closing
from edgers.products.disk_errors import disk_errors
from edgers.products.draft import write_at

CHUNK = 1024
"""Records that are read together."""

Records = npt.NDArray[Any]
"""Records of one type, or bytes."""


class PieceDraft(Closing):
    """A file that blocks of bytes are put at the end of, from any thread; a context manager."""

    def __init__(self, path: Path) -> None:
        """Open or begin it; raises OutputError where the disk is full or fails."""
        self._path, self._lock = path, threading.Lock()
        with disk_errors(path.name):
            self._handle: int | None = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
            # What a killed run wrote and did not note stays where it is, and is never read.
            self._end = os.fstat(self._handle).st_size

    def write(self, records: Records) -> tuple[int, int]:
        """Put records at the end; give where, in bytes, and their CRC-32."""
        data = records.tobytes()
        with self._lock:
            begin, self._end = self._end, self._end + len(data)
        with disk_errors(self._path.name):
            write_at(self._open(), memoryview(data), begin)
        return begin, zlib.crc32(data)

    def read(self, begin: int, count: int, kind: np.dtype[Any]) -> Records:
        """Read `count` records; fewer where the file ends before."""
        with disk_errors(self._path.name):
            data = os.pread(self._open(), count * kind.itemsize, begin)
        return np.frombuffer(data[: len(data) // kind.itemsize * kind.itemsize], kind)

    def is_whole(self, begin: int, count: int, kind: np.dtype[Any], checksum: int) -> bool:
        """Tell whether records are there as they were written."""
        found = self.read(begin, count, kind)
        return len(found) == count and zlib.crc32(found.tobytes()) == checksum

    def sync(self) -> None:
        """Force what was written to disk; raises OutputError where that fails."""
        with disk_errors(self._path.name):
            os.fsync(self._open())

    def close(self) -> None:
        """Close the file."""
        if self._handle is not None:
            os.close(self._handle)
            self._handle = None

    def _open(self) -> int:
        assert self._handle is not None, "the draft is closed"
        return self._handle


def write_records(path: Path, records: Iterable[Records]) -> None:
    """Write records to a file, anew; raises OutputError where the disk is full or fails."""
    with disk_errors(path.name), path.open("wb") as file:
        for some in records:
            file.write(some.tobytes())


def read_records(path: Path, kind: np.dtype[Any]) -> Iterator[np.void]:
    """Read them one by one."""
    with disk_errors(path.name), path.open("rb") as file:
        while data := file.read(CHUNK * kind.itemsize):
            yield from np.frombuffer(data, kind)
