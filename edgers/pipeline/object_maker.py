"""Objects of a scene in the making: what tiles show goes to disk, and is joined at the end."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from edgers.contract import ModelClass
from edgers.engines import Tensors
from edgers.pipeline.answer import Answer, Seen
from edgers.pipeline.maker import Order
from edgers.pipeline.object_forms import ObjectForm
from edgers.products.ending import Ending
from edgers.products.features import Format
from edgers.products.found import Found, ObjectCount, SpokenCount
from edgers.products.object_draft import PieceDraft, Records, write_records
from edgers.products.object_features import Extra
from edgers.products.object_files import ObjectFiles
from edgers.products.raster_drafts import RasterDrafts
from edgers.products.tally import Tally
from edgers.products.tile_record import TileRecord
from edgers.tasks.pieces import Pieces

DRAFT, JOINED = "pieces.raw", "objects.raw"
"""Files in the work folder: what tiles show, in any order, and what came of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Naming:
    """What objects are, where that is known only when all tiles have answered."""

    classes: Sequence[ModelClass]
    """Their classes."""
    is_open: bool
    """Whether these are names as they were said, without a value."""
    named: Callable[[int, Pieces], Pieces]
    """Gives the pieces of a tile, by its position, with that of the class of each."""
    extra: Extra
    """What else is known of an object."""
    spoken: SpokenCount
    """What the texts were worth."""


class ObjectMaker:
    """A `maker.SceneMaker` of objects."""

    def __init__(self, order: Order, formats: Sequence[Format], form: ObjectForm) -> None:
        """Open or begin the drafts."""
        self._form = form
        self._grid, self._work = order.grid, order.work
        self._classes: Sequence[ModelClass] = order.model.output.classes
        self._naming: Naming | None = None
        place = order.places.computed
        self._tally = Tally(total_px=place.height_px * place.width_px)
        self._counts = [0] * len(self._classes)
        self._blocks = np.zeros((len(order.grid), 2), np.int64)
        self._files = ObjectFiles(
            work=order.work, name=order.name, places=order.places, seen=order.scene.place,
            grid=order.grid, classes=self._classes, kind=form.kind, formats=formats,
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
            objects=tuple(ObjectCount(name=one.name, objects=count) for one, count in counts),
            spoken=None if self._naming is None else self._naming.spoken,
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

    def finish(self, ending: Ending, naming: Naming | None = None) -> list[Path]:
        """Join what the tiles show, make all products and move them into place."""
        path, files = self._work.path(JOINED), self._files
        if naming is not None:
            self._naming, self._classes = naming, naming.classes
            files = replace(
                files, classes=naming.classes, is_open=naming.is_open, extra=naming.extra
            )  # fmt: skip
        self._counts = [0] * len(self._classes)
        write_records(path, self._joined())
        share = self._tally.nodata_share
        return files.finish(path, self._preview, ending, self.found, share)

    def pieces(self, index: int) -> Records:
        """Give the pieces of a tile, as they were decoded."""
        begin, count = self._blocks[index].tolist()
        return self._pieces.read(begin, count, self._form.record)

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
        for records, kinds in self._form.joined(self._grid, self._named):
            for kind in kinds:
                self._counts[kind] += 1
            yield records

    def _named(self, index: int) -> Records:
        """Give the pieces of a tile, with what they are."""
        pieces = self.pieces(index)
        return pieces if self._naming is None else self._naming.named(index, pieces)

    def _count(self, record: TileRecord) -> None:
        self._blocks[record.tile] = record.own["begin"], record.own["records"]
        self._tally.count(record)

    def _is_whole(self, record: TileRecord) -> bool:
        begin, count = record.own["begin"], record.own["records"]
        checksum, *preview = record.checksums
        tile = self._grid.tile(record.tile)
        is_whole = self._pieces.is_whole(begin, count, self._form.record, checksum)
        return is_whole and self._preview.is_whole(tuple(preview), tile)
