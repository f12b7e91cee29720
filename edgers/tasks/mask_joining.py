"""Masks cut by tile borders put together again, while tiles come in.

A mask waits in memory only as long as a later tile could see the same object; what was compared for
the last time is read again when the object is whole. So what is held grows with a row of tiles, and
not with the scene or with the longest object.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np

from edgers.tasks.mask_agreement import Likeness, compared, is_cut, likeness, shared_bounds
from edgers.tasks.mask_pieces import MaskPieces
from edgers.tasks.pixel_runs import Bounds, Runs, bounds_of, pixels_in, united
from edgers.tasks.windows import Windows

SHARE_DIGITS = 3
"""Pairs that differ by less are equally sure: rounding decides nothing."""

Reread = Callable[[int, int], Runs]
"""Gives the mask of a tile's piece, by its position, anew."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JoinedMask:
    """One object of the scene."""

    runs: Runs
    """All pixels that any tile says are its."""
    score: float
    """The best of its pieces: each is a look at the same object, and the best look counts."""
    kind: int
    """Position of its class in the contract."""
    tile: int
    """The tile of the piece with the best score."""
    tiles: int
    """Tiles that have seen it."""
    nodata: float
    """Share of the pixels of its pieces that hold no data."""


@dataclass(slots=True, kw_only=True, eq=False)
class _Piece:
    """A piece of an object."""

    tile: int
    """Tile that saw it."""
    place: int
    """Its position among the pieces of the tile."""
    runs: Runs | None
    """Its pixels, as long as a later tile could see the object."""
    bounds: Bounds
    """Their bounds."""
    pixels: int
    """How many they are."""
    nodata_px: int
    """How many of them hold no data."""
    score: float
    """Score."""
    kind: int
    """Class."""
    cut: bool
    """Whether it may go on beyond the window."""
    last: int
    """The last tile that could see the same object."""
    group: "_Group"
    """What it is a piece of."""


@dataclass(slots=True, eq=False)
class _Group:
    """Pieces of one object."""

    pieces: list[_Piece] = field(default_factory=list)
    """In no order."""
    last: int = -1
    """The last tile that could add a piece."""


