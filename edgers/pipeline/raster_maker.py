"""Rasters made of tiles: each pixel from one tile, or mixed from several."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Generic, Protocol, TypeVar

import numpy as np
import numpy.typing as npt

from edgers.engines import Tensors
from edgers.pipeline.answer import Answer, Seen
from edgers.pipeline.seams import Scores, Seams
from edgers.products.ending import Ending
from edgers.products.found import Found
from edgers.products.raster_block import Block
from edgers.products.raster_products import RasterProducts
from edgers.products.tally import Tally
from edgers.products.tile_record import TileRecord
from edgers.tiling.grid import Grid, Tile

FoundT = TypeVar("FoundT")
GivenT = TypeVar("GivenT", covariant=True)


class Decoder(Protocol[GivenT]):
    """Meaning of an output that has a value, or several, for each pixel."""

    def decode(self, tensor: npt.NDArray[np.generic], tile: Tile) -> GivenT:
        """Decode the core of a tile from the tensor of its whole window."""

    def scores(self, tensor: npt.NDArray[np.generic]) -> Scores:
        """Give what is mixed of a whole window, (channel, height, width)."""

    def settle(self, scores: Scores) -> GivenT:
        """Decode what was mixed, (channel, height, width)."""


class RasterMaker(Generic[FoundT]):
    """A `maker.SceneMaker` of rasters."""

    def __init__(
        self, grid: Grid, output: str, decoder: Decoder[FoundT],
        products: RasterProducts[FoundT], seams: Seams | None,
    ) -> None:  # fmt: skip
        """Make `products` of the tensor `output`; `seams` where tiles are mixed."""
        self._grid, self._output = grid, output
        self._decoder, self._products, self._seams = decoder, products, seams

    @property
    def tally(self) -> Tally:
        """Give the sums that all kinds have."""
        return self._products.tally

    @property
    def found(self) -> Found:
        """Give what was found."""
        return self._products.found

    @property
    def looks_beyond(self) -> bool:
        """Tell whether a tile also speaks of what lies beyond its core."""
        return self._seams is not None

    def take(self, seen: Seen, outputs: Tensors | None) -> Answer:
        """Decode a tile; write its core where it is not mixed with others."""
        tile = seen.tile
        tensor = None if outputs is None else outputs[self._output]
        if self._seams is None:
            found = None if tensor is None else self._decoder.decode(tensor, tile)
            return Answer(tile=tile, record=self._write(seen, found, found is None))
        parts = None
        if tensor is not None:
            parts = self._seams.parts(tile, self._decoder.scores(tensor))
        return Answer(tile=tile, parts=parts, seen=seen)

    def add(self, answer: Answer) -> TileRecord:
        """Count a tile; one that has to be mixed is mixed and written first."""
        if self._seams is not None:
            # All tiles before this one are noted by now.
            self._seams.forget(answer.tile.index)
        record = answer.record or self._mixed(answer)
        self._products.count(record)
        return record

    def finish(self, ending: Ending) -> list[Path]:
        """Complete all products and move them into place."""
        return self._products.finish(ending)

    def restore(self, records: Iterable[TileRecord]) -> Sequence[int]:
        """Take up the tiles that are whole; where tiles are mixed, up to the first that is not."""
        if self._seams is None:
            return self._restored(records)
        done: list[TileRecord] = []
        for record in records:
            if record.tile != len(done) or not self._is_whole(record):
                break
            done.append(record)
        begin = self._seams.restore([record.seam for record in done])
        for record in done[:begin]:
            self._products.count(record)
        return range(begin, len(self._grid))

    def sync(self) -> None:
        """Force everything to disk."""
        self._products.sync()
        if self._seams is not None:
            self._seams.sync()

    def close(self) -> None:
        """Close the drafts."""
        self._products.close()

    def _mixed(self, answer: Answer) -> TileRecord:
        """Mix a tile with those before it and write its core."""
        assert self._seams is not None
        assert answer.seen is not None
        skipped = answer.parts is None
        core, checksum = self._seams.add(answer.tile, answer.parts)
        seam = None if skipped else checksum
        return self._write(answer.seen, self._decoder.settle(core), skipped, seam)

    def _write(
        self, seen: Seen, found: FoundT | None, skipped: bool, seam: int | None = None
    ) -> TileRecord:
        """Put the core of a tile into the products."""
        tile = seen.tile
        block = Block(
            tile=tile.index,
            row=tile.rows.core_start,
            column=tile.columns.core_start,
            found=found,
            nodata=seen.nodata,
            preview=seen.preview,
            skipped=skipped,
        )
        return self._products.write(block, seam)

    def _is_whole(self, record: TileRecord) -> bool:
        return self._products.is_whole(record, self._grid.tile(record.tile))

    def _restored(self, records: Iterable[TileRecord]) -> list[int]:
        """Count the tiles that are whole, wherever they lie."""
        done = bytearray(len(self._grid))
        for record in records:
            if self._is_whole(record):
                self._products.count(record)
                done[record.tile] = True
        return [index for index in range(len(self._grid)) if not done[index]]
