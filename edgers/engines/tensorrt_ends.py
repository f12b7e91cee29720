"""Inputs and outputs of a TensorRT plan, and the sizes it takes."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from edgers.engines.tensorrt_api import member
from edgers.errors import EngineError

TYPES: Mapping[str, np.dtype[Any]] = {
    "FLOAT": np.dtype(np.float32),
    "INT32": np.dtype(np.int32),
    "INT64": np.dtype(np.int64),
    "UINT8": np.dtype(np.uint8),
    "BOOL": np.dtype(np.bool_),
}
"""Type in numpy by name of TensorRT's. Graphs in halves or 8 bits have float32 ends here, and
TensorRT's own table (`trt.nptype`) uses names that numpy has dropped."""

Shape = tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sizes:
    """Shapes of an input that a profile takes."""

    least: Shape
    """Smallest, side by side."""
    most: Shape
    """Largest."""

    def take(self, shape: Shape) -> bool:
        """Tell whether a shape is within."""
        return len(shape) == len(self.least) and all(
            low <= side <= high
            for low, side, high in zip(self.least, shape, self.most, strict=True)
        )

    @property
    def are_one(self) -> bool:
        """Whether there is a single shape."""
        return self.least == self.most


@dataclass(frozen=True, slots=True, kw_only=True)
class End:
    """An input or output."""

    name: str
    """Its name."""
    data_type: np.dtype[np.generic]
    """Type of its values."""
    profiles: tuple[Sizes, ...]
    """Of an input, what each profile takes; of an output nothing."""


def read_ends(trt: Any, engine: Any) -> tuple[tuple[End, ...], tuple[End, ...]]:
    """Read inputs and outputs of an engine, in its order.

    Raises EngineError where a plan has ends that this runner has no use for.
    """
    names = [engine.get_tensor_name(i) for i in range(engine.num_io_tensors)]
    is_input = member(trt, "TensorIOMode", "INPUT")
    ends: dict[bool, list[End]] = {True: [], False: []}
    for name in names:
        into = engine.get_tensor_mode(name) == is_input
        if engine.get_tensor_location(name) == member(trt, "TensorLocation", "HOST"):
            raise EngineError(f"tensor {name} of the plan is a shape, not an image.")
        ends[into].append(
            End(
                name=name,
                data_type=_data_type(trt, engine, name),
                profiles=_profiles(engine, name) if into else (),
            )
        )
    return tuple(ends[True]), tuple(ends[False])


def _data_type(trt: Any, engine: Any, name: str) -> np.dtype[np.generic]:
    found = engine.get_tensor_dtype(name)
    for title, kind in TYPES.items():
        if member(trt, "DataType", title) is not None and found == member(trt, "DataType", title):
            return kind
    raise EngineError(
        f"tensor {name} of the plan is of type {found}.",
        rule=f"It must be one of {', '.join(kind.name for kind in TYPES.values())}.",
        fix="Build the plan from the graphs of a build kit: edgers build",
    )


def _profiles(engine: Any, name: str) -> tuple[Sizes, ...]:
    fixed: Shape = tuple(engine.get_tensor_shape(name))
    count: int = max(engine.num_optimization_profiles, 1)
    if all(side >= 0 for side in fixed):
        return (Sizes(least=fixed, most=fixed),) * count
    found = []
    for profile in range(count):
        least, _, most = engine.get_tensor_profile_shape(name, profile)
        found.append(Sizes(least=tuple(least), most=tuple(most)))
    return tuple(found)
