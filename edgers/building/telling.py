"""Who hears how a build goes."""

from typing import Protocol

from edgers.build_kit import Attempt, Tried


class BuildListener(Protocol):
    """Shows how a build goes."""

    def begin(self, attempt: Attempt) -> None:
        """Hear that an attempt begins."""

    def step(self, phase: str, done: int, steps: int) -> None:
        """Hear that a phase has done so many of its steps; from another thread."""

    def end(self, tried: Tried, seconds: float) -> None:
        """Hear what came of an attempt."""


class Silent:
    """Shows nothing."""

    def begin(self, attempt: Attempt) -> None:
        """Say nothing."""

    def step(self, phase: str, done: int, steps: int) -> None:
        """Say nothing."""

    def end(self, tried: Tried, seconds: float) -> None:
        """Say nothing."""


def attempt_text(one: Attempt | Tried) -> str:
    """Name an attempt."""
    scales = f", {one.scales} scales" if one.scales else ""
    return f"{one.precision}{scales}, {one.typing}ly typed"
