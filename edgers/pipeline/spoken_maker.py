"""Objects that a model tells of in words: texts go to disk, and are understood at the end.

What a tile says hangs on the tile alone, but the names of a scene are known only when all have
answered; so texts are read once for their shapes, and again for what these are.
"""

import json
from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

import numpy as np

from edgers.contract import ModelClass
from edgers.contract.read_output import PALETTE
from edgers.engines import Tensors
from edgers.pipeline.answer import Answer, Seen
from edgers.pipeline.maker import Order
from edgers.pipeline.object_forms import BoxForm, Joins
from edgers.pipeline.object_maker import Naming, ObjectMaker
from edgers.pipeline.spoken_decoder import Heard, SpokenDecoder, plain
from edgers.pipeline.spoken_story import STORY, Story
from edgers.products.ending import Ending
from edgers.products.features import Format
from edgers.products.found import Found, SpokenCount
from edgers.products.object_draft import PieceDraft
from edgers.products.object_features import Extra
from edgers.products.tally import Tally
from edgers.products.tile_record import TileRecord

TEXTS = "texts.raw"
"""File in the work folder: what tiles answer, in any order."""
HELD = 64
"""Tiles whose texts are kept as they are understood: about a row of them."""

BYTE = np.dtype([("byte", "u1")])
"""Texts lie in a draft byte by byte."""


class SpokenMaker:
    """A `maker.SceneMaker` of objects out of text."""

    def __init__(self, order: Order, formats: Sequence[Format]) -> None:
        """Open or begin the drafts; raises BundleError where there is no tokenizer."""
        self._decoder = SpokenDecoder(order.model, order.options.ask)
        self._grid, self._output = order.grid, order.model.output
        # Begin and bytes of what a tile answers; none where it was skipped.
        self._blocks = np.zeros((len(order.grid), 2), np.int64)
        joins = Joins(upright=all(one.is_upright for one in self._output.shapes), by_class=True)
        with ExitStack() as opened:
            self._objects = ObjectMaker(order, formats, BoxForm(self._decoder, joins))
            opened.callback(self._objects.close)
            self._texts = opened.enter_context(PieceDraft(order.work.path(TEXTS)))
            self._opened = opened.pop_all()

    @property
    def tally(self) -> Tally:
        """Give the sums that all kinds have."""
        return self._objects.tally

    @property
    def found(self) -> Found:
        """Give what was found; nothing before the tiles are joined."""
        return self._objects.found

    @property
    def looks_beyond(self) -> bool:
        """Tell whether a tile also speaks of what lies beyond its core: objects of its window."""
        return self._objects.looks_beyond

    def take(self, seen: Seen, outputs: Tensors | None) -> Answer:
        """Read the answers about a tile, and put them and their shapes on disk."""
        answer = self._objects.take(seen, outputs)
        assert answer.record is not None
        if outputs is not None:
            data = json.dumps(self._decoder.texts(outputs)).encode()
            begin, checksum = self._texts.write(np.frombuffer(data, BYTE))
            text = {"text_begin": begin, "text_bytes": len(data), "text_crc": checksum}
            record = replace(answer.record, own={**answer.record.own, **text})
            answer = replace(answer, record=record)
        return answer

    def add(self, answer: Answer) -> TileRecord:
        """Count a tile."""
        record = self._objects.add(answer)
        self._note(record)
        return record

    def finish(self, ending: Ending) -> list[Path]:
        """Name and join what the tiles tell, make all products and move them into place."""
        return self._objects.finish(ending, self._naming())

    def restore(self, records: Iterable[TileRecord]) -> Sequence[int]:
        """Take up the tiles that are whole, wherever they lie; give the positions of the others."""
        whole = [one for one in records if self._is_whole(one)]
        for record in whole:
            self._note(record)
        return self._objects.restore(whole)

    def sync(self) -> None:
        """Force everything to disk."""
        self._texts.sync()
        self._objects.sync()

    def close(self) -> None:
        """Close the drafts."""
        self._opened.close()

    def _note(self, record: TileRecord) -> None:
        if "text_bytes" in record.own:
            self._blocks[record.tile] = record.own["text_begin"], record.own["text_bytes"]

    def _is_whole(self, record: TileRecord) -> bool:
        if "text_bytes" not in record.own:
            return record.skipped
        begin, count = record.own["text_begin"], record.own["text_bytes"]
        return self._texts.is_whole(begin, count, BYTE, record.own["text_crc"])

    def _heard(self, index: int) -> Heard:
        """Understand the texts of a tile again."""
        begin, count = self._blocks[index].tolist()
        if not count:
            return Heard(objects=(), malformed=0, unknown=0)
        texts = json.loads(self._texts.read(begin, count, BYTE).tobytes())
        return self._decoder.hear(texts, self._grid.tile(index).window_shape)

    def _naming(self) -> Naming:
        """Learn what all tiles tell of."""
        stated, heard_of = self._output.classes, lru_cache(HELD)(self._heard)
        names = {plain(one.name): one.name for one in stated}
        shapes = malformed = unknown = 0
        for index in range(len(self._grid)):
            heard = heard_of(index)
            malformed, unknown = malformed + heard.malformed, unknown + heard.unknown
            shapes += len(heard.objects) + heard.unknown
            for one in heard.objects:
                # The first to say it decides how it is written.
                names.setdefault(plain(one.name), one.name)
        classes = stated or tuple(
            ModelClass(value=i, name=name, colour=PALETTE[i % len(PALETTE)])
            for i, name in enumerate(names.values())
        )
        texts = int((self._blocks[:, 1] > 0).sum()) * len(self._decoder.questions)
        story = Story(
            heard=heard_of, positions={plain(one.name): i for i, one in enumerate(classes)},
            grid=self._grid, questions=self._decoder.questions,
        )  # fmt: skip
        return Naming(
            classes=classes, is_open=not stated, named=story.named,
            extra=Extra(columns=STORY, of=story.told),
            spoken=SpokenCount(
                texts=texts, shapes=shapes, malformed=malformed, unknown=unknown
            ),
        )  # fmt: skip
