"""What is known of an object that a text tells of: its name, its outline, and the words."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from edgers.pipeline.spoken_decoder import Heard, SpokenObject, plain
from edgers.products.feature import Column, Ring, Value
from edgers.tasks.pieces import Pieces
from edgers.tiling.grid import Grid

STORY = (
    Column(name="said", type="str", description="Words of the answer that tell of it."),
    Column(name="asked", type="str", description="What was asked; null where nothing was."),
)
"""Columns of such objects beside those that all have."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """All that was said about a scene."""

    heard: Callable[[int], Heard]
    """What a tile tells, by its position."""
    positions: Mapping[str, int]
    """Position of each class by its plain name."""
    grid: Grid
    """Tiles."""
    questions: Sequence[str]
    """What was asked, empty where nothing was."""

    def named(self, index: int, pieces: Pieces) -> Pieces:
        """Give pieces of a tile with the positions of their classes."""
        objects = self.heard(index).objects if len(pieces) else ()
        found = pieces.copy()
        found["kind"] = [self._position(objects[kind]) for kind in pieces["kind"].tolist()]
        return found

    def told(self, one: np.void) -> tuple[Ring, Mapping[str, Value]]:
        """Give the outline of an object as it lies on disk, and what stands in its columns.

        What a tile saw whole has the outline that the text gives; what was put together of several
        has a rectangle, and the words of the tile it is counted to.
        """
        tile, corners = self.grid.tile(int(one["tile"])), one["corners"]
        begin = np.array([tile.columns.window_start, tile.rows.window_start], np.float64)
        alike = [
            entry for entry in self.heard(int(one["tile"])).objects
            if self._position(entry) == int(one["kind"])
        ]  # fmt: skip
        off_px = [float(np.abs(entry.shape.box + begin - corners).max()) for entry in alike]
        best = int(np.argmin(off_px))
        entry = alike[best]
        outline: Ring = entry.shape.ring + begin if off_px[best] == 0 else corners
        asked = self.questions[entry.question] or None
        return outline, {"said": entry.shape.said, "asked": asked}

    def _position(self, entry: SpokenObject) -> int:
        return self.positions[plain(entry.name)]
