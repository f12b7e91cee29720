"""What TensorRT says while it builds: its errors are the only reason it gives for a failure."""

from typing import Any, Protocol

KEPT = 20
"""Errors kept of one attempt: the first says what is wrong, the rest follow from it."""


class ErrorLog(Protocol):
    """A logger of TensorRT that keeps what went wrong."""

    errors: list[str]
    """Errors, the first first."""


def error_log(trt: Any) -> ErrorLog:
    """Make a logger of this TensorRT; its classes exist only once it is imported."""

    class Log(trt.ILogger):  # type: ignore[misc]  # a class of a package that is not typed
        """Keeps errors, and is silent on the rest."""

        def __init__(self) -> None:
            trt.ILogger.__init__(self)
            self.errors: list[str] = []

        def log(self, severity: Any, msg: str) -> None:
            """Keep an error."""
            severities = trt.ILogger.Severity
            is_error = severity in (severities.ERROR, severities.INTERNAL_ERROR)
            if is_error and len(self.errors) < KEPT:
                self.errors.append(" ".join(msg.split()))

    log: ErrorLog = Log()
    return log
