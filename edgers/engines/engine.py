"""What every runtime must do."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

Tensors = Mapping[str, npt.NDArray[np.generic]]
"""Tensors by name."""


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
