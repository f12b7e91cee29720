"""The ledger: what is finished of a product, and under which settings.

A text file with a line for each finished tile, begun with a line that says what the run was. Each
line bears its own checksum, so a line torn by a kill is known and left out. A line also holds the
checksums of the tile's blocks in the drafts: after a power cut, lines and blocks may have reached
the disk in any order, and only what agrees counts.
"""

import contextlib
import json
import os
import threading
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path

from edgers.closing import Closing
from edgers.errors import ResumeError
from edgers.products.disk_errors import disk_errors

Json = Mapping[str, object]

FORMAT = 1
"""Version of the ledger; one of another version is refused."""


class Ledger(Closing):
    """An open ledger; a context manager."""

    def __init__(self, path: Path, identity: Json) -> None:
        """Open the ledger at `path`, or begin it for the run that `identity` describes.

        Raises ResumeError, which names every difference, where it belongs to another run.
        """
        self._path = path
        self._lock = threading.Lock()
        stated = json.loads(json.dumps({"format": FORMAT, **identity}))
        with disk_errors(path.name):
            self._file = path.open("a+b")
        try:
            lines = self._lines()
            first = next(lines, None)
            self.is_new = first is None
            if first is None:
                self._truncate(0)
                self.add(stated)
            else:
                _refuse_other(first, stated)
                for _ in lines:
                    pass
                self._truncate(self._whole_bytes)
        except BaseException:
            self.close()
            raise

    def entries(self) -> Iterator[Json]:
        """Give what was recorded after the first line, in the order of writing."""
        lines = self._lines()
        next(lines, None)
        yield from lines

    def add(self, entry: Json) -> None:
        """Record something; it survives a kill at once, and a power cut after `sync`.

        Raises OutputError where the disk is full or fails.
        """
        text = json.dumps(entry, ensure_ascii=False, allow_nan=False).encode()
        with self._lock, disk_errors(self._path.name):
            self._file.write(b"%08x %s\n" % (zlib.crc32(text), text))
            self._file.flush()

    def sync(self) -> None:
        """Force the ledger to disk; raises OutputError where it fails."""
        with disk_errors(self._path.name):
            os.fsync(self._file.fileno())

    def close(self) -> None:
        """Close the file."""
        # A full disk was told when the line was added.
        with contextlib.suppress(OSError):
            self._file.close()

    def _lines(self) -> Iterator[Json]:
        """Give whole lines up to the first that is not."""
        self._whole_bytes = 0
        with self._path.open("rb") as file:
            for line in file:
                entry = _entry(line)
                if entry is None:
                    return
                self._whole_bytes += len(line)
                yield entry

    def _truncate(self, size: int) -> None:
        with disk_errors(self._path.name):
            self._file.truncate(size)


def earlier_cuts(path: Path) -> int | None:
    """Give the cuts (`Grid.cuts`) of the unfinished run whose ledger is at `path`, if there is one.

    What a run chooses under a limit of memory hangs on what was measured; going on needs the same.
    """
    try:
        with path.open("rb") as file:
            first = _entry(file.readline()) or {}
    except OSError:
        return None
    cuts = first.get("cuts")
    return cuts if isinstance(cuts, int) else None


def _entry(line: bytes) -> Json | None:
    """Read a line; None where it is torn."""
    checksum, _, text = line.rstrip(b"\n").partition(b" ")
    if not line.endswith(b"\n") or checksum != b"%08x" % zlib.crc32(text):
        return None
    entry: Json = json.loads(text)
    return entry


def _refuse_other(found: Json, stated: Json) -> None:
    """Raise ResumeError where an unfinished run was another one."""
    keys = [key for key in {**found, **stated} if found.get(key) != stated.get(key)]
    if keys:
        told = (f"{key} was {found.get(key)!r} and is {stated.get(key)!r} now" for key in keys)
        raise ResumeError(
            "an unfinished run of this scene lies in the output folder, and it was another one.",
            seen="; ".join(told) + ".",
            rule="A run goes on only with the same bundle, input and settings.",
            fix="Run the earlier command again, or begin anew with --restart.",
        )
