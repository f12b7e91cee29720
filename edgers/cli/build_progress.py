"""How a build goes, shown: a line an attempt, and where the builder is."""

import sys
import time

import click
from rich.console import Console
from rich.status import Status

from edgers.build_kit import Attempt, Tried
from edgers.building.telling import attempt_text
from edgers.cli.show import LABEL_WIDTH, line

LINE_EVERY_S = 5.0
"""Seconds between plain progress lines."""


class BuildLines:
    """What came of attempts on stdout, where the builder is on stderr."""

    def __init__(self) -> None:
        self._status: Status | None = None
        self._attempt = ""
        self._told = time.monotonic()

    def begin(self, attempt: Attempt) -> None:
        """Say what is tried."""
        self._attempt = attempt_text(attempt)
        self._told = time.monotonic()
        if sys.stderr.isatty():
            self._status = Console(stderr=True).status(f"building · {self._attempt}")
            self._status.start()
        else:
            click.echo(f"{'building':<{LABEL_WIDTH}}{self._attempt}", err=True)

    def step(self, phase: str, done: int, steps: int) -> None:
        """Say how far a phase is: at once on a terminal, else every few seconds."""
        text = (
            f"{self._attempt} · {phase} {done}/{steps}" if steps else f"{self._attempt} · {phase}"
        )
        if self._status is not None:
            self._status.update(f"building · {text}")
        elif time.monotonic() - self._told >= LINE_EVERY_S:
            self._told = time.monotonic()
            click.echo(f"{'building':<{LABEL_WIDTH}}{text}", err=True)

    def end(self, tried: Tried, seconds: float) -> None:
        """Say what came of it."""
        self.stop()
        line("tried", f"{attempt_text(tried)} · {seconds:.1f} s · {tried.outcome}")

    def stop(self) -> None:
        """Leave the terminal as it was."""
        if self._status is not None:
            self._status.stop()
            self._status = None
