"""What passes between the stages of a run: a tile, what its scene shows, and what comes of it."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from edgers.pipeline.kept_input import Own
from edgers.pipeline.seams import Scores
from edgers.products.tile_record import TileRecord
from edgers.tiling.grid import Tile


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What the scene shows in the core of a tile."""

    tile: Tile
    """Where it lies."""
    nodata: npt.NDArray[np.bool_]
    """True where a pixel is nodata, (height, width) in output pixels."""
    preview: npt.NDArray[np.generic]
    """Samples for the quicklook, (band, height, width) in output pixels."""
    around: npt.NDArray[np.bool_] | None = None
    """True where a pixel of the whole window is nodata, as far as the scene goes, (height, width)
    in input pixels; None where nobody looks beyond the core."""
    window_nodata_px: int = 0
    """Pixels of the whole window that are nodata, in input pixels of the scene."""
    own: Own | None = None
    """What the scene itself says there, where the product keeps it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A tile that the network has seen."""

    tile: Tile
    """Where it lies."""
    record: TileRecord | None = None
    """What was noted when it was written; None where it has to be mixed with others first."""
    parts: list[Scores] | None = None
    """What it gives to each core, (class, height, width); None where it holds no data."""
    seen: Seen | None = None
    """What its core shows, where it has to be mixed."""
