"""Which files of a folder are opened, told by the kernel (inotify, Linux)."""

import ctypes
import os
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

IN_OPEN = 0x20
HEADER = struct.Struct("iIII")
"""Watch, events, cookie and length of the name that follows (inotify(7))."""


@contextmanager
def opened_files(folder: Path) -> Iterator[set[str]]:
    """Give a set that holds, after the context, the names of files that were opened in `folder`."""
    libc = ctypes.CDLL(None, use_errno=True)
    handle = libc.inotify_init1(os.O_NONBLOCK)
    assert handle >= 0
    names: set[str] = set()
    try:
        assert libc.inotify_add_watch(handle, os.fsencode(folder), IN_OPEN) >= 0
        yield names
        names.update(_names(handle))
    finally:
        os.close(handle)


def _names(handle: int) -> Iterator[str]:
    """Read the events that wait."""
    while True:
        try:
            data = os.read(handle, 65_536)
        except BlockingIOError:
            return
        while data:
            *_, length = HEADER.unpack_from(data)
            name = os.fsdecode(data[HEADER.size : HEADER.size + length].rstrip(b"\0"))
            data = data[HEADER.size + length :]
            if name:  # without one, the folder itself was listed
                yield name
