"""Forms of objects: how a tile's answer becomes pieces on disk, and pieces become objects."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from edgers.contract import ModelOutput
from edgers.engines import Tensors
from edgers.pipeline.answer import Seen
from edgers.products.instance_features import instance_records
from edgers.products.object_draft import Records
from edgers.products.object_features import records_of
from edgers.products.object_kind import BOXES, INSTANCES, ObjectKind
from edgers.tasks.boxes import BoxBlock, BoxDecoder
from edgers.tasks.instances import InstanceDecoder
from edgers.tasks.joining import Joiner
from edgers.tasks.mask_joining import MaskJoiner
from edgers.tasks.mask_pieces import pieces_of, unpacked
from edgers.tasks.pieces import PIECE, Pieces, bounds_of
from edgers.tasks.pixel_runs import Runs, clipped, pixels_in
from edgers.tasks.windows import Windows
from edgers.tiling.grid import Grid

Whole = tuple[Records, Sequence[int]]
"""Objects that are complete, as they are written to disk, and the position of the class of each."""
Read = Callable[[int], Records]
"""Gives what a tile has put on disk."""


class ObjectForm(Protocol):
    """One form."""

    record: np.dtype[Any]
    """Type of what a tile puts on disk."""
    kind: ObjectKind
    """How its objects become features."""

    def pieces(self, seen: Seen, outputs: Tensors) -> tuple[Records, bool]:
        """Give what a tile puts on disk, and whether the network gave no finite number at all."""

    def joined(self, grid: Grid, read: Read) -> Iterator[Whole]:
        """Join what all tiles have put there."""


class Decoder(Protocol):
    """What makes rectangles of what a network gives for a tile."""

    def decode(self, tensors: Tensors, window_shape: tuple[int, int]) -> BoxBlock:
        """Decode the tensors of a window of that height and width; any thread may call this."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Joins:
    """Which pieces may be one object."""

    upright: bool
    """Whether no box has an angle."""
    by_class: bool
    """Whether only those of one class may."""


class BoxForm:
    """Rectangles."""

    record, kind = PIECE, BOXES

    def __init__(self, decoder: Decoder, joins: Joins) -> None:
        self._decoder, self._joins = decoder, joins

    def pieces(self, seen: Seen, outputs: Tensors) -> tuple[Records, bool]:
        """Give rectangles in the scene's pixels.

        Those that lie on nothing but pixels without data are left out: nothing was seen there.
        """
        block = self._decoder.decode(outputs, seen.tile.window_shape)
        return _placed(seen, block.pieces), block.lost

    def joined(self, grid: Grid, read: Read) -> Iterator[Whole]:
        """Join what all tiles have put there."""
        joins = self._joins
        joiner = Joiner(Windows(grid), upright=joins.upright, by_class=joins.by_class)
        for index in range(len(grid)):
            found = joiner.add(index, read(index))
            yield records_of(found), [one.kind for one in found]
        found = joiner.finish()
        yield records_of(found), [one.kind for one in found]


class MaskForm:
    """Masks."""

    record, kind = np.dtype(np.uint8), INSTANCES

    def __init__(self, outputs: Sequence[ModelOutput]) -> None:
        """Prepare for the outputs of a contract, the boxes first; raises ContractError."""
        self._decoder = InstanceDecoder(outputs)
        head = outputs[0].boxes
        assert head is not None
        self._by_class = head.suppression != "all"

    def pieces(self, seen: Seen, outputs: Tensors) -> tuple[Records, bool]:
        """Give masks in the scene's pixels; what lies beyond the scene is cut off.

        Those that lie on nothing but pixels without data are left out: nothing was seen there.
        """
        assert seen.around is not None
        block = self._decoder.decode(outputs, seen.tile.window_shape)
        height, width = seen.around.shape
        before = np.zeros((height, width + 1), np.int64)
        np.cumsum(seen.around, axis=1, out=before[:, 1:])
        corner = (seen.tile.rows.window_start, *[seen.tile.columns.window_start] * 2)
        scores, kinds, gone, masks = [], [], [], []
        for one in block.instances:
            runs = clipped(one.runs, (0, 0, width, height))
            row, begin, end = runs.T
            nodata_px = int((before[row, end] - before[row, begin]).sum())
            if nodata_px < pixels_in(runs):
                scores.append(one.score)
                kinds.append(one.kind)
                gone.append(nodata_px)
                masks.append(runs + np.array(corner, np.int32))
        return pieces_of(scores, kinds, gone, masks).packed(), block.lost

    def joined(self, grid: Grid, read: Read) -> Iterator[Whole]:
        """Join what all tiles have put there."""

        def reread(tile: int, place: int) -> Runs:
            return unpacked(read(tile)).masks[place]

        joiner = MaskJoiner(Windows(grid), reread, by_class=self._by_class)
        for index in range(len(grid)):
            found = joiner.add(index, unpacked(read(index)))
            yield instance_records(found), [one.kind for one in found]
        found = joiner.finish()
        yield instance_records(found), [one.kind for one in found]


def form_of(outputs: Sequence[ModelOutput]) -> ObjectForm:
    """Give the form in which a model finds objects; raises ContractError where it finds none."""
    if outputs[0].masks is not None:
        return MaskForm(outputs)
    decoder, head = BoxDecoder(outputs), outputs[0].boxes
    assert head is not None
    joins = Joins(upright=not head.is_oriented, by_class=head.suppression != "all")
    return BoxForm(decoder, joins)


def _placed(seen: Seen, pieces: Pieces) -> Pieces:
    """Move rectangles to the scene's pixels, with the share of each that holds no data."""
    assert seen.around is not None
    height, width = seen.around.shape
    bounds = bounds_of(pieces["corners"]) if len(pieces) else np.empty((0, 4))
    low = np.floor(np.clip(bounds[:, :2], 0, (width - 1, height - 1))).astype(int)
    high = np.ceil(np.clip(bounds[:, 2:], low + 1, (width, height))).astype(int)
    for i, ((left, top), (right, bottom)) in enumerate(
        zip(low.tolist(), high.tolist(), strict=True)
    ):
        pieces["nodata"][i] = seen.around[top:bottom, left:right].mean()
    pieces["corners"] += (seen.tile.columns.window_start, seen.tile.rows.window_start)
    return pieces[pieces["nodata"] < 1]
