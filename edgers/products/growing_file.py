"""A file that grows: what is in it is whole and never changed, whenever a reader looks.

What is added is forced to disk before anything says so. Products of an earlier run of that name
stay until this one begins.
"""

import contextlib
import fcntl
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from edgers.closing import Closing
from edgers.errors import OutputError
from edgers.products.work_folder import force_to_disk


class GrowingFile(Closing):
    """One file, locked against other runs, and small ones beside it; a context manager."""

    def __init__(self, folder: Path, name: str, ending: str, beside: Sequence[str]) -> None:
        """Make ready to write `name`.`ending` into `folder`; `beside` are endings of what says what
        is in it.

        Raises OutputError where nothing can be written there, or another run is writing it.
        """
        self._folder, self._name, self._ending, self._beside = folder, name, ending, beside
        self.size_bytes = 0
        self.told = "nothing"
        """What of it is whole, in words."""
        self._has_begun = False
        self._made: list[Path] = []
        self._handle: int | None = None
        try:
            self._made = [path for path in (folder, *folder.parents) if not path.exists()]
            folder.mkdir(parents=True, exist_ok=True)
            self._is_new = not self.path().exists()
            self._handle = os.open(self.path(), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
            fcntl.flock(self._handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            self._release()
            raise OutputError(
                f"another run is writing {self.path()}.",
                fix="Give another folder with -o, or another name with --name.",
            ) from error
        except OSError as error:
            self._release()
            self._remove_made()
            raise OutputError(
                f"output folder {folder} cannot be written to.",
                seen=f"{error.strerror}.",
                fix="Give another one with -o.",
            ) from error

    def path(self, ending: str = "") -> Path:
        """Give the place of the file, or of one beside it."""
        return self._folder / f"{self._name}.{ending or self._ending}"

    def append(self, data: memoryview) -> None:
        """Add all of `data`, or nothing of it; the first time, remove what was there before.

        Raises OutputError where the disk is full or fails.
        """
        assert self._handle is not None, "the product is closed"
        with self._disk_errors():
            if not self._has_begun:
                for ending in self._beside:
                    self.path(ending).unlink(missing_ok=True)
                os.ftruncate(self._handle, 0)
                self._has_begun = True
            self._write(data)
            os.fsync(self._handle)

    def replace(self, ending: str, text: str) -> None:
        """Put a small file in place in one step, safe on disk before it is seen."""
        draft = self._folder / f".{self._name}.{ending}.new"
        with self._disk_errors():
            draft.write_text(text, encoding="utf-8")
            force_to_disk(draft)
            os.replace(draft, self.path(ending))
            force_to_disk(self._folder)

    def close(self) -> None:
        """Let go of the file; leave nothing where nothing was added."""
        if self._handle is not None and not self._has_begun:
            if self._is_new:
                with contextlib.suppress(OSError):
                    self.path().unlink()
            self._remove_made()
        self._release()

    def _release(self) -> None:
        if self._handle is not None:
            os.close(self._handle)
            self._handle = None

    def _remove_made(self) -> None:
        """Remove the folders made for this product, innermost first, as long as they are empty."""
        with contextlib.suppress(OSError):
            for path in self._made:
                path.rmdir()

    def _write(self, data: memoryview) -> None:
        """Write all of `data` after what there is, or nothing of it."""
        assert self._handle is not None
        done = 0
        try:
            while done < len(data):
                done += os.pwrite(self._handle, data[done:], self.size_bytes + done)
        except BaseException:
            with contextlib.suppress(OSError):
                os.ftruncate(self._handle, self.size_bytes)
            raise
        self.size_bytes += done

    @contextlib.contextmanager
    def _disk_errors(self) -> Iterator[None]:
        """Raise the system's errors as OutputError."""
        try:
            yield
        except OSError as error:
            raise OutputError(
                f"product {self.path()} cannot be written on.",
                seen=f"{error.strerror or error}.",
                rule=f"Of it, {self.told} is whole and stays.",
                fix="Make room on the output disk.",
            ) from error
