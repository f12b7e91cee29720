"""What makes the products of one scene of the answers of its tiles: one for each kind of answer."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from edgers.engines import Tensors
from edgers.pipeline.answer import Answer, Seen
from edgers.pipeline.model import Model
from edgers.pipeline.options import RunOptions
from edgers.products.ending import Ending
from edgers.products.found import Found
from edgers.products.places import Places
from edgers.products.tally import Tally
from edgers.products.tile_record import TileRecord
from edgers.products.work_folder import WorkFolder
from edgers.scene.scene_view import SceneView
from edgers.tiling.grid import Grid


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What is to be made."""

    model: Model
    """Network."""
    scene: SceneView
    """What is looked at."""
    grid: Grid
    """Its tiles."""
    options: RunOptions
    """What the user chose."""
    work: WorkFolder
    """Where products are made."""
    name: str
    """What they are called, without ending."""
    places: Places
    """Where they lie."""
    preview_bands: tuple[int, ...]
    """Positions of the bands that make a picture."""


class Taker(Protocol):
    """Takes what the network gives for tiles."""

    @property
    def looks_beyond(self) -> bool:
        """Tell whether a tile also speaks of what lies beyond its core."""

    def take(self, seen: Seen, outputs: Tensors | None) -> Answer:
        """Decode what the network gives for a tile, None where it holds no data.

        Any thread may call this, for tiles in any order.
        """


class Maker(Protocol):
    """Makes products of tiles; tiles of an earlier run, killed, are taken up again."""

    def add(self, answer: Answer) -> TileRecord:
        """Count a tile, in the order of work; give what is to be noted of it.

        Raises OutputError where the disk is full or fails.
        """

    def finish(self, ending: Ending) -> list[Path]:
        """Complete all products and move them into place, what vouches for the others last."""


class Lasting(Protocol):
    """What of a maker outlives a kill."""

    def restore(self, records: Iterable[TileRecord]) -> Sequence[int]:
        """Take up the tiles that are whole, each once; give the positions of those to do."""

    def sync(self) -> None:
        """Force everything to disk; raises OutputError where that fails."""

    def close(self) -> None:
        """Close what is open; what was made stays in the work folder."""


class Counted(Protocol):
    """What a maker has counted so far."""

    @property
    def tally(self) -> Tally:
        """Give the sums that all kinds have."""

    @property
    def found(self) -> Found:
        """Give what was found."""


class SceneMaker(Taker, Maker, Lasting, Counted, Protocol):
    """All of it."""
