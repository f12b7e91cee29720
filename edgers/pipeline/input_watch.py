"""Knowing that the input of a run stays the same: while it runs, and from one try to the next."""

import hashlib
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

from edgers.closing import Closing
from edgers.errors import ResumeError, SceneError
from edgers.pipeline.ledger import Ledger

PIECE_BYTES = 2**20
"""Bytes hashed between two looks at whether the run still goes on."""


class InputWatch(Closing):
    """The files of a scene and their SHA-256, worked out beside the run; a context manager."""

    def __init__(self, files: Sequence[Path], ledger: Ledger) -> None:
        """Hold the files against what the ledger says of them, and begin to hash them.

        Raises ResumeError where they were changed since the run began.
        """
        self._files, self._ledger = files, ledger
        self._modified_ns = self._look()
        self._stop = threading.Event()
        noted = {key: value for entry in ledger.entries() for key, value in entry.items()}
        self._noted_sha256 = noted.get("scene_sha256")
        self._hasher = ThreadPoolExecutor(1)
        self._found: Future[str] = self._hasher.submit(self._hash)
        try:
            self._hold_against(noted.get("modified_ns"))
        except BaseException:
            self.close()
            raise

    def sha256(self) -> str:
        """Wait for the hash of what was read.

        Raises SceneError where the files were changed, or taken away, while they were read.
        """
        try:
            found, is_same = self._found.result(), self._modified_ns == self._look()
        except OSError:
            found, is_same = "", False
        if not is_same or self._noted_sha256 not in (None, found):
            raise SceneError(
                "the scene was changed while it was read.",
                seen=f"Files: {', '.join(path.name for path in self._files)}.",
                rule="A product is made of one scene.",
                fix="Run it again when the scene is complete.",
            )
        return found

    def close(self) -> None:
        """Stop hashing."""
        self._stop.set()
        self._hasher.shutdown(wait=True)

    def _hold_against(self, modified_ns: object) -> None:
        """Note the files' dates, or raise ResumeError where they are others now."""
        if modified_ns is None:
            self._ledger.add({"modified_ns": self._modified_ns})
        elif modified_ns != self._modified_ns and not self._is_as_noted():
            raise ResumeError(
                "the input was changed since the unfinished run in the output folder began.",
                seen=f"Files: {', '.join(path.name for path in self._files)}.",
                rule="A run goes on only with the same bundle, input and settings.",
                fix="Begin anew with --restart.",
            )

    def _look(self) -> list[int]:
        """Give when each file was last changed."""
        return [path.stat().st_mtime_ns for path in self._files]

    def _is_as_noted(self) -> bool:
        """Tell whether files with other dates hold the same bytes; unknown counts as no."""
        return self._noted_sha256 is not None and self._found.result() == self._noted_sha256

    def _hash(self) -> str:
        """Hash the files, and note it for the next try."""
        found = scene_hash(self._files, self._stop)
        if self._noted_sha256 is None and not self._stop.is_set():
            self._ledger.add({"scene_sha256": found})
        return found


def scene_hash(paths: Sequence[Path], stop: threading.Event | None = None) -> str:
    """Give the SHA-256 of a file; of several, the SHA-256 over theirs in this order.

    Once `stop` is set, what it gives means nothing.
    """
    hashes = []
    for path in paths:
        digest = hashlib.sha256()
        for piece in _pieces(path, stop):
            digest.update(piece)
        hashes.append(digest.hexdigest())
    return hashes[0] if len(hashes) == 1 else hashlib.sha256("".join(hashes).encode()).hexdigest()


def _pieces(path: Path, stop: threading.Event | None) -> Iterator[bytes]:
    with path.open("rb") as handle:
        while (piece := handle.read(PIECE_BYTES)) and not (stop is not None and stop.is_set()):
            yield piece
