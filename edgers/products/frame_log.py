"""`frames.jsonl`: a line for each frame, added when its product is in place.

The file can be followed while it grows. A line that a kill tore is cut off when the next run opens
the file, which then goes on after the frames that are in it.
"""

import contextlib
import fcntl
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from edgers.closing import Closing
from edgers.errors import OutputError, ResumeError
from edgers.products.disk_errors import disk_errors
from edgers.scene.frame import FrameKey

NAME = "frames.jsonl"
"""Name of the file."""

DONE, FAILED = "done", "failed"
"""What became of a frame."""


class FrameLog(Closing):
    """An open log, locked against other runs; a context manager."""

    def __init__(
        self, folder: Path, bundle_id: str, asked: Sequence[str] = (), *, restart: bool = False
    ) -> None:
        """Open or begin the log in `folder`, which is made where it is not there; `asked` is what
        each frame is asked.

        Raises OutputError where that fails or another run holds it, ResumeError where it belongs to
        another bundle, or to other questions.
        """
        self.path = folder / NAME
        self._bundle_id, self._asked = bundle_id, list(asked)
        self._made = [path for path in (folder, *folder.parents) if not path.exists()]
        self._is_new = not self.path.exists()
        self._done: set[FrameKey] = set()
        self.next_number = 0
        """Number after the greatest in the log."""
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._file = self.path.open("a+b")
        except OSError as error:
            self._remove_empty()
            raise OutputError(
                f"output folder {folder} cannot be written to.",
                seen=f"{error.strerror}.",
                fix="Give another one with -o.",
            ) from error
        try:
            self._lock()
            if restart:
                self._file.truncate(0)
            self._take_up(folder)
        except BaseException:
            self._file.close()
            raise

    def has(self, key: FrameKey) -> bool:
        """Tell whether a frame was done by an earlier run, and its product is there."""
        return key in self._done

    def check_source(self, key: FrameKey) -> None:
        """Raise ResumeError where frames of another video file of that name are in the log: their
        products would have the same names.
        """
        others = (one for one in self._done if one.source == key.source)
        if any((one.size_bytes, one.mtime_ns) != (key.size_bytes, key.mtime_ns) for one in others):
            raise ResumeError(
                f"{self.path} holds frames of another video {key.source}.",
                rule="Frames of a video go on only with the same file.",
                fix="Give another folder with -o, or begin anew with --restart.",
            )

    def add(self, entry: Mapping[str, object]) -> None:
        """Add a line; it survives a kill at once. Raises OutputError where the disk is full."""
        asked = {"asked": self._asked} if self._asked else {}
        text = json.dumps(
            {**entry, **asked, "bundle_id": self._bundle_id}, ensure_ascii=False, allow_nan=False
        )
        with disk_errors(NAME):
            self._file.write(text.encode() + b"\n")
            self._file.flush()

    def close(self) -> None:
        """Close the file; remove it where this run made it and nothing is in it."""
        # A full disk was told when the line was added.
        with contextlib.suppress(OSError):
            is_empty = self.path.stat().st_size == 0
            self._file.close()
            if self._is_new and is_empty:
                self.path.unlink()
                self._remove_empty()

    def _lock(self) -> None:
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise OutputError(
                f"another run is writing to {self.path}.",
                rule="One run at a time writes to a folder.",
                fix="Wait for it, or give another folder with -o.",
            ) from error

    def _take_up(self, folder: Path) -> None:
        """Learn what earlier runs did, and cut off what a kill tore."""
        whole_bytes = 0
        for line, entry in self._lines():
            whole_bytes += len(line)
            if entry.get("bundle_id") != self._bundle_id:
                raise ResumeError(
                    f"{self.path} holds frames of another bundle.",
                    seen=f"Its bundle is {str(entry.get('bundle_id'))[:80]}.",
                    rule="A log holds the frames of one bundle.",
                    fix="Give another folder with -o, or begin anew with --restart.",
                )
            if entry.get("asked", []) != self._asked:
                raise ResumeError(
                    f"{self.path} holds answers to other questions.",
                    seen=f"Asked was: {str(entry.get('asked', 'nothing'))[:80]}.",
                    rule="A log holds the frames of one bundle, asked the same.",
                    fix="Give another folder with -o, or begin anew with --restart.",
                )
            self.next_number = max(self.next_number, int(entry["frame"]) + 1)
            if entry["status"] == DONE and (folder / entry["product"]).is_file():
                self._done.add(FrameKey(**entry["key"]))
        if whole_bytes == 0 and self.path.stat().st_size and not self._is_torn_first_line():
            raise OutputError(
                f"{self.path} is no log of frames.",
                rule="It is not overwritten.",
                fix="Give another folder with -o, or remove it.",
            )
        with disk_errors(NAME):
            self._file.truncate(whole_bytes)

    def _lines(self) -> Iterator[tuple[bytes, dict[str, Any]]]:
        """Give whole lines up to the first that is none."""
        with self.path.open("rb") as file:
            for line in file:
                entry = _entry(line)
                if entry is None:
                    return
                yield line, entry

    def _is_torn_first_line(self) -> bool:
        """Tell whether all there is can be the beginning of one line."""
        with self.path.open("rb") as file:
            first = file.read(64)
        return b'{"frame": '.startswith(first[:10]) or not first.strip(b"\0")

    def _remove_empty(self) -> None:
        """Remove the folders made for this run, innermost first, as long as they are empty."""
        with contextlib.suppress(OSError):
            for path in self._made:
                path.rmdir()


def _entry(line: bytes) -> dict[str, Any] | None:
    """Read a line; None where it is torn, or lacks what is asked of it."""
    try:
        entry = json.loads(line) if line.endswith(b"\n") else None
        if not isinstance(entry, dict):
            return None
        int(entry["frame"])
        if entry["status"] == DONE:
            hash(FrameKey(**entry["key"]))
            os.fspath(entry["product"])
    except (ValueError, TypeError, KeyError, RecursionError):
        return None
    return entry
