"""What makes the products of a strip of the answers of its tiles, while its rows arrive."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from edgers.engines import Tensors
from edgers.errors import OutputError
from edgers.pipeline.answer import Answer, Seen
from edgers.pipeline.kept_input import KeptInput
from edgers.pipeline.model import Model
from edgers.products.found import Found
from edgers.products.tile_record import TileRecord
from edgers.scene.place import Place
from edgers.tiling.axis_tiles import AxisPlan


class Sink(Protocol):
    """What takes what is written besides the files, such as a pipe."""

    def write(self, data: memoryview, /) -> int | None:
        """Write some of `data` and give how many bytes that was."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StripOrder:
    """What is to be made."""

    model: Model
    """Network."""
    folder: Path
    """Where products go."""
    name: str
    """What they are called, without ending."""
    description: str
    """What they are of, in one line."""
    rows: AxisPlan
    """Where output rows lie; its tiles are not known."""
    columns: AxisPlan
    """Tiles along the width."""
    seen: Place
    """Where the pixels of the strip lie; how many rows it has is not known."""
    place: Place
    """Where product pixels lie."""
    map_fields: Mapping[str, str]
    """Fields of an ENVI header that place the product."""
    kept: KeptInput | None
    """What of the strip the product keeps."""
    sink: Sink | None
    """What takes the main product besides."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StripAnswer(Answer):
    """A tile that the network has seen."""

    record: TileRecord
    """What is counted of it."""
    given: object
    """What its maker has made of it."""


class StripMaker(Protocol):
    """Takes tiles, row by row of tiles, and writes what is complete."""

    def take(self, seen: Seen, outputs: Tensors | None) -> Answer:
        """Decode what the network gives for a tile, None where it holds no data.

        Any thread may call this, for tiles in any order.
        """

    def add(self, answer: StripAnswer) -> None:
        """Take the next tile of a row of tiles, from left to right.

        Raises OutputError where the disk is full or fails.
        """

    def finish(self, rows_in: int, rows_out: int) -> None:
        """Write what was held back: the strip has ended with so many rows, in and out."""


class StripFiles(Protocol):
    """What a maker of a strip has written."""

    @property
    def found(self) -> Found:
        """Give what was found so far."""

    @property
    def files(self) -> list[Path]:
        """Give the files, the main one first."""

    def close(self) -> None:
        """Let go of them; leave nothing where nothing was written."""


class StripProducts(StripMaker, StripFiles, Protocol):
    """All of it."""

    @property
    def looks_beyond(self) -> bool:
        """Tell whether a tile also speaks of what lies beyond its core."""

    def tell(self, text: str) -> None:
        """Write the summary, beside the main file."""


def hand_on(sink: Sink | None, data: memoryview) -> None:
    """Write all of `data`; raises OutputError where nobody takes it."""
    try:
        while sink is not None and data:
            data = data[sink.write(data) or 0 :]
    except OSError as error:
        raise OutputError(
            "the rows cannot be handed on.",
            seen=f"{error.strerror or error}.",
            rule="What reads them must read to their end.",
            fix="The rows written to the product so far are whole and stay.",
        ) from error
