"""What TensorRT says, kept for error messages."""

import functools
from collections import deque
from typing import Any

from edgers.engines.tensorrt_api import member

MOST_LINES = 20
"""Lines that are kept: the last ones say most."""


class Messages:
    """Errors that TensorRT has logged; it does so from several threads."""

    def __init__(self) -> None:
        self._lines: deque[str] = deque(maxlen=MOST_LINES)

    def add(self, message: str) -> None:
        """Keep a message."""
        self._lines.append(message.strip())

    def taken(self) -> str:
        """Give all that was kept, and forget it; a sentence where nothing was said."""
        lines = []
        while self._lines:
            lines.append(self._lines.popleft())
        return " ".join(lines) or "TensorRT gives no reason."


@functools.lru_cache(maxsize=1)
def tensorrt_log(trt: Any) -> tuple[Any, Messages]:
    """Give a logger for builders and runtimes, and the errors it was told.

    TensorRT keeps to the first logger of a process, so there is one.
    """
    messages = Messages()
    # The lean runtime may have no base to derive from: then its own logger writes to stderr.
    base = getattr(trt, "ILogger", None)
    if base is None:
        return trt.Logger(), messages
    severities = [member(base, "Severity", name) for name in ("INTERNAL_ERROR", "ERROR")]

    class Log(base):  # type: ignore[misc, valid-type]
        def log(self, severity: Any, msg: str) -> None:
            if severity in severities:
                messages.add(msg)

    return Log(), messages
