"""The folder in which the products of one scene are made, and from which they move into place.

It lies beside its products, under a name that the same command finds again: a run that was killed
left its drafts and ledger there. Products move out by atomic renames, each safe on disk before it
is seen, so nothing half-written ever bears a product's name.
"""

import contextlib
import fcntl
import os
import shutil
from collections.abc import Iterable, Sequence
from pathlib import Path

from edgers.closing import Closing
from edgers.errors import OutputError

LEDGER = "ledger"
"""Name of the ledger: without it, what else is in the folder means nothing."""


class WorkFolder(Closing):
    """The folder of one scene's products, locked against other runs; a context manager."""

    def __init__(self, folder: Path, name: str, products: Iterable[str] = ()) -> None:
        """Make or find the folder of the run `name`, whose `products` will be moved into `folder`.

        Raises OutputError where nothing can be written there, another run holds it, or a product
        would take the place of a folder.
        """
        self._folder = folder
        self._path = work_path(folder, name)
        self._lock: int | None = None
        self._made: list[Path] = []
        try:
            self._made = [path for path in (folder, *folder.parents) if not path.exists()]
            while self._lock is None:
                self._path.mkdir(parents=True, exist_ok=True)
                self._take_lock()
            if not self.path(LEDGER).exists():
                self.clear()
            for product in products:
                if (folder / product).is_dir():
                    raise IsADirectoryError(0, f"{product} is a folder")
        except BlockingIOError as error:
            self.close()
            raise OutputError(
                f"another run is making {name} in {folder}.",
                rule="One run at a time makes a product.",
                fix="Wait for it, or give another folder with -o.",
            ) from error
        except OSError as error:
            self.close()
            if self._path.is_dir() and not self.path(LEDGER).exists():
                self.discard()
            self._remove_empty()
            raise OutputError(
                f"output folder {folder} cannot be written to.",
                seen=f"{error.strerror}.",
                fix="Give another one with -o.",
            ) from error

    def _take_lock(self) -> None:
        """Lock the folder, unless a run that ended has just removed it."""
        handle = os.open(self._path, os.O_RDONLY | os.O_DIRECTORY)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if os.path.samestat(os.fstat(handle), os.stat(self._path)):
                self._lock, handle = handle, -1
        except FileNotFoundError:
            pass
        finally:
            if handle >= 0:
                os.close(handle)

    def path(self, name: str) -> Path:
        """Give the place of a file in the folder."""
        return self._path / name

    @property
    def free_bytes(self) -> int:
        """Space left on its disk."""
        return shutil.disk_usage(self._path).free

    def commit(self, names: Sequence[str]) -> list[Path]:
        """Move files to their destination, in this order, each safe on disk before it is seen.

        Raises OutputError where that fails; files already moved stay.
        """
        try:
            for name in names:
                force_to_disk(self._path / name)
            for name in names:
                os.replace(self._path / name, self._folder / name)
            force_to_disk(self._folder)
        except OSError as error:
            raise OutputError(
                f"products cannot be moved to {self._folder}.", seen=f"{error.strerror}."
            ) from error
        return [self._folder / name for name in names]

    def clear(self) -> None:
        """Remove what an earlier run left, the ledger first: without it the rest means nothing."""
        with contextlib.suppress(FileNotFoundError):
            self.path(LEDGER).unlink()
        for path in self._path.iterdir():
            path.unlink()

    def discard(self) -> None:
        """Remove the folder, and those made for it as long as they are empty."""
        with contextlib.suppress(OSError):
            self.clear()
            self._path.rmdir()
        self._remove_empty()

    def close(self) -> None:
        """Let another run have the folder; what is in it stays."""
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def _remove_empty(self) -> None:
        """Remove the folders made for this run, innermost first, as long as they are empty."""
        with contextlib.suppress(OSError):
            for path in self._made:
                path.rmdir()


def work_path(folder: Path, name: str) -> Path:
    """Give the place of the work folder of the run `name`, whose products go into `folder`."""
    return folder / f".edgers-{name}"


def force_to_disk(path: Path) -> None:
    """Wait until a file, or the names in a folder, would survive a power cut."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
