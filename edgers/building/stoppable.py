"""A build in a thread of its own, so that Ctrl-C is heard while TensorRT works.

TensorRT calls back from inside its own code, where an exception of Python would end the process. So
it never builds in the thread that signals interrupt; that one only waits.
"""

import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Generic, TypeVar

Result = TypeVar("Result")

WAKE_S = 0.2
"""Seconds between looks for a signal: a wait without an end hears none on some systems."""


class Steps:
    """The steps of a build on their way to a listener, until it is cancelled."""

    def __init__(self, tell: Callable[[str, int, int], None]) -> None:
        self._tell = tell
        self._cancelled = threading.Event()

    @property
    def is_cancelled(self) -> bool:
        """Tell whether the build is to end."""
        return self._cancelled.is_set()

    def cancel(self) -> None:
        """Let the build end at its next step."""
        self._cancelled.set()

    def step(self, phase: str, done: int, steps: int) -> None:
        """Hand a step on; a terminal that went away is no reason to fail inside TensorRT."""
        if not self.is_cancelled:
            with suppress(OSError, ValueError):
                self._tell(phase, done, steps)


class UnstoppableError(KeyboardInterrupt):
    """Interrupted while TensorRT cannot be stopped: its thread works on.

    The process must end without waiting for it, and without taking anything down under it.
    """


class _Work(Generic[Result]):
    """One call, and what came of it."""

    def __init__(self, call: Callable[[], Result]) -> None:
        self._call = call
        self.result: Result
        self.error: BaseException | None = None
        self.ended = threading.Event()

    def __call__(self) -> None:
        try:
            self.result = self._call()
        except BaseException as error:
            self.error = error
        finally:
            self.ended.set()


def run_stoppable(call: Callable[[], Result], steps: Steps, *, can_stop: bool) -> Result:
    """Run a build in another thread and wait for it.

    On Ctrl-C it is cancelled, waited for, and KeyboardInterrupt goes on. Where it cannot be
    cancelled, or Ctrl-C comes again, UnstoppableError is raised at once.
    """
    work = _Work(call)
    thread = threading.Thread(target=work, name="edgers-build", daemon=True)
    try:
        thread.start()
        while not work.ended.wait(WAKE_S):
            pass
    except KeyboardInterrupt:
        steps.cancel()
        if not can_stop and not work.ended.is_set():
            raise UnstoppableError from None
        _wait_for_the_end(thread, work.ended)
        raise
    thread.join()
    if work.error is not None:
        raise work.error
    return work.result


def _wait_for_the_end(thread: threading.Thread, ended: threading.Event) -> None:
    try:
        # The interrupt may have come while the thread was started: then there may be none.
        while not ended.wait(WAKE_S) and thread in threading.enumerate():
            pass
    except KeyboardInterrupt:
        raise UnstoppableError from None
