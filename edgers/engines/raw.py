"""Stored samples that an engine makes tensors of itself, on the device where it runs.

A scene's integers are half or a quarter of the bytes of the float32 that a network takes, and it is
bytes that the way to a GPU is short of.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

from edgers.build_kit import KitKernel
from edgers.engines.engine import Tensors
from edgers.kernels.recipe import Recipe


@dataclass(frozen=True, slots=True, kw_only=True)
class RawInput:
    """One input of a network, before preprocessing."""

    samples: npt.NDArray[np.generic]
    """As stored, (layer, height, width); a layer is a band at one date."""
    missing: npt.NDArray[np.bool_]
    """True where a sample is missing, of the same shape."""
    recipe: Recipe
    """What is done to them."""
    shape: tuple[int, ...]
    """Shape of the tensor, of as many values."""
    channels_last: bool
    """Whether the layers of a pixel lie side by side in the tensor; else layer follows layer."""

    @property
    def kernel(self) -> str:
        """Name of the CUDA kernel that makes the tensor."""
        return ingest_kernel(self.samples.dtype, self.recipe.data_type)


def ingest_kernel(stored: np.dtype[np.generic], tensor: np.dtype[np.generic]) -> str:
    """Name the CUDA kernel from one type to another; there is one for the usual types only."""
    return f"ingest_{stored.name}_to_{tensor.name}"


Inputs = Mapping[str, npt.NDArray[np.generic] | RawInput]
"""Inputs of a network by name, some as tensors and some before preprocessing."""


@runtime_checkable
class RawEngine(Protocol):
    """What an engine offers that can preprocess; `edgers.engines.engine.Engine` is the rest."""

    def load_kernels(self, kernels: Iterable[tuple[KitKernel, bytes]]) -> frozenset[str]:
        """Load what the driver takes of these kernels and their images; give their names."""

    def ingest(self, given: RawInput) -> npt.NDArray[np.generic]:
        """Give the tensor of one input, for comparison; its kernel must be loaded."""

    def infer_raw(self, inputs: Inputs) -> Tensors:
        """Run the graph once, as `infer`; kernels of the raw inputs must be loaded."""
