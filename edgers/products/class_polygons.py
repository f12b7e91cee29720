"""Polygons of the classes of a map, a few rows at a time, as if it had been looked at whole.

GDAL makes polygons of a block of rows. Those that end within it are done; those that reach its last
row stay open: they give up the sides on the cut, and are joined with what goes on below. In memory
are one block, and the outlines of what is still open.
"""

import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
from rasterio.features import shapes

from edgers.products.pixel_rings import Ints, traced, twice_area, without_straight

BLOCK_PX = 1 << 19
"""Pixels of a block: where every one is a polygon of its own GDAL takes some hundred bytes each."""

NONE = -1
"""Stands for no polygon in a row of owners."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassPolygon:
    """Pixels of one class that touch by their sides."""

    value: int
    """Class value."""
    rings: list[Ints]
    """The shell, (point, (column, row)), of pixel corners, and its holes, the other way around; not
    closed, and without points on straight sides."""

    @property
    def pixels(self) -> int:
        """Pixels inside."""
        return sum(map(twice_area, self.rings)) // 2


@dataclass(slots=True, kw_only=True)
class _Open:
    """A polygon that may go on below."""

    value: int
    """Class value."""
    sides: list[Ints] = field(default_factory=list)
    """Directed sides, (side, (column, row, column, row)), the inside on one hand; none on a cut."""


def class_polygons(
    read: Callable[[int, int], npt.NDArray[np.generic]], shape: tuple[int, int], nodata: int,
    block_px: int = BLOCK_PX,
) -> Iterator[ClassPolygon]:  # fmt: skip
    """Give the polygons of a map of classes, (height, width), without those of nodata.

    `read` gives so many rows, whole, from one on. The order hangs on nothing but the map and the
    size of a block.
    """
    height, width = shape
    if not width:
        return
    step = max(1, block_px // width)
    joiner = _Joiner(width)
    for top in range(0, height, step):
        bottom = min(top + step, height)
        block = np.ascontiguousarray(read(top, bottom - top))
        found = shapes(block, mask=block != nodata, connectivity=4)
        for document, value in found:
            rings = [_ring(ring, top) for ring in document["coordinates"]]
            rows = rings[0][:, 1]
            opens, ends = rows.min() == top > 0, rows.max() == bottom < height
            if opens or ends:
                joiner.take(int(value), rings, top if opens else None, bottom if ends else None)
            else:
                yield ClassPolygon(value=int(value), rings=rings)
        yield from joiner.next_block(top)


class _Joiner:
    """Polygons that reach a cut between blocks, and who owns which column of its two sides."""

    def __init__(self, width: int) -> None:
        self._open: dict[int, _Open] = {}
        self._numbers = itertools.count()
        self._above, self._first, self._last = (np.full(width, NONE, np.int64) for _ in range(3))

    def take(self, value: int, rings: Sequence[Ints], top: int | None, bottom: int | None) -> None:
        """Take a polygon that reaches the cut at row `top`, or at `bottom`, or both."""
        number = next(self._numbers)
        sides = np.concatenate([np.hstack([ring, np.roll(ring, -1, axis=0)]) for ring in rings])
        is_level = sides[:, 1] == sides[:, 3]
        for cut, owners in ((top, self._first), (bottom, self._last)):
            if cut is not None:
                is_cut = is_level & (sides[:, 1] == cut)
                for begin, _, end, _ in sides[is_cut].tolist():
                    owners[min(begin, end) : max(begin, end)] = number
                sides, is_level = sides[~is_cut], is_level[~is_cut]
        self._open[number] = _Open(value=value, sides=[sides])

    def next_block(self, top: int) -> Iterator[ClassPolygon]:
        """Join what meets at the cut above a block that begins at row `top`; give what is done."""
        root = self._roots()
        values = {number: one.value for number, one in self._open.items()}
        above, below = self._above, self._first
        is_same = _valued(above, values) == _valued(below, values)
        is_same &= above != NONE
        # What differs across the cut has a side there: from left to right if inside is below.
        for owners, forward in ((above, False), (below, True)):
            for number, begin, end in _runs(np.where(is_same, NONE, owners)):
                side = (begin, top, end, top) if forward else (end, top, begin, top)
                self._open[number].sides.append(np.array([side], np.int64))
        joined: dict[int, _Open] = {}
        for number, one in self._open.items():
            kept = joined.setdefault(root[number], one)
            if kept is not one:
                kept.sides += one.sides
        goes_on = {root[number] for number in np.unique(self._last).tolist() if number != NONE}
        for number in [number for number in joined if number not in goes_on]:
            yield _closed(joined.pop(number))
        self._open = joined
        self._above = np.array([root.get(number, NONE) for number in self._last.tolist()])
        self._first, self._last = (np.full(len(self._last), NONE, np.int64) for _ in range(2))

    def _roots(self) -> dict[int, int]:
        """Give for each polygon the first of those it is one with."""
        parent = {number: number for number in self._open}

        def root(number: int) -> int:
            while parent[number] != number:
                parent[number] = parent[parent[number]]
                number = parent[number]
            return number

        pairs = np.stack([self._above, self._first], axis=1)
        met = pairs[(pairs != NONE).all(axis=1)]
        for one, other in np.unique(met, axis=0).tolist():
            if self._open[one].value == self._open[other].value:
                low, high = sorted((root(one), root(other)))
                parent[high] = low
        return {number: root(number) for number in parent}


def _valued(owners: Ints, values: dict[int, int]) -> Ints:
    """Give the class of the owner of each column, below zero where there is none."""
    return np.array([values.get(number, NONE) for number in owners.tolist()], np.int64)


def _runs(owners: Ints) -> Iterator[tuple[int, int, int]]:
    """Give owner, first column and end of each run of columns that one polygon owns."""
    edges = np.flatnonzero(np.diff(owners)) + 1
    bounds = [0, *edges.tolist(), len(owners)]
    for begin, end in itertools.pairwise(bounds):
        if begin < end and owners[begin] != NONE:
            yield int(owners[begin]), begin, end


def _closed(one: _Open) -> ClassPolygon:
    """Make rings of sides, the shell first: the one that runs as all shells do."""
    rings = [without_straight(ring) for ring in traced(np.concatenate(one.sides))]
    rings.sort(key=lambda ring: twice_area(ring) < 0)
    return ClassPolygon(value=one.value, rings=rings)


def _ring(coordinates: Sequence[tuple[float, float]], top: int) -> Ints:
    """Give a ring of GDAL's, not closed, in rows of the map; shells turn from columns to rows."""
    found: Ints = np.array(coordinates[:0:-1]).round().astype(np.int64)
    found[:, 1] += top
    return found
