"""Gaps filled: the network's value where the scene has none or a mask says so, else the scene's."""

import numpy as np

from edgers.pipeline.answer import Seen
from edgers.pipeline.kept_input import Own
from edgers.pipeline.raster_maker import RasterMaker
from edgers.products.tile_record import TileRecord
from edgers.tasks.values import ValueBlock


class FillingMaker(RasterMaker[ValueBlock]):
    """A maker of values that keeps those of the scene."""

    def _write(
        self, seen: Seen, found: ValueBlock | None, skipped: bool, seam: int | None = None
    ) -> TileRecord:
        """Put the core of a tile into the products, what is kept in its place."""
        if found is not None and seen.own is not None:
            found = filled(found, seen.own)
        return super()._write(seen, found, skipped, seam)


def filled(found: ValueBlock, own: Own) -> ValueBlock:
    """Give a block with the scene's own values where they are kept.

    Where the network gives none, that is no matter but for what is taken of it.
    """
    return ValueBlock(
        values=np.where(own.taken, found.values, own.values),
        not_finite=found.not_finite & own.taken.any(axis=0),
    )
