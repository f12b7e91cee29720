"""All that one attempt to build a plan is made of."""

from collections.abc import Mapping
from dataclasses import dataclass

from edgers.build_kit import Attempt

Shape = tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """Shapes that a plan takes: for each input the least, the usual and the largest."""

    name: str
    """`dynamic` or `fixed`."""
    shapes: Mapping[str, tuple[Shape, Shape, Shape]]
    """Shapes by input, in the order of the tensor's axes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """What TensorRT is told."""

    attempt: Attempt
    """Precision, types and flags."""
    graph: bytes
    """The ONNX graph."""
    profiles: tuple[Profile, ...]
    """Shapes that the plan takes; a runtime may choose among several."""
    workspace_bytes: int
    """Memory that a layer may use for itself."""
    dla_core: int | None = None
    """DLA to build for, with the GPU for what it does not take; None for the GPU alone."""
    is_stripped: bool = False
    """Whether weights are left out of the plan."""
    timings: bytes = b""
    """What earlier builds timed, as TensorRT wrote it down; empty for none."""
