"""Forms of objects: how a tile's answer becomes pieces on disk, and pieces become objects."""

from collections.abc import Iterator, Sequence
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from edgers.contract import ModelOutput
from edgers.engines import Tensors
from edgers.pipeline.answer import Seen
from edgers.products.instance_features import instance_records
from edgers.products.object_draft import PieceDraft, Records
from edgers.products.object_features import records_of
from edgers.products.object_kind import BOXES, INSTANCES, ObjectKind
from edgers.tasks.boxes import BoxDecoder
from edgers.tasks.instances import InstanceDecoder
from edgers.tasks.joining import Joiner
from edgers.tasks.mask_joining import MaskJoiner
from edgers.tasks.mask_pieces import MaskPieces, pieces_of, unpacked
from edgers.tasks.pieces import PIECE, Pieces, bounds_of
from edgers.tasks.pixel_runs import Runs, clipped, pixels_in
from edgers.tasks.windows import Windows
from edgers.tiling.grid import Grid

Whole = tuple[Records, Sequence[int]]
"""Objects that are complete, as they are written to disk, and the position of the class of each."""
Blocks = npt.NDArray[np.int64]
"""Where the pieces of each tile lie in the draft, in bytes, and how many records, (tile, 2)."""


class ObjectForm(Protocol):
    """One form."""

    record: np.dtype[Any]
    """Type of what a tile puts on disk."""
    kind: ObjectKind
    """How its objects become features."""

    def pieces(self, seen: Seen, outputs: Tensors) -> tuple[Records, bool]:
        """Give what a tile puts on disk, and whether the network gave no finite number at all."""

    def joined(self, grid: Grid, draft: PieceDraft, blocks: Blocks) -> Iterator[Whole]:
        """Join what all tiles have put there."""


class BoxForm:
    """Rectangles."""

    record, kind = PIECE, BOXES

    def __init__(self, outputs: Sequence[ModelOutput]) -> None:
        """Prepare for the outputs of a contract, the boxes first; raises ContractError."""
        self._decoder = BoxDecoder(outputs)
        head = outputs[0].boxes
        assert head is not None
        self._upright, self._by_class = not head.is_oriented, head.suppression != "all"

    def pieces(self, seen: Seen, outputs: Tensors) -> tuple[Records, bool]:
        """Give rectangles in the scene's pixels.

        Those that lie on nothing but pixels without data are left out: nothing was seen there.
        """
        block = self._decoder.decode(outputs, seen.tile.window_shape)
        return _placed(seen, block.pieces), block.lost

    def joined(self, grid: Grid, draft: PieceDraft, blocks: Blocks) -> Iterator[Whole]:
        """Join what all tiles have put there."""
        joiner = Joiner(Windows(grid), upright=self._upright, by_class=self._by_class)
        for index, (begin, count) in enumerate(blocks.tolist()):
            found = joiner.add(index, draft.read(begin, count, PIECE))
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

    def joined(self, grid: Grid, draft: PieceDraft, blocks: Blocks) -> Iterator[Whole]:
        """Join what all tiles have put there."""

        def read(tile: int) -> MaskPieces:
            begin, count = blocks[tile].tolist()
            return unpacked(draft.read(begin, count, self.record))

        def reread(tile: int, place: int) -> Runs:
            return read(tile).masks[place]

        joiner = MaskJoiner(Windows(grid), reread, by_class=self._by_class)
        for index in range(len(blocks)):
            found = joiner.add(index, read(index))
            yield instance_records(found), [one.kind for one in found]
        found = joiner.finish()
        yield instance_records(found), [one.kind for one in found]


def form_of(outputs: Sequence[ModelOutput]) -> ObjectForm:
    """Give the form in which a model finds objects; raises ContractError where it finds none."""
    return BoxForm(outputs) if outputs[0].masks is None else MaskForm(outputs)


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
