"""Objects cut by tile borders put together again, while tiles come in.

A piece waits only as long as a later tile could see the same object; so what is held grows with a
row of tiles, not with the scene.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from edgers.kernels.boxes import boxes_from_corners
from edgers.kernels.cpu.oriented_iou import oriented_iou
from edgers.kernels.cpu.polygon_clip import clip_quads, polygon_area
from edgers.kernels.polygons import Polygon, Rectangle
from edgers.tasks.agreement import SAME, agreement, is_cut
from edgers.tasks.explaining import explains_all, explanation
from edgers.tasks.merging import rectangle_around
from edgers.tasks.pieces import Corners, Pieces, Window, bounds_of
from edgers.tasks.windows import Windows

BRIDGE_PX = 64.0
"""Longest gap, along x and y, that is bridged where windows meet at a corner."""

ALIKE = 0.9
"""Overlap from which cut pieces, as the network gave them, tell of the whole object: networks that
guess beyond the window give the same in each, others only what they see."""
MOST = 0.5
"""Share of a piece above which a strip shows it well enough to go by agreement there alone, as a
suppression of boxes in one tile does: what is off beyond a detector's usual error is noise then."""
TELLING_PX = 16.0
"""A strip narrower than this shows too little for that: boxes one behind another look alike."""
SURE_DIGITS = 3
"""Pairs that differ by less are equally sure: rounding decides nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Joined:
    """One object of the scene."""

    corners: Polygon
    """Its rectangle, (4, 2), x and y; what of it lies beyond the scene is not cut off."""
    score: float
    """The best of its pieces: each is a look at the same object, and the best look counts."""
    kind: int
    """Position of its class in the contract."""
    tile: int
    """The tile it was taken from; of several pieces, the one of the best score."""
    tiles: int
    """Tiles that have seen it."""
    nodata: float
    """Share of its bounds that holds no data."""


@dataclass(slots=True, kw_only=True, eq=False)
class _Piece:
    """A piece that waits."""

    tile: int
    """Tile that saw it."""
    place: int
    """Its position among the pieces of the tile."""
    corners: Polygon
    """As the network gave it."""
    seen: Polygon
    """What of it lies in the window."""
    bounds: tuple[float, float, float, float]
    """Least and greatest x and y of that."""
    score: float
    """Score."""
    kind: int
    """Class."""
    nodata: float
    """Share without data."""
    cut: bool
    """Whether it may go on beyond the window."""
    last: int
    """The last tile that could see the same object."""

    @property
    def direction(self) -> Polygon:
        """Direction of a side, of length 1."""
        side = self.corners[1] - self.corners[0]
        found: Polygon = side / np.hypot(side[0], side[1])
        return found


@dataclass(slots=True, eq=False)
class _Group:
    """Pieces of one object."""

    pieces: list[_Piece]
    """At most one a tile."""
    tiles: set[int] = field(default_factory=set)
    """Tiles they are of."""
    last: int = 0
    """The last tile that could add a piece."""


class _Pair(NamedTuple):
    """Two pieces that may be one object."""

    order: tuple[float, float, int, int, int, int]
    """Least for the surest."""
    due: int
    """The tile with which it is decided, at the latest."""
    a: _Piece
    """The one that came later."""
    b: _Piece
    """The other."""
    told: bool
    """Whether the windows share enough to tell that both are one object whatever their sides."""


class Joiner:
    """Joins the pieces of one scene, tile by tile in the order of work."""

    def __init__(self, windows: Windows, *, upright: bool, by_class: bool) -> None:
        """Prepare for a scene; boxes are `upright` where none has an angle.

        With `by_class` only pieces of one class are one object.
        """
        self._windows, self._upright, self._by_class = windows, upright, by_class
        self._waiting: dict[int, list[_Piece]] = {}
        self._groups: dict[int, _Group] = {}
        self._pairs: list[_Pair] = []
        self.held = 0
        self.most_held = 0
        """Most pieces that ever waited at once."""

    def add(self, tile: int, pieces: Pieces) -> list[Joined]:
        """Take the pieces of the next tile; give the objects that are complete."""
        window = self._windows[tile]
        fresh = self._cut_to(window, tile, pieces)
        for piece in fresh:
            self._groups[id(piece)] = _Group([piece], {tile}, piece.last)
        self._join(tile, fresh)
        self._waiting[tile] = fresh
        self.held += len(fresh)
        self.most_held = max(self.most_held, self.held)
        return self._release(tile)

    def finish(self) -> list[Joined]:
        """Give what is left."""
        self._unite_until(len(self._windows))
        return self._release(len(self._windows))

    def _cut_to(self, window: Window, tile: int, pieces: Pieces) -> list[_Piece]:
        """Cut pieces to their window; what lies beyond it altogether was not seen."""
        parts = clip_quads(pieces["corners"], window.rectangle)
        found = []
        for place in np.flatnonzero(parts.areas > 0).tolist():
            seen = np.array(parts.vertices[place, : parts.counts[place]])
            left, top, right, bottom = bounds_of(seen).tolist()
            cut = is_cut(seen, window)
            bounds = (left, top, right, bottom)
            one = pieces[place]
            found.append(
                _Piece(
                    tile=tile,
                    place=place,
                    corners=np.array(one["corners"]),
                    seen=seen,
                    bounds=bounds,
                    score=float(one["score"]),
                    kind=int(one["kind"]),
                    nodata=float(one["nodata"]),
                    cut=cut,
                    last=self._windows.last(tile, None if cut else bounds),
                )
            )
        return found

    def _join(self, tile: int, fresh: list[_Piece]) -> None:
        """Find what new pieces may go with, and join what is due.

        A pair is due with the last tile that could see both pieces, or with a less sure one: the
        right piece for one of them may be yet to come. Neither is let go before.
        """
        window = self._windows[tile]
        for before, waiting in self._neighbours(window):
            there = self._windows[before]
            # The more two windows share, the more was compared.
            shared = _shared_px2(window, there)
            for i, k in _near(fresh, waiting):
                a, b = fresh[i], waiting[k]
                if self._by_class and a.kind != b.kind:
                    continue
                told = self._upright and _shows_most(a, b, _strip(window, there))
                sure = self._sure(a, window, b, there, told=told)
                if sure:
                    order = (-round(sure, SURE_DIGITS), -shared, before, tile, i, k)
                    due = self._windows.sooner(a.last, b.last)
                    self._pairs.append(_Pair(order, due, a, b, told))
        self._unite_until(tile)

    def _unite_until(self, tile: int) -> None:
        """Make groups of the pairs that are due with a tile, and of all that are surer."""
        # Equal for every run: nothing here hangs on time or on where an object lies in memory.
        self._pairs.sort(key=lambda one: one.order)
        count = max((i + 1 for i, one in enumerate(self._pairs) if one.due <= tile), default=0)
        for pair in self._pairs[:count]:
            self._unite(pair)
        self._pairs = self._pairs[count:]

    def _sure(
        self, a: _Piece, first: Window, b: _Piece, second: Window, *, told: bool
    ) -> float:  # fmt: skip
        """Give how sure it is that two pieces are one object, 0 to 1; 0 for two objects.

        What both windows show decides. One rectangle must explain both too where boxes are upright,
        since these overlap each other, unless the windows have `told` enough: such a pair comes
        after those it explains. Else it tells which of several pairs is the right one.
        """
        same = agreement(a.seen, first, b.seen, second)
        if same is not None and same < SAME:
            return 0.0
        if same is None and (self._upright or _share_an_edge(first, second)):
            return 0.0
        larger = a if polygon_area(a.seen) >= polygon_area(b.seen) else b
        found = explanation((a.seen, first), (b.seen, second), larger.direction)
        if same is None:
            # Across a corner: what lies between was too small to be seen by the tiles beside.
            return SAME * found.share if a.cut and b.cut and found.bridges else 0.0
        if self._upright and found.off_px > 0:
            return SAME * same * found.share if told else 0.0
        return same * found.share

    def _neighbours(self, window: Window) -> Iterator[tuple[int, list[_Piece]]]:
        """Give the tiles before whose windows meet this one, with what waits of them."""
        for tile in sorted(self._waiting):
            there = self._windows[tile]
            if (
                max(window.left, there.left) <= min(window.right, there.right)
                and max(window.top, there.top) <= min(window.bottom, there.bottom)
                and self._waiting[tile]
            ):
                yield tile, self._waiting[tile]

    def _unite(self, pair: _Pair) -> None:
        """Make one group of two, unless a tile would have seen the object twice."""
        one, other = self._groups[id(pair.a)], self._groups[id(pair.b)]
        if one is other or one.tiles & other.tiles:
            return
        pieces = one.pieces + other.pieces
        seen = [(piece.bounds, self._windows[piece.tile]) for piece in pieces]
        if self._upright and not pair.told and not explains_all(seen):
            return
        one.pieces = pieces
        one.tiles |= other.tiles
        one.last = max(one.last, other.last)
        for piece in other.pieces:
            self._groups[id(piece)] = one

    def _release(self, tile: int) -> list[Joined]:
        """Give, and forget, the groups that no later tile can add to."""
        found, done = [], set()
        for index in sorted(self._waiting):
            kept = []
            for piece in self._waiting[index]:
                group = self._groups[id(piece)]
                if group.last > tile:
                    kept.append(piece)
                    continue
                if id(group) not in done:
                    done.add(id(group))
                    found.append(group)
                del self._groups[id(piece)]
                self.held -= 1
            self._waiting[index] = kept
            if not kept:
                del self._waiting[index]
        return [self._joined(group) for group in found]

    def _joined(self, group: _Group) -> Joined:
        """Make one object of a group."""
        ranked = sorted(group.pieces, key=lambda one: (-one.score, one.tile, one.place))
        best = ranked[0]
        whole = next((one for one in ranked if not one.cut), None)
        if whole is None and len(ranked) == 1:
            whole = best
        if whole is not None:
            corners, nodata = whole.corners, whole.nodata
        else:
            in_order = sorted(ranked, key=lambda one: one.tile)
            # Where all tiles tell of one rectangle, they know the object beyond their windows.
            knows = _told_alike(in_order)
            told = [one.corners if knows else one.seen for one in in_order]
            corners = rectangle_around(told, upright=self._upright)
            nodata = max(one.nodata for one in in_order)
        return Joined(
            corners=corners, score=best.score, kind=best.kind, tile=(whole or best).tile,
            tiles=len(group.tiles), nodata=nodata,
        )  # fmt: skip


def _told_alike(pieces: list[_Piece]) -> bool:
    """Tell whether all pieces, as the network gave them, are about the same rectangle."""
    boxes = boxes_from_corners(np.array([one.corners for one in pieces]))
    return bool(oriented_iou(boxes[:1], boxes).min() >= ALIKE)


def _strip(first: Window, second: Window) -> Rectangle:
    """Give what two windows, which meet, both look at: least x and y, greatest x and y."""
    low = max(first.left, second.left), max(first.top, second.top)
    return (*low, min(first.right, second.right), min(first.bottom, second.bottom))


def _shared_px2(first: Window, second: Window) -> float:
    """Give the area in which two windows, which meet, look at the same."""
    left, top, right, bottom = _strip(first, second)
    return (right - left) * (bottom - top)


def _shows_most(a: _Piece, b: _Piece, strip: Rectangle) -> bool:
    """Tell whether a strip shows more than `MOST` of one of two upright pieces."""
    if min(strip[2] - strip[0], strip[3] - strip[1]) < TELLING_PX:
        return False
    for piece in (a, b):
        left, top, right, bottom = piece.bounds
        width = min(right, strip[2]) - max(left, strip[0])
        height = min(bottom, strip[3]) - max(top, strip[1])
        if min(width, height) > 0 and width * height > MOST * (right - left) * (bottom - top):
            return True
    return False


def _share_an_edge(first: Window, second: Window) -> bool:
    """Tell whether two windows lie beside each other, and not across a corner."""
    same_columns = first.left == second.left and first.right == second.right
    same_rows = first.top == second.top and first.bottom == second.bottom
    return same_columns or same_rows


def _near(fresh: list[_Piece], waiting: list[_Piece]) -> list[tuple[int, int]]:
    """Give pairs, by position, that are near enough to be looked at."""
    if not fresh or not waiting:
        return []
    a: Corners = np.array([one.bounds for one in fresh])[:, None]
    b: Corners = np.array([one.bounds for one in waiting])[None]
    gap = np.maximum(a[..., :2], b[..., :2]) - np.minimum(a[..., 2:], b[..., 2:])
    both_cut = np.array([one.cut for one in fresh])[:, None] & [one.cut for one in waiting]
    near = (gap <= np.where(both_cut, BRIDGE_PX, 0.0)[..., None]).all(axis=-1)
    first, second = np.nonzero(near)
    return list(zip(first.tolist(), second.tolist(), strict=True))