class MaskJoiner:
    """Joins the masks of one scene, tile by tile in the order of work."""

    def __init__(self, windows: Windows, reread: Reread, *, by_class: bool) -> None:
        """Prepare for a scene; with `by_class` only pieces of one class are one object."""
        self._windows, self._reread, self._by_class = windows, reread, by_class
        self._waiting: dict[int, list[_Piece]] = {}
        self._open: dict[_Group, None] = {}
        self.held_runs = 0
        self.most_runs = 0
        """Most runs of pixels that ever waited at once."""

    def add(self, tile: int, found: MaskPieces) -> list[JoinedMask]:
        """Take the pieces of the next tile; give the objects that are complete."""
        fresh = self._fresh(tile, found)
        self._join(tile, fresh)
        if fresh:
            self._waiting[tile] = fresh
        self.held_runs += sum(len(mask) for mask in found.masks)
        self.most_runs = max(self.most_runs, self.held_runs)
        return self._release(tile)

    def finish(self) -> list[JoinedMask]:
        """Give what is left."""
        return self._release(len(self._windows))

    def _fresh(self, tile: int, found: MaskPieces) -> list[_Piece]:
        """Make groups of one piece each."""
        window, inner = self._bounds(tile), self._windows[tile].inner
        fresh = []
        for place, (one, runs) in enumerate(zip(found.pieces, found.masks, strict=True)):
            bounds = bounds_of(runs)
            cut = is_cut(bounds, window, inner)
            group = _Group(last=self._windows.last(tile, None if cut else bounds))
            piece = _Piece(
                tile=tile, place=place, runs=runs, bounds=bounds, pixels=pixels_in(runs),
                nodata_px=int(one["nodata_px"]), score=float(one["score"]), kind=int(one["kind"]),
                cut=cut, last=group.last, group=group,
            )  # fmt: skip
            group.pieces.append(piece)
            self._open[group] = None
            fresh.append(piece)
        return fresh

    def _bounds(self, tile: int) -> Bounds:
        window = self._windows[tile]
        return int(window.left), int(window.top), int(window.right), int(window.bottom)

    def _join(self, tile: int, fresh: list[_Piece]) -> None:
        """Join new pieces with those that wait, the surest first."""
        window = self._bounds(tile)
        found = []
        for before, waiting in self._neighbours(window):
            there = self._bounds(before)
            left, top, right, bottom = shared_bounds(window, there)
            shared_px = (right - left) * (bottom - top)
            ours, theirs = _compared(fresh, window, there), _compared(waiting, there, window)
            for i, k in _near([one for _, one in ours], [one for _, one in theirs]):
                (a, one), (b, other) = ours[i], theirs[k]
                if self._by_class and fresh[a].kind != waiting[b].kind:
                    continue
                like = likeness(one, other, along_edge=not shared_px)
                if like.is_same:
                    both, less = (round(one, SHARE_DIGITS) for one in (like.of_both, like.of_less))
                    # The more two windows share, the more was compared.
                    found.append(((-both, -less, -shared_px), (before, a, b), like))
        # Equal for every run: nothing here hangs on time or on where an object lies in memory.
        for _, (before, i, k), like in sorted(found, key=lambda one: one[:2]):
            self._unite(fresh[i], self._waiting[before][k], like)

    def _neighbours(self, window: Bounds) -> Iterator[tuple[int, list[_Piece]]]:
        """Give the tiles before whose windows meet this one, with what waits of them."""
        for tile, waiting in sorted(self._waiting.items()):
            left, top, right, bottom = shared_bounds(window, self._bounds(tile))
            if left <= right and top <= bottom:
                yield tile, waiting

    def _unite(self, a: _Piece, b: _Piece, like: Likeness) -> None:
        """Make one group of two.

        A tile that shows two masks means two objects, unless one reaches its edge and is but a part
        of what another tile shows: the arms of a bow come as two where its bend is out of sight.
        """
        one, other = a.group, b.group
        if one is other:
            return
        is_twice = {piece.tile for piece in one.pieces} & {piece.tile for piece in other.pieces}
        part = a if like.first_is_less else b
        if is_twice and not (like.is_part and part.cut):
            return
        if len(one.pieces) < len(other.pieces):
            one, other = other, one
        for piece in other.pieces:
            piece.group = one
        one.pieces += other.pieces
        one.last = max(one.last, other.last)
        del self._open[other]

    def _release(self, tile: int) -> list[JoinedMask]:
        """Give, and forget, the groups that no later tile can add to."""
        done = [group for group in self._open if group.last <= tile]
        whole = [self._joined(group) for group in done]
        for group in done:
            del self._open[group]
        for before, waiting in list(self._waiting.items()):
            for piece in waiting:
                if piece.last <= tile:
                    assert piece.runs is not None
                    self.held_runs -= len(piece.runs)
                    piece.runs = None
            if kept := [piece for piece in waiting if piece.runs is not None]:
                self._waiting[before] = kept
            else:
                del self._waiting[before]
        whole.sort(key=lambda one: one[0])
        return [one for _, one in whole]

    def _joined(self, group: _Group) -> tuple[tuple[int, int], JoinedMask]:
        """Make one object of a group; first the tile and position of its first piece."""
        ranked = sorted(group.pieces, key=lambda one: (-one.score, one.tile, one.place))
        masks = [
            self._reread(one.tile, one.place) if one.runs is None else one.runs for one in ranked
        ]
        pixels = sum(one.pixels for one in ranked)
        best, first = ranked[0], min(ranked, key=lambda one: (one.tile, one.place))
        return (first.tile, first.place), JoinedMask(
            runs=united(masks), score=best.score, kind=best.kind, tile=best.tile,
            tiles=len({one.tile for one in ranked}),
            nodata=sum(one.nodata_px for one in ranked) / pixels,
        )  # fmt: skip


def _compared(pieces: list[_Piece], own: Bounds, other: Bounds) -> list[tuple[int, Runs]]:
    """Give what of pieces is held against another window, with their positions, where there is."""
    left, top, right, bottom = other
    found = []
    for i, piece in enumerate(pieces):
        low_x, low_y, high_x, high_y = piece.bounds
        if low_x <= right and high_x >= left and low_y <= bottom and high_y >= top:
            assert piece.runs is not None
            if len(part := compared(piece.runs, own, other)):
                found.append((i, part))
    return found


def _near(ours: list[Runs], theirs: list[Runs]) -> list[tuple[int, int]]:
    """Give pairs of masks, by position, whose bounds meet."""
    if not ours or not theirs:
        return []
    a = np.array([bounds_of(one) for one in ours])[:, None]
    b = np.array([bounds_of(one) for one in theirs])[None]
    meet = (a[..., :2] < b[..., 2:]) & (b[..., :2] < a[..., 2:])
    first, second = np.nonzero(meet.all(axis=-1))
    return list(zip(first.tolist(), second.tolist(), strict=True))
