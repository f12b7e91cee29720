"""What a bundle asks of a device, in numbers and names: nothing of bundles is known here."""

from dataclasses import dataclass
from typing import Literal

from edgers.targets.gpu import Version


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionBand:
    """TensorRT versions that one set of graphs is for."""

    name: str
    """As shown."""
    first: tuple[int, int]
    """Major and minor of the first."""
    last: tuple[int, int]
    """Major and minor of the last."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KernelForm:
    """A form of a CUDA kernel."""

    kind: Literal["cubin", "ptx"]
    """Machine code, or text that the driver assembles when it is loaded."""
    since_cuda: tuple[int, int]
    """CUDA version from which on a driver loads it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KernelNeed:
    """A CUDA kernel that a run launches."""

    name: str
    """Its name."""
    forms: tuple[KernelForm, ...]
    """Forms it comes in; empty where it is missing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Needs:
    """What the TensorRT way of a bundle asks for."""

    cc: tuple[int, int]
    """Compute capability it was made for."""
    tensorrt: Version | None
    """Version that built the plan; None where there is no plan yet."""
    bands: tuple[VersionBand, ...]
    """Versions that a plan can be built with."""
    cuda: Version | None
    """CUDA version of the driver under which the plan was built; None where there is none yet."""
    module: str
    """Model of the Jetson that the plan was built on; empty elsewhere."""
    device: str
    """Name of the GPU that the plan was built on; empty where there is no plan yet."""
    plan_bytes: int
    """Memory that one run of the plan takes; before it is built, what its weights take at least."""
    run_bytes: int
    """Memory that the tiles in flight take beside it."""
    wants_dla: bool
    """Whether it is for a deep-learning accelerator (DLA)."""
    dla_core: int | None
    """The one the plan was built for; None for any, or for none."""
    kernels: tuple[KernelNeed, ...]
    """CUDA kernels that a run launches."""

    @property
    def memory_bytes(self) -> int:
        """Give the memory that a run takes."""
        return self.plan_bytes + self.run_bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineNeeds:
    """What a way without a plan of its own asks for: a runtime that takes the graph as it is."""

    engine: str
    """Name of its package."""
    version: str
    """Version it was checked with."""
    precision: str
    """Precision it computes in."""
    provider: str
    """What the runtime hands the graph to; empty for the runtime's own CPU kernels."""
    graph_bytes: int
    """Size of the graph: what its weights take at least."""
