"""Commands on disks that are too small: a limit on files, and a disk of a few kilobytes."""

import resource
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from pathlib import Path

import pytest
from builders.fork_server import SERVER, start
from builders.runs import Outcome, edgers


def edgers_with_file_limit(limit_bytes: int, *arguments: object) -> Outcome:
    """Run the command line in a process that may write no file larger than the limit."""
    here, there = SERVER.Pipe(duplex=False)
    process = start(_limited, there, limit_bytes, arguments)
    there.close()
    try:
        outcome: Outcome = here.recv()
    except EOFError as error:
        process.join()
        raise AssertionError(f"the command died with {process.exitcode}") from error
    process.join()
    return outcome


def _limited(there: Connection, limit_bytes: int, arguments: tuple[object, ...]) -> None:
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit_bytes, limit_bytes))
    there.send(edgers(*arguments))


@contextmanager
def small_disk(folder: Path, size_kb: int) -> Iterator[Path]:
    """Give a disk of its own that holds so many kilobytes; skips where none may be made."""
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={size_kb}k", "none", str(folder)]
    try:
        made = subprocess.run(mount, capture_output=True, text=True)
    except OSError as error:
        pytest.skip(f"no disk can be made here: {error}")
    if made.returncode:
        pytest.skip(f"no disk can be made here: {made.stderr.strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", str(folder)], check=True)


def make_room(folder: Path, size_kb: int) -> None:
    """Make a small disk larger; what is on it stays."""
    change = ["mount", "-o", f"remount,size={size_kb}k", str(folder)]
    subprocess.run(change, check=True, capture_output=True)
