"""Rings around pixels: sides of pixels followed from corner to corner."""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from edgers.tasks.pixel_runs import Runs, on_a_line

Ints = npt.NDArray[np.int64]
Polygon = list[Ints]
"""A shell, (point, (column, row)), of pixel corners, and its holes, the other way around; not
closed, and without points on straight sides."""


def polygons_of(runs: Runs) -> list[Polygon]:
    """Give the polygons of a mask, one for all pixels that touch by their sides.

    They are in the order of their first pixels, row by row.
    """
    return [_polygon(part) for part in _connected(runs)]


def _polygon(runs: Runs) -> Polygon:
    """Give the polygon of pixels that touch by their sides."""
    rings = [without_straight(ring) for ring in traced(_sides(runs))]
    rings.sort(key=lambda ring: (twice_area(ring) < 0, ring[:, 1].min(), ring[:, 0].min()))
    return rings


def _connected(runs: Runs) -> list[Runs]:
    """Part a mask where its pixels do not touch by their sides."""
    begins, ends = on_a_line(runs)
    above_begins, above_ends = on_a_line(runs, down=1)
    first = np.searchsorted(above_ends, begins, "right").tolist()
    end = np.searchsorted(above_begins, ends, "left").tolist()
    parent = list(range(len(runs)))

    def root(one: int) -> int:
        while parent[one] != one:
            parent[one] = parent[parent[one]]
            one = parent[one]
        return one

    for i, (low, high) in enumerate(zip(first, end, strict=True)):
        for above in range(low, high):
            one, other = sorted((root(above), root(i)))
            parent[other] = one
    roots = np.array([root(i) for i in range(len(runs))])
    found = np.unique(roots)
    return [runs] if len(found) == 1 else [runs[roots == one] for one in found]


def _sides(runs: Runs) -> Ints:
    """Give the sides of a mask, directed with its inside on the right as an image is shown."""
    row, begin, end = runs.astype(np.int64).T
    right = np.stack([end, row, end, row + 1], axis=1)
    left = np.stack([begin, row + 1, begin, row], axis=1)
    # What of a row is not in the one before has a side above.
    spans, before = on_a_line(runs), on_a_line(runs, down=1)
    places = np.unique(np.concatenate([*spans, *before]))
    is_in, was_in = (
        np.searchsorted(one[0], places, "right") > np.searchsorted(one[1], places, "right")
        for one in (spans, before)
    )
    after = np.append(places[1:], places[-1:])
    sides = [right, left]
    for differs, forward in ((is_in & ~was_in, True), (was_in & ~is_in, False)):
        low, high = places[differs], after[differs]
        points = [(one & 0xFFFFFFFF, one >> 32) for one in (low, high)]
        first, second = points if forward else points[::-1]
        sides.append(np.stack([*first, *second], axis=1))
    return np.concatenate(sides)


def traced(sides: Ints) -> Iterator[Ints]:
    """Follow sides from end to begin.

    Where two pixels of a polygon touch by a corner, and are joined elsewhere, the ring goes over to
    the other: so holes, and shell and hole, touch in that point, and no ring touches itself.
    """
    row_length = int(sides[:, [0, 2]].max()) + 1
    begins, ends = (sides[:, i] + sides[:, i + 1] * row_length for i in (0, 2))
    order = np.argsort(begins, kind="stable")
    sorted_begins = begins[order]
    at = np.searchsorted(sorted_begins, ends)
    beside = np.minimum(at + 1, len(sides) - 1)
    way, first = sides[:, 2:] - sides[:, :2], order[at]
    turn = way[:, 0] * way[first, 1] - way[:, 1] * way[first, 0]
    is_wrong = (beside != at) & (sorted_begins[beside] == ends) & (turn > 0)
    after = np.where(is_wrong, order[beside], first).tolist()
    left = bytearray(b"\1" * len(sides))
    start = 0
    while (start := left.find(1, start)) >= 0:
        ring, side = [], start
        while left[side]:
            left[side] = 0
            ring.append(side)
            side = after[side]
        yield sides[ring, :2]


def without_straight(points: Ints) -> Ints:
    """Leave out the points of a ring at which it does not turn."""
    before, after = points - np.roll(points, 1, axis=0), np.roll(points, -1, axis=0) - points
    found: Ints = points[before[:, 0] * after[:, 1] != before[:, 1] * after[:, 0]]
    return found


def twice_area(ring: Ints) -> int:
    """Give twice the area; above zero where the ring turns from columns to rows."""
    after = np.roll(ring, -1, axis=0)
    return int((ring[:, 0] * after[:, 1] - after[:, 0] * ring[:, 1]).sum())
