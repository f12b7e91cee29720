"""Putting finished tiles together, and knowing after a kill which of them are finished."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from edgers.pipeline.ledger import Ledger
from edgers.pipeline.tile_work import Answer, TileWork
from edgers.products.tile_record import TileRecord, record_from_document

CHECKPOINT_S = 30.0
"""Seconds between forcing everything to disk: what a power cut may cost; a kill costs nothing that
was written. Linux writes dirty pages at about this age by itself (vm.dirty_expire_centisecs)."""


@dataclass(slots=True, kw_only=True)
class Mosaic:
    """The products of one scene, its seams and its ledger."""

    work: TileWork
    """Tiles, and the products that are made of them."""
    ledger: Ledger
    """What is finished."""
    saved: float = field(default_factory=time.monotonic)
    """When everything was last on disk."""

    def todo(self) -> Sequence[int]:
        """Take up what an earlier run finished, and give the positions of the tiles left."""
        if self.work.seams is None:
            done = self._restored()
            return [index for index in range(len(self.work.grid)) if not done[index]]
        begin = self.work.seams.restore(self._finished())
        for record in self._records():
            if record.tile < begin:
                self.work.class_map.count(record)
        return range(begin, len(self.work.grid))

    def add(self, answer: Answer) -> None:
        """Note a tile, in the order of work; one that has to be mixed is mixed and written first.

        Raises OutputError where the disk is full or fails.
        """
        record = answer.record or self._mixed(answer)
        self.work.class_map.count(record)
        self.ledger.add(record.document())
        if self.work.seams is not None:
            self.work.seams.forget(answer.tile.index + 1)
        if time.monotonic() - self.saved > CHECKPOINT_S:
            self.checkpoint()

    def _mixed(self, answer: Answer) -> TileRecord:
        """Mix a tile with those before it and write its core."""
        work, skipped = self.work, answer.parts is None
        assert work.seams is not None
        assert answer.seen is not None
        core, checksum = work.seams.add(answer.tile, answer.parts)
        seam = None if skipped else checksum
        return work.write(answer.seen, work.decoder.classes(core), skipped=skipped, seam=seam)

    def checkpoint(self) -> None:
        """Force everything to disk."""
        self.work.class_map.sync()
        self.ledger.sync()
        if self.work.seams is not None:
            self.work.seams.sync()
        self.saved = time.monotonic()

    def _records(self) -> Iterator[TileRecord]:
        """Give each tile of the ledger once; one done twice gave the same both times."""
        seen = bytearray(len(self.work.grid))
        for entry in self.ledger.entries():
            if "tile" in entry:
                record = record_from_document(entry)
                if not seen[record.tile]:
                    seen[record.tile] = True
                    yield record

    def _is_whole(self, record: TileRecord) -> bool:
        """Tell whether the blocks of a tile are in the drafts as they were written."""
        return self.work.class_map.is_whole(record, self.work.grid.tile(record.tile))

    def _restored(self) -> bytearray:
        """Count the tiles that are whole, wherever they lie."""
        done = bytearray(len(self.work.grid))
        for record in self._records():
            if self._is_whole(record):
                self.work.class_map.count(record)
                done[record.tile] = True
        return done

    def _finished(self) -> list[int | None]:
        """Give what each tile put aside, from the first tile up to the first that is not whole."""
        put_aside: list[int | None] = []
        for record in self._records():
            if record.tile != len(put_aside) or not self._is_whole(record):
                break
            put_aside.append(record.seam)
        return put_aside
