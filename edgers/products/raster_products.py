"""Raster products of one scene in the making: drafts that tiles go into, files made of them."""

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any, Generic, Protocol, TypeVar

from edgers.closing import Closing
from edgers.products.ending import Ending
from edgers.products.extras import Extra
from edgers.products.found import Found
from edgers.products.places import Places
from edgers.products.raster_block import Block, Laid
from edgers.products.raster_drafts import RasterDrafts
from edgers.products.raster_files import Layer, RasterFiles
from edgers.products.tally import Tally
from edgers.products.tile_record import TileRecord
from edgers.products.work_folder import WorkFolder
from edgers.tiling.grid import Tile

FoundT = TypeVar("FoundT")


class RasterKind(Protocol[FoundT]):
    """What a raster's samples are, and what is counted of them."""

    layers: Mapping[str, Layer]
    """Products by role, in the order in which they appear."""

    @property
    def found(self) -> Found:
        """Give what was counted."""

    def lay(self, block: Block[FoundT]) -> Laid:
        """Give the samples of a block; any thread may call this."""

    def count(self, own: Mapping[str, Any]) -> None:
        """Add what `lay` said of a block, as it was or as JSON gave it back."""

    def draw(self, path: Path, title: str, *, drafts: RasterDrafts, nodata_share: float) -> None:
        """Make the picture; raises OutputError where the disk is full or fails."""


class RasterProducts(Closing, Generic[FoundT]):
    """Products of one scene in the making; a context manager."""

    def __init__(
        self, work: WorkFolder, *, name: str, places: Places, kind: RasterKind[FoundT],
        preview_bands: int, extras: Mapping[str, Extra] | None = None,
    ) -> None:  # fmt: skip
        """Open or begin the drafts of the products `name`.tif, .png and .json in `work`.

        `extras` are made of the drafts, by role.
        """
        self._kind = kind
        place = places.computed
        self.tally = Tally(total_px=place.height_px * place.width_px)
        self._files = RasterFiles(
            work=work, name=name, places=places, layers=kind.layers, extras=extras or {}
        )  # fmt: skip
        roles = {role: (layer.bands, layer.data_type) for role, layer in kind.layers.items()}
        self._drafts = RasterDrafts(work, place, roles, preview_bands)

    @property
    def found(self) -> Found:
        """Give what was counted so far."""
        return self._kind.found

    def write(self, block: Block[FoundT], seam: int | None = None) -> TileRecord:
        """Put a block in its place; give what is to be noted and counted of it.

        Any thread may call this. Raises OutputError where the disk is full or fails.
        """
        laid = self._kind.lay(block)
        lost = 0 if laid.not_finite is None else int((laid.not_finite & ~block.nodata).sum())
        return TileRecord(
            tile=block.tile,
            checksums=self._drafts.write(laid.blocks, block.preview, block.row, block.column),
            nodata_px=int(laid.gone.sum()),
            not_finite_px=lost,
            skipped=block.skipped,
            seam=seam,
            own=laid.own,
        )

    def is_whole(self, record: TileRecord, tile: Tile) -> bool:
        """Tell whether the blocks of a tile are in the drafts as they were written."""
        return self._drafts.is_whole(record.checksums, tile)

    def count(self, record: TileRecord) -> None:
        """Add a finished tile to the sums."""
        self._kind.count(record.own)
        self.tally.count(record)

    def sync(self) -> None:
        """Force the drafts to disk; raises OutputError where that fails."""
        self._drafts.sync()

    def finish(self, ending: Ending) -> list[Path]:
        """Complete all products and move them into place, the STAC Item last."""
        share = self.tally.nodata_share
        draw = partial(self._kind.draw, drafts=self._drafts, nodata_share=share)
        return self._files.finish(self._drafts, ending, self.found, share, draw)

    def close(self) -> None:
        """Close the drafts."""
        self._drafts.close()
