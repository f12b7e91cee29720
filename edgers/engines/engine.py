"""What every runtime must do."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

Tensors = Mapping[str, npt.NDArray[np.generic]]
"""Tensors by name."""

Settings = Mapping[str, str]
"""What a runtime is told beside the graph; each engine names its own, with the values it takes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineInfo:
    """Which runtime it is."""

    name: str
    """Key in `edgers.engines.ENGINES`."""
    version: str
    """Version of the runtime."""
    device: str
    """Device it runs on."""


class Engine(Protocol):
    """A loaded graph that can be run from several threads at once.

    A result depends on its input alone: not on the thread, nor on what ran before or beside it.
    """

    @property
    def info(self) -> EngineInfo:
        """Tell which runtime this is."""

    def infer(self, inputs: Tensors) -> Tensors:
        """Run the graph once; raises EngineError where the runtime fails."""

    def close(self) -> None:
        """Give back what the engine holds; it cannot be used afterwards."""


class EngineMaker(Protocol):
    """How an engine is made."""

    def __call__(
        self, graph: bytes, precision: str = "fp32", settings: Settings | None = None
    ) -> Engine:
        """Load a serialized ONNX graph to compute at a precision.

        Raises EngineError where the runtime refuses the graph, or this machine does not compute at
        that precision or with those settings.
        """
