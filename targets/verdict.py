"""What a preflight says: one check a topic, and whether all of them hold."""

from dataclasses import dataclass
from typing import Literal

Outcome = Literal["ok", "warning", "no"]
"""It holds; it holds at a price that is told; it does not hold."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One topic."""

    name: str
    """The topic."""
    outcome: Outcome
    """How it stands."""
    text: str
    """One sentence: what was found, what is needed, and where it fails what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """All checks of one way to run."""

    checks: tuple[Check, ...]
    """In the order in which things would fail. A topic that nothing can be said of is left out."""

    @property
    def fits(self) -> bool:
        """Tell whether nothing speaks against it."""
        return not self.refusals

    @property
    def refusals(self) -> tuple[Check, ...]:
        """Give the checks that do not hold."""
        return tuple(check for check in self.checks if check.outcome == "no")

    @property
    def reason(self) -> str:
        """Say why not, in words; empty where it fits."""
        return " ".join(check.text for check in self.refusals)


def ok(name: str, text: str) -> Check:
    """Give a check that holds."""
    return Check(name=name, outcome="ok", text=text)


def warning(name: str, text: str) -> Check:
    """Give a check that holds at a price."""
    return Check(name=name, outcome="warning", text=text)


def no(name: str, text: str) -> Check:
    """Give a check that does not hold."""
    return Check(name=name, outcome="no", text=text)


def megabytes(size_bytes: int) -> str:
    """Write an amount of memory: 10^6 bytes, without decimals."""
    return f"{size_bytes / 1e6:.0f} MB"
