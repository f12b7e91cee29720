"""The single program: one graph, run once a tile."""

from dataclasses import dataclass

from edgers.engines.engine import Engine, EngineInfo, Tensors
from edgers.programs.program import ORIGIN, Spot


@dataclass(frozen=True, slots=True)
class Single:
    """An engine as a program."""

    engine: Engine
    """The graph."""

    @property
    def info(self) -> EngineInfo:
        """Tell which runtime runs the graph."""
        return self.engine.info

    def infer(self, inputs: Tensors, spot: Spot = ORIGIN) -> Tensors:
        """Run the graph once; raises EngineError where the runtime fails."""
        return self.engine.infer(inputs)

    def close(self) -> None:
        """Give back what the graph holds."""
        self.engine.close()
