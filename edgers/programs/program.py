"""What every program must do."""

from dataclasses import dataclass
from typing import Protocol

from edgers.engines.engine import EngineInfo, Tensors


@dataclass(frozen=True, slots=True)
class Spot:
    """Where a tile lies in its scene; what a program draws for it hangs on this alone."""

    row: int
    """First row of its window."""
    column: int
    """First column of its window."""


ORIGIN = Spot(0, 0)
"""Where a tile without a scene lies: the golden one, a frame, a tile of noise."""


class Program(Protocol):
    """Graphs and how they are called; an `Engine` to those who know of no spots.

    As with an engine, a result depends on inputs and spot alone: not on the thread, nor on what ran
    before or beside it.
    """

    @property
    def info(self) -> EngineInfo:
        """Tell which runtime runs the graphs."""

    def infer(self, inputs: Tensors, spot: Spot = ORIGIN) -> Tensors:
        """Work a tile out; raises EngineError where the runtime fails."""

    def close(self) -> None:
        """Give back what the graphs hold; it cannot be used afterwards."""
