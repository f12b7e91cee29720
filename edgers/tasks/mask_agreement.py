"""Whether two tiles show the same object: its masks agree where both tiles look.

Where two windows share pixels, the masks are compared in these; where they only touch, along the
edge between them: a mask goes on where pixels on both sides of it touch.
"""

from dataclasses import dataclass

import numpy as np

from edgers.tasks.pixel_runs import Bounds, Places, Runs, clipped, pixels_in, pixels_shared

SAME = 0.5
"""Share of the pixels that either mask holds from which two are one object, as for boxes. Along an
edge, share of the shorter contact: an outline that crosses it at a slant moves on from one row of
pixels to the next."""
PART = 0.8
"""Share of the smaller mask from which it is a part of the larger one: of a bow whose two arms
another tile shows as two."""


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
        return (self.of_less if self.along_edge else self.of_both) >= SAME or self.is_part

    @property
    def is_part(self) -> bool:
        """Tell whether one is a part of the other, which may have more of them."""
        return self.of_less >= PART


def shared_bounds(first: Bounds, second: Bounds) -> Bounds:
    """Give what two windows share; its width or height is 0 where they touch, below 0 apart."""
    left, top = max(first[0], second[0]), max(first[1], second[1])
    return left, top, min(first[2], second[2]), min(first[3], second[3])


def likeness(a: Runs, first: Bounds, b: Runs, second: Bounds) -> Likeness | None:
    """Compare two masks, each in its window; None where there is nothing to compare."""
    shared = shared_bounds(first, second)
    wide, high = shared[2] - shared[0], shared[3] - shared[1]
    if wide > 0 and high > 0:
        inside, within = clipped(a, shared), clipped(b, shared)
        counts = pixels_in(inside), pixels_in(within)
        both = pixels_shared(inside, within) if min(counts) else 0
    elif wide >= 0 and high >= 0 and (wide or high):
        axis = 0 if wide == 0 else 1
        line, span = shared[axis], (shared[1 - axis], shared[3 - axis])
        is_before = first[axis] < second[axis]
        one = _along(a, axis, line, span, ends=is_before)
        other = _along(b, axis, line, span, ends=not is_before)
        counts = len(one), len(other)
        # Pixels that touch by their corners touch.
        near = np.concatenate([one - 1, one, one + 1])
        both = min(len(one), int(np.isin(other, near).sum()))
    else:
        return None
    if not max(counts):
        return None
    return Likeness(
        of_both=both / (sum(counts) - both), of_less=both / max(1, min(counts)),
        first_is_less=counts[0] < counts[1], along_edge=not (wide and high),
    )  # fmt: skip


def _along(runs: Runs, axis: int, line: int, span: tuple[int, int], *, ends: bool) -> Places:
    """Give where along an edge across `axis` (0 for x), at `line`, a mask begins or ends there."""
    if axis == 0:
        places = runs[runs[:, 2 if ends else 1] == line, 0].astype(np.int64)
    else:
        at = runs[runs[:, 0] == (line - 1 if ends else line)]
        parts = [np.arange(begin, end) for _, begin, end in at.tolist()]
        places = np.concatenate([np.empty(0, np.int64), *parts])
    found: Places = places[(places >= span[0]) & (places < span[1])]
    return found


def is_cut(bounds: Bounds, window: Bounds, inner: tuple[bool, bool, bool, bool]) -> bool:
    """Tell whether a mask reaches an inner edge of its window: it may go on beyond."""
    reaches = (
        bounds[0] <= window[0], bounds[1] <= window[1],
        bounds[2] >= window[2], bounds[3] >= window[3],
    )  # fmt: skip
    return any(near and beyond for near, beyond in zip(reaches, inner, strict=True))
