"""Reading files that nobody vouches for: regular ones only, and only so large."""

import stat
from pathlib import Path

from edgers.errors import BadInputError


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
