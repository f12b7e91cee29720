"""Putting finished tiles together, and knowing after a kill which of them are finished."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from edgers.pipeline.answer import Answer
from edgers.pipeline.ledger import Ledger
from edgers.pipeline.maker import SceneMaker
from edgers.products.tile_record import TileRecord, record_from_document

CHECKPOINT_S = 30.0
"""Seconds between forcing everything to disk: what a power cut may cost; a kill costs nothing that
was written. Linux writes dirty pages at about this age by itself (vm.dirty_expire_centisecs)."""


@dataclass(slots=True, kw_only=True)
class Mosaic:
    """The products of one scene, and the ledger."""

    maker: SceneMaker
    """Products in the making."""
    tiles: int
    """Tiles of the scene."""
    ledger: Ledger
    """What is finished."""
    gated: set[int] = field(default_factory=set)
    """Tiles that the gate of a cascade spared the heavy graph; one done again is there once."""
    saved: float = field(default_factory=time.monotonic)
    """When everything was last on disk."""

    def todo(self) -> Sequence[int]:
        """Take up what an earlier run finished, and give the positions of the tiles left."""
        return self.maker.restore(self._records())

    def add(self, answer: Answer) -> None:
        """Count and note a tile, in the order of work.

        Raises OutputError where the disk is full or fails.
        """
        record = replace(self.maker.add(answer), gated=answer.gated)
        if record.gated:
            self.gated.add(record.tile)
        self.ledger.add(record.document())
        if time.monotonic() - self.saved > CHECKPOINT_S:
            self.checkpoint()

    def checkpoint(self) -> None:
        """Force everything to disk."""
        self.maker.sync()
        self.ledger.sync()
        self.saved = time.monotonic()

    def _records(self) -> Iterator[TileRecord]:
        """Give each tile of the ledger once; one done twice gave the same both times."""
        seen = bytearray(self.tiles)
        for entry in self.ledger.entries():
            if "tile" in entry:
                record = record_from_document(entry)
                if not seen[record.tile]:
                    seen[record.tile] = True
                    if record.gated:
                        self.gated.add(record.tile)
                    yield record
