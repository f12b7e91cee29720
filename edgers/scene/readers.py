"""Reading files of one scene side by side.

A decoder that has threads of its own leaves processors idle at the ends of a block, and one without
leaves all but one idle: another file fills them. A file is read by one thread at a time, whatever
the number of its readers (`open.OPEN_OPTIONS` says why).
"""

import os
from collections import deque
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

from edgers.closing import Closing
from edgers.processors import processors
from edgers.scene.open import environment

Result = TypeVar("Result")

MOST_READERS = 4
"""Most files read at once: each takes the memory of a block while it is decoded."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FileRead:
    """What is to be read of one file."""

    path: Path
    """The file."""
    work: Callable[[], None]
    """Reads it; raises SceneError where it is damaged there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading(Generic[Result]):
    """A window that has its place in memory, but not its samples yet."""

    reads: tuple[FileRead, ...]
    """What fills it, in any order."""
    finish: Callable[[], Result]
    """Gives the window once all of that is done."""

    def alone(self) -> Result:
        """Read one file after the other."""
        for read in self.reads:
            read.work()
        return self.finish()


def reader_count(files: Iterable[Path]) -> int:
    """Give how many files of a scene are read at once."""
    return max(1, min(processors(), MOST_READERS, len(set(files))))


class Readers(Closing):
    """A few threads that read; to be closed before the files are."""

    def __init__(self, count: int) -> None:
        """Read `count` files at once, one of them in the thread that asks."""
        self._helpers = count - 1
        # GDAL settings and its error log belong to a thread.
        self._pool = ThreadPoolExecutor(
            max(1, self._helpers), "reader", lambda: environment().__enter__()
        )

    def read(self, reads: Iterable[FileRead]) -> None:
        """Do all `reads`; to be called from one thread, inside `open.environment()`.

        Raises what the first file, in their order, that cannot be read raises.
        """
        # Two inputs may have one file, and GDAL may open it once for both.
        by_path: dict[str, list[FileRead]] = {}
        for read in reads:
            by_path.setdefault(os.path.abspath(read.path), []).append(read)
        todo, errors = deque(enumerate(by_path.values())), dict[int, Exception]()
        helpers = [
            self._pool.submit(_work, todo, errors)
            for _ in range(min(self._helpers, len(by_path) - 1))
        ]
        try:
            _work(todo, errors)
        finally:
            # After an interrupt nothing more is begun, and nobody writes into arrays given up.
            todo.clear()
            wait(helpers)
        if errors:
            raise errors[min(errors)]

    def close(self) -> None:
        """End the threads."""
        self._pool.shutdown(cancel_futures=True)


def _work(todo: deque[tuple[int, list[FileRead]]], errors: dict[int, Exception]) -> None:
    """Read one file after the other until none is left, or one fails.

    Files are taken in their order, so that those before one that fails are read in any case.
    """
    while True:
        try:
            position, reads = todo.popleft()
        except IndexError:
            return
        try:
            for read in reads:
                read.work()
        except Exception as error:
            errors[position] = error
            todo.clear()
