"""One shape that a text tells of."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Ring = npt.NDArray[np.float64]
"""Corners (n, 2) as (column, row) in pixels of the tile; 0, 0 is its outer corner."""
Size = tuple[int, int]
"""Width and height of the tile, px."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What stands in a text where a shape is told, or tried to be."""

    name: str
    """What it is said to be; empty where the text does not say."""
    said: str
    """The words themselves."""
    ring: Ring | None
    """Corners; None where they make no shape."""
    is_box: bool = False
    """Whether they are those of a rectangle, in the sense of `kernels.boxes`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SpokenShape:
    """A shape with an area."""

    name: str
    """What it is said to be; empty where the text does not say."""
    box: Ring
    """The smallest rectangle around it, (4, 2)."""
    ring: Ring
    """Its outline; of one that crosses itself, the rectangle."""
    said: str
    """The words that tell of it."""


def box_around(left: float, top: float, right: float, bottom: float) -> Ring:
    """Give a box along the axes, (4, 2)."""
    return np.array([(left, top), (right, top), (right, bottom), (left, bottom)], np.float64)


def is_simple(ring: Ring) -> bool:
    """Tell whether no two sides of a ring cross; those that only touch do not."""
    ends = np.roll(ring, -1, axis=0)
    along = (ends - ring)[:, None]

    def side(points: Ring) -> npt.NDArray[np.float64]:
        """Tell on which side of each of the ring's sides points lie, (side, point)."""
        apart = points[None] - ring[:, None]
        found: npt.NDArray[np.float64] = np.sign(
            along[..., 0] * apart[..., 1] - along[..., 1] * apart[..., 0]
        )
        return found

    parts = side(ring) * side(ends) < 0
    return not bool((parts & parts.T).any())
