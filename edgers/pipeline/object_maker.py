"""Objects of a scene in the making: what tiles show goes to disk, and is joined at the end."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import numpy.typing as npt

from edgers.engines import Tensors
from edgers.pipeline.answer import Answer, Seen
from edgers.pipeline.maker import Order
from edgers.pipeline.object_forms import form_of
from edgers.products.ending import Ending
from edgers.products.features import Format
from edgers.products.found import Found, ObjectCount
from edgers.products.object_draft import PieceDraft, Records, write_records
from edgers.products.object_files import ObjectFiles
from edgers.products.raster_drafts import RasterDrafts
from edgers.products.tally import Tally
from edgers.products.tile_record import TileRecord

DRAFT, JOINED = "pieces.raw", "objects.raw"
"""Files in the work folder: what tiles show, in any order, and what came of it."""


class ObjectMaker:
    """A `maker.SceneMaker` of objects."""

    def __init__(self, order: Order, formats: Sequence[Format]) -> None:
        """Open or begin the drafts; raises ContractError where the output holds no objects."""
        outputs = order.model.bundle.contract.outputs
        self._form = form_of(outputs)
        self._grid, self._work = order.grid, order.work
        self._classes = outputs[0].classes
        place = order.places.computed
        self._tally = Tally(total_px=place.height_px * place.width_px)
        self._counts = [0] * len(self._classes)
        self._blocks = np.zeros((len(order.grid), 2), np.int64)
        self._files = ObjectFiles(
            work=order.work, name=order.name, places=order.places, seen=order.scene.place,
            grid=order.grid, classes=self._classes, kind=self._form.kind, formats=formats,
            alert=order.options.alert,
        )  # fmt: skip
        with ExitStack() as opened:
            self._pieces = opened.enter_context(PieceDraft(order.work.path(DRAFT)))
            self._preview = opened.enter_context(
                RasterDrafts(order.work, place, {}, len(order.preview_bands))
            )
            self._opened = opened.pop_all()

    @property
    def tally(self) -> Tally:
        """Give the sums that all kinds have."""
        return self._tally

    @property
    def found(self) -> Found:
        """Give what was found; nothing before the tiles are joined."""
        counts = zip(self._classes, self._counts, strict=True)
        return Found(
            objects=tuple(ObjectCount(name=one.name, objects=count) for one, count in counts)
        )

    @property
    def looks_beyond(self) -> bool:
        """Tell whether a tile also speaks of what lies beyond its core: objects of its window."""
        return True

    def take(self, seen: Seen, outputs: Tensors | None) -> Answer:
        """Decode a tile, and put its objects and its part of the picture on disk."""
        tile = seen.tile
        pieces: Records
        pieces, lost = np.zeros(0, self._form.record), False
        if outputs is not None:
            pieces, lost = self._form.pieces(seen, outputs)
        begin, checksum = self._pieces.write(pieces)
        row, column = tile.rows.core_start, tile.columns.core_start
        nodata_px = int(seen.nodata.sum())
        record = TileRecord(
            tile=tile.index,
            checksums=(checksum, *self._preview.write({}, self._picture(seen), row, column)),
            nodata_px=seen.nodata.size if lost else nodata_px,
            not_finite_px=seen.nodata.size - nodata_px if lost else 0,
            skipped=outputs is None,
            own={"begin": begin, "records": len(pieces)},
        )
        return Answer(tile=tile, record=record)

    def add(self, answer: Answer) -> TileRecord:
        """Count a tile."""
        assert answer.record is not None
        self._count(answer.record)
        return answer.record

    def finish(self, ending: Ending) -> list[Path]:
        """Join what the tiles show, make all products and move them into place."""
        path = self._work.path(JOINED)
        self._counts = [0] * len(self._classes)
        write_records(path, self._joined())
        share = self._tally.nodata_share
        return self._files.finish(path, self._preview, ending, self.found, share)

    def restore(self, records: Iterable[TileRecord]) -> Sequence[int]:
        """Take up the tiles that are whole, wherever they lie; give the positions of the others."""
        done = bytearray(len(self._grid))
        for record in records:
            if self._is_whole(record):
                self._count(record)
                done[record.tile] = True
        return [index for index in range(len(self._grid)) if not done[index]]

    def sync(self) -> None:
        """Force everything to disk."""
        self._pieces.sync()
        self._preview.sync()

    def close(self) -> None:
        """Close the drafts."""
        self._opened.close()

    def _picture(self, seen: Seen) -> npt.NDArray[np.generic]:
        """Give the samples of the picture, NaN where there is no data."""
        with np.errstate(over="ignore"):
            samples = seen.preview.astype(np.float32)
        samples[:, seen.nodata] = np.nan
        return samples

    def _joined(self) -> Iterator[Records]:
        """Give the objects of the scene, as they are complete, and count them."""
        for records, kinds in self._form.joined(self._grid, self._pieces, self._blocks):
            for kind in kinds:
                self._counts[kind] += 1
            yield records

    def _count(self, record: TileRecord) -> None:
        self._blocks[record.tile] = record.own["begin"], record.own["records"]
        self._tally.count(record)

    def _is_whole(self, record: TileRecord) -> bool:
        begin, count = record.own["begin"], record.own["records"]
        checksum, *preview = record.checksums
        tile = self._grid.tile(record.tile)
        is_whole = self._pieces.is_whole(begin, count, self._form.record, checksum)
        return is_whole and self._preview.is_whole(tuple(preview), tile)
