"""Signals that end a run which has no end of its own."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

ENDING_SIGNALS = ("SIGINT", "SIGTERM", "SIGHUP")
"""Signals at which such a run ends with what has arrived."""

Handler = Callable[[int, FrameType | None], object] | int | None


@contextmanager
def ending_on_signals(stop: Callable[[], None]) -> Iterator[None]:
    """Let the first signal call `stop`; a second one does what it did before.

    In another thread than the main one signals stay as they are.
    """
    before: dict[int, Handler] = {}

    def end(_number: int, _frame: FrameType | None) -> None:
        for one, handler in before.items():
            signal.signal(one, handler)
        stop()

    if threading.current_thread() is threading.main_thread():
        numbers = [getattr(signal, name) for name in ENDING_SIGNALS if hasattr(signal, name)]
        for number in numbers:
            handler = signal.getsignal(number)
            # None was not set from Python and cannot be put back.
            if handler not in (signal.SIG_IGN, None):
                before[number] = handler
        for number in before:
            signal.signal(number, end)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
