"""Whether two tiles show the same object: its masks agree where both tiles look.

Where two windows share pixels, the masks are compared in these; where they only touch, along the
edge between them: a mask goes on where pixels on both sides of it touch.
"""

from dataclasses import dataclass

import numpy as np

from edgers.tasks.pixel_runs import Bounds, Runs, clipped, pixels_in, pixels_shared

SAME = 0.5
"""Share of the pixels that either mask holds from which two are one object, as for boxes."""
ALONG_EDGE = 0.25
"""Share of the shorter contact from which the same holds along an edge. An outline that crosses it
at a slant moves on from one row of pixels to the next, and parts of a bent one may have no contact;
neighbours that touch there have their own other halves, which go first."""
PART = 0.8
"""Share of the smaller mask from which it is a part of the larger one: of a bow whose two arms
another tile shows as two. Along an edge `SAME` of the shorter contact will do, for the reasons
above."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Likeness:
    """How much of what two tiles show, where both look, is the same."""

    of_both: float
    """Share of the pixels that either holds."""
    of_less: float
    """Share of the pixels of the smaller one."""
    first_is_less: bool
    """Whether the first shows fewer there."""
    along_edge: bool
    """Whether only the edge between the windows was compared."""

    @property
    def is_same(self) -> bool:
        """Tell whether the two are one object."""
        if self.along_edge:
            return self.of_less >= ALONG_EDGE
        return self.of_both >= SAME or self.is_part

    @property
    def is_part(self) -> bool:
        """Tell whether one is a part of the other, which may have more of them."""
        return self.of_less >= (SAME if self.along_edge else PART)


def shared_bounds(first: Bounds, second: Bounds) -> Bounds:
    """Give what two windows share; its width or height is 0 where they touch, below 0 apart."""
    left, top = max(first[0], second[0]), max(first[1], second[1])
    return left, top, min(first[2], second[2]), min(first[3], second[3])


def compared(runs: Runs, own: Bounds, other: Bounds) -> Runs:
    """Give what of a mask in its `own` window is held against what the `other` one shows.

    Where windows only touch, that are the pixels along the edge, moved to the far side of it for
    the window that lies before it. Nothing is compared across a corner.
    """
    left, top, right, bottom = shared_bounds(own, other)
    if left == right and top < bottom:
        left, right = (left - 1, right) if own[0] < other[0] else (left, right + 1)
        moved = (0, 1, 1) if own[0] < other[0] else (0, 0, 0)
    elif top == bottom and left < right:
        top, bottom = (top - 1, bottom) if own[1] < other[1] else (top, bottom + 1)
        moved = (1, 0, 0) if own[1] < other[1] else (0, 0, 0)
    else:
        moved = (0, 0, 0)
    return clipped(runs, (left, top, right, bottom)) + np.array(moved, np.int32)


def likeness(one: Runs, other: Runs, *, along_edge: bool) -> Likeness:
    """Hold two masks, of which neither is empty, against each other."""
    counts = pixels_in(one), pixels_in(other)
    both = pixels_shared(one, other)
    return Likeness(
        of_both=both / (sum(counts) - both), of_less=both / min(counts),
        first_is_less=counts[0] < counts[1], along_edge=along_edge,
    )  # fmt: skip


def is_cut(bounds: Bounds, window: Bounds, inner: tuple[bool, bool, bool, bool]) -> bool:
    """Tell whether a mask reaches an inner edge of its window: it may go on beyond."""
    reaches = (
        bounds[0] <= window[0], bounds[1] <= window[1],
        bounds[2] >= window[2], bounds[3] >= window[3],
    )  # fmt: skip
    return any(near and beyond for near, beyond in zip(reaches, inner, strict=True))
