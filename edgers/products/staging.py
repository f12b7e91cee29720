"""Products appear whole or not at all.

They are written in a folder of their own beside their destination, forced to disk, and moved there
by atomic renames. A run that ends early leaves nothing under a product's name.
"""

import contextlib
import os
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path

from edgers.closing import Closing
from edgers.errors import OutputError


class Staging(Closing):
    """A temporary folder whose files are moved to `folder` by `commit`; a context manager."""

    def __init__(self, folder: Path) -> None:
        """Make the folder ready; raises OutputError where nothing can be written there."""
        self._folder = folder
        self._made: list[Path] = []
        try:
            self._made = [path for path in (folder, *folder.parents) if not path.exists()]
            folder.mkdir(parents=True, exist_ok=True)
            self._path = Path(tempfile.mkdtemp(prefix=".edgers-", dir=folder))
        except OSError as error:
            self._remove_empty()
            raise OutputError(
                f"output folder {folder} cannot be written to.",
                seen=f"{error.strerror}.",
                fix="Give another one with -o.",
            ) from error

    def close(self) -> None:
        """Remove what was not committed."""
        shutil.rmtree(self._path, ignore_errors=True)
        self._remove_empty()

    def _remove_empty(self) -> None:
        """Remove the folders made for this run, innermost first, as long as they are empty."""
        with contextlib.suppress(OSError):
            for path in self._made:
                path.rmdir()

    def path(self, name: str) -> Path:
        """Give the place to write the file that will be `name`."""
        return self._path / name

    def commit(self, names: Sequence[str]) -> list[Path]:
        """Move files to their destination, in this order, each safe on disk before it is seen.

        Raises OutputError where that fails; files already moved stay.
        """
        try:
            for name in names:
                _force_to_disk(self._path / name)
            for name in names:
                os.replace(self._path / name, self._folder / name)
            _force_to_disk(self._folder)
        except OSError as error:
            raise OutputError(
                f"products cannot be moved to {self._folder}.", seen=f"{error.strerror}."
            ) from error
        return [self._folder / name for name in names]


def _force_to_disk(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
