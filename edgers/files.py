"""Reading files that nobody vouches for, regular and only so large; writing files whole."""

import contextlib
import os
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path

from edgers.errors import BadInputError, OutputError


def check_file(path: Path, what: str, error: type[BadInputError]) -> int:
    """Give the size of a regular file, in bytes.

    Raises `error`, which calls the file `what`, where it is missing, out of reach, or a folder,
    pipe or device: reading from those may never end.
    """
    try:
        found = path.stat()
    # A path with a NUL byte is a ValueError.
    except (OSError, ValueError) as cause:
        seen = getattr(cause, "strerror", None) or str(cause)
        raise error(f"{what} {path} cannot be read.", seen=f"{seen}.") from cause
    if not stat.S_ISREG(found.st_mode):
        raise error(f"{what} {path} cannot be read.", seen="It is not a file.")
    return found.st_size


def read_file(path: Path, what: str, limit_bytes: int, error: type[BadInputError]) -> bytes:
    """Read a whole file; raises `error` where `check_file` does, or it is over the limit."""
    size = check_file(path, what, error)
    if size > limit_bytes:
        raise error(
            f"{what} {path} is too large.",
            seen=f"It has {size} bytes.",
            rule=f"At most {limit_bytes} bytes are read.",
        )
    try:
        return path.read_bytes()
    except OSError as cause:
        raise error(f"{what} {path} cannot be read.", seen=f"{cause.strerror}.") from cause


@contextlib.contextmanager
def making_whole(path: Path) -> Iterator[Path]:
    """Give a place to write a file to; it becomes `path` when the block ends well, else is removed.

    Raises OutputError where the disk fails.
    """
    try:
        with tempfile.TemporaryDirectory(prefix=".edgers-", dir=path.parent) as folder:
            draft = Path(folder) / path.name
            yield draft
            with draft.open("rb+") as file:
                os.fsync(file.fileno())
            os.replace(draft, path)
    except OSError as error:
        raise OutputError(f"{path} cannot be written.", seen=f"{error.strerror}.") from error


def write_whole(path: Path, data: bytes) -> None:
    """Write a file so that it is there whole or not at all."""
    try:
        handle, name = tempfile.mkstemp(prefix=".edgers-", dir=path.parent)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(data)
                file.flush()
                os.fchmod(handle, 0o644)
                os.fsync(handle)
            os.replace(name, path)
        except BaseException:
            os.unlink(name)
            raise
    except OSError as error:
        raise OutputError(f"{path} cannot be written.", seen=f"{error.strerror}.") from error
