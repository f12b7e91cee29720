"""Telling a whole PNG from a damaged one.

GDAL reads a PNG that is cut off, or whose bytes were altered, without an error, and gives zeros or
nonsense for the rest (seen with GDAL 3.10). Every chunk of a PNG has a checksum, and the last chunk
has a name.
"""

import struct
import zlib
from pathlib import Path
from typing import BinaryIO

from edgers.errors import SceneError

SIGNATURE = b"\x89PNG\r\n\x1a\n"

AT_ONCE = 2**20
"""Bytes held at a time."""

LONGEST = 2**31 - 1
"""Longest chunk (PNG specification, third edition, 5.3)."""


def check_png(path: Path) -> None:
    """Raise SceneError where a file begins as a PNG and is not whole; others are not looked at."""
    try:
        with path.open("rb") as file:
            seen = "" if file.read(8) != SIGNATURE else _fault(file)
    except OSError as error:
        seen = f"{error.strerror}."
    if seen:
        raise SceneError(
            f"scene {path} is damaged.",
            seen=seen,
            rule="Every chunk of a PNG must be whole, to the last one.",
            fix="Copy or download the file again.",
        )


def _fault(file: BinaryIO) -> str:
    """Walk through the chunks; say what is wrong."""
    while True:
        begin = file.tell()
        head = file.read(8)
        if len(head) < 8:
            return f"It ends at byte {begin}, without an end chunk."
        length, name = struct.unpack(">I4s", head)
        if length > LONGEST:
            return f"The chunk at byte {begin} states {length} bytes."
        checksum, left = zlib.crc32(name), length
        while left:
            data = file.read(min(left, AT_ONCE))
            if not data:
                return f"It ends in the chunk at byte {begin}."
            checksum, left = zlib.crc32(data, checksum), left - len(data)
        if file.read(4) != struct.pack(">I", checksum):
            return f"The checksum of the chunk at byte {begin} is wrong."
        if name == b"IEND":
            return ""
