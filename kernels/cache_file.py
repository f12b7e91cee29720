"""One compiled kernel in one file: whole and unaltered, or not there.

A file is a mark, the SHA-256 of all that follows, a line that says what the content is for, and the
content. It appears by rename, so that
processes that write at once never see one another's halves; a file that lost bytes, as after a
power cut, shows by its digest. Whether the folder's owner may be believed is not asked here
(`edgers.kernels.cache_folder`).
"""

import contextlib
import hashlib
import os
from pathlib import Path

from edgers.errors import BadInputError
from edgers.files import read_file

MARK = b"edgers kernel 1\n"
"""First bytes of a file; the number is that of this layout."""
DIGEST_BYTES = hashlib.sha256().digest_size
MAX_FILE_BYTES = 2**26
"""Largest file that is read; the largest kernels take about 1 MiB."""
SUFFIX, PART_SUFFIX = ".kernel", ".part"


class DamagedError(Exception):
    """A file that is not what was once written."""


def read_content(path: Path, key: str) -> bytes | None:
    """Give the content of a file, or None where there is none or it is for something else.

    Raises DamagedError where the file is not whole, not a file, or out of reach.
    """
    if not os.path.lexists(path):
        return None
    try:
        found = read_file(path, "kernel", MAX_FILE_BYTES, BadInputError)
    except BadInputError as error:
        raise DamagedError(error.seen) from error
    head = len(MARK) + DIGEST_BYTES
    body = found[head:]
    if found[:head] != MARK + hashlib.sha256(body).digest():
        raise DamagedError("its digest is another one.")
    purpose, _, content = body.partition(b"\n")
    return content if purpose == key.encode() else None


def write_content(path: Path, key: str, content: bytes) -> None:
    """Write a file at once, over one of that name; raises OSError and then leaves nothing.

    `key` is one line.
    """
    body = key.encode() + b"\n" + content
    part = path.with_name(f"{path.stem}.{os.urandom(6).hex()}{PART_SUFFIX}")
    try:
        # For others to read and only for the owner to write, whatever the umask allows.
        number = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644)
        with open(number, "wb") as file:
            file.write(MARK + hashlib.sha256(body).digest())
            file.write(body)
        os.replace(part, path)
    except BaseException:
        with contextlib.suppress(OSError):
            part.unlink()
        raise


def make_folder(folder: Path) -> None:
    """Make a folder and those above it, for the owner alone to write into; raises OSError."""
    for one in reversed((folder, *folder.parents)):
        if not one.is_dir():
            with contextlib.suppress(FileExistsError):
                one.mkdir(mode=0o755)
