"""Bytes as they arrive: from a pipe, or from a file that still grows.

A reader waits for bytes in a thread of its own. `stop`, from any thread or a signal handler, ends
the wait, so that what has arrived can be finished.
"""

import os
import select
import stat
import threading
import time
from pathlib import Path
from typing import Protocol

from edgers.closing import Closing
from edgers.errors import SceneError

LOOK_EVERY_S = 0.05
"""Seconds between two looks at a file that grows: the delay it adds to a row."""


class Arrivals(Protocol):
    """A source of bytes."""

    ended_by: str
    """Why there are no more; empty before the end."""

    def read(self, limit_bytes: int) -> bytes:
        """Wait for bytes and give those there are, at most `limit_bytes`; none at the end."""

    def stop(self) -> None:
        """End now; safe to call twice, from any thread and in a signal handler."""

    def close(self) -> None:
        """Give the source back."""


class PipeArrivals(Closing):
    """Bytes of a pipe, a socket or a file redirected to standard input, to its end."""

    def __init__(self, handle: int, *, is_ours: bool) -> None:
        """Read from an open file descriptor; close it at the end where it `is_ours`."""
        self.ended_by = ""
        self._handle, self._is_ours = handle, is_ours
        # A byte in this pipe wakes the wait; one call of `stop` writes it.
        self._wake, self._waker = os.pipe()
        os.set_blocking(self._waker, False)
        self._poll = select.poll()
        for one in (handle, self._wake):
            self._poll.register(one, select.POLLIN)
        self._is_closed = False

    def read(self, limit_bytes: int) -> bytes:
        """Wait for bytes and give those there are; raises SceneError where the pipe fails."""
        try:
            while not self.ended_by:
                ready = [handle for handle, _ in self._poll.poll()]
                if self._wake in ready:
                    self.ended_by = "interrupt"
                    break
                try:
                    data = os.read(self._handle, limit_bytes)
                except BlockingIOError:
                    continue
                if data:
                    return data
                self.ended_by = "end of stream"
        except OSError as error:
            raise SceneError("the pipe cannot be read on.", seen=f"{error.strerror}.") from error
        return b""

    def stop(self) -> None:
        """End now."""
        if not self._is_closed:
            try:
                os.write(self._waker, b"x")
            except BlockingIOError:
                return

    def close(self) -> None:
        """Give the descriptors back."""
        if self._is_closed:
            return
        self._is_closed = True
        for handle in (self._wake, self._waker, *([self._handle] if self._is_ours else [])):
            os.close(handle)


class FileArrivals(Closing):
    """Bytes of a file, followed until it has not grown for some time."""

    def __init__(self, handle: int, name: str, idle_s: float) -> None:
        """Read from an open file descriptor of the file `name`, which is closed at the end."""
        self.ended_by = ""
        self._handle: int | None = handle
        self._name, self._idle_s = name, idle_s
        self._stop = threading.Event()
        self._done_bytes = 0

    def read(self, limit_bytes: int) -> bytes:
        """Wait for bytes and give those there are.

        Raises SceneError where the file fails, or becomes shorter than what was read of it.
        """
        assert self._handle is not None, "the file is closed"
        last_s = time.monotonic()
        while not self.ended_by:
            if self._stop.is_set():
                self.ended_by = "interrupt"
                break
            try:
                data = os.read(self._handle, limit_bytes)
                size = os.fstat(self._handle).st_size
            except OSError as error:
                raise SceneError(
                    f"scene {self._name} cannot be read on.", seen=f"{error.strerror}."
                ) from error
            self._done_bytes += len(data)
            if size < self._done_bytes:
                raise SceneError(
                    f"scene {self._name} became shorter while it was read.",
                    seen=f"It has {size} bytes, and {self._done_bytes} were read.",
                    rule="Rows that were written stay as they are.",
                )
            if data:
                return data
            if time.monotonic() - last_s >= self._idle_s:
                self.ended_by = f"no growth for {self._idle_s:g} s"
                break
            self._stop.wait(min(LOOK_EVERY_S, self._idle_s))
        return b""

    def stop(self) -> None:
        """End now."""
        self._stop.set()

    def close(self) -> None:
        """Close the file."""
        if self._handle is not None:
            os.close(self._handle)
            self._handle = None


def open_arrivals(source: Path, idle_s: float) -> PipeArrivals | FileArrivals:
    """Open a named pipe or a file.

    Raises SceneError where it is neither, or out of reach. A pipe that nobody writes to yet is
    waited for in the first `read`, not here.
    """
    try:
        # Not blocking: opening a named pipe would else wait for its writer, deaf to `stop`.
        handle = os.open(source, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except (OSError, ValueError) as error:
        seen = getattr(error, "strerror", None) or str(error)
        raise SceneError(f"scene {source} cannot be read.", seen=f"{seen}.") from error
    kind = os.fstat(handle).st_mode
    if stat.S_ISFIFO(kind):
        return PipeArrivals(handle, is_ours=True)
    if stat.S_ISREG(kind):
        return FileArrivals(handle, str(source), idle_s)
    os.close(handle)
    raise SceneError(
        f"scene {source} cannot be read.",
        seen="It is neither a file nor a pipe.",
        rule="Rows come from an ENVI file, a named pipe, or '-' for standard input.",
    )
