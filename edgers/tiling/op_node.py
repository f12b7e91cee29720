"""One graph node as the halo rules see it, and the links they answer with."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from edgers.tiling.axis_map import IDENTITY, AxisMap

Axes = tuple[int, int]
"""Positions of the height and width axes in a tensor."""


class UnboundedError(Exception):
    """An output pixel may depend on any input pixel; the text says through which op and why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """A tensor's dependence on one of its inputs."""

    source: str
    """Input tensor."""
    height: AxisMap = IDENTITY
    """Along rows."""
    width: AxisMap = IDENTITY
    """Along columns."""
    interpolates: bool = False
    """Whether samples are mixed by weights that hang on their position."""

    def along(self, axis: int) -> AxisMap:
        """Give the map along axis 0 (height) or 1 (width)."""
        return self.width if axis else self.height


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """One operator with all that a rule may ask."""

    op: str
    """Operator name."""
    label: str
    """Operator and node name, for messages."""
    inputs: tuple[str, ...]
    """Input tensors; an optional input left out is empty."""
    output: str
    """Output tensor under question."""
    attributes: Mapping[str, object]
    """Attributes as Python values."""
    axes: Mapping[str, Axes]
    """Image axes of each input that has them."""
    shapes: Mapping[str, tuple[int, ...]]
    """Shapes of inputs and output at the probed size."""
    constant: Callable[[int], npt.NDArray[np.generic] | None]
    """Value of input i where it is the same at every size, else None."""
    counted: Callable[[int], bool]
    """Whether input i was computed from the image size."""

    def images(self) -> tuple[str, ...]:
        """Give the inputs that have image axes."""
        return tuple(name for name in self.inputs if name in self.axes)

    def number(self, name: str, default: int) -> int:
        """Read a whole-number attribute."""
        value = self.attributes.get(name, default)
        assert isinstance(value, int)
        return value

    def numbers(self, name: str, default: Sequence[int]) -> tuple[int, ...]:
        """Read a list attribute."""
        value = self.attributes.get(name, default)
        assert isinstance(value, (list, tuple))
        return tuple(value)

    def word(self, name: str, default: str) -> str:
        """Read a text attribute."""
        value = self.attributes.get(name, default)
        return value.decode() if isinstance(value, bytes) else str(value)

    def fixed(self, index: int, attribute: str) -> tuple[float, ...] | None:
        """Read numbers given as input `index` or as an attribute; None where neither is there."""
        if len(self.inputs) > index and self.inputs[index]:
            value = self.constant(index)
            if value is None:
                raise self.unbounded(f"its '{attribute}' changes with the image size")
            return tuple(value.reshape(-1).tolist())
        if attribute in self.attributes:
            return tuple(self.numbers(attribute, ()))
        return None

    def unbounded(self, why: str) -> UnboundedError:
        """Make the error that ends the walk at this node."""
        return UnboundedError(f"{self.label}: {why}")


Placed = tuple[Axes, list[Link]]
"""Image axes of the output, and its links."""
Rule = Callable[[Node], Placed]


def per_axis(node: Node, source: str, maps: Sequence[AxisMap]) -> Placed:
    """Give the answer of an op that keeps its image axes and treats them by `maps`."""
    return node.axes[source], [Link(source=source, height=maps[0], width=maps[1])]
