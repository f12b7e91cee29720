"""What is counted of tiles whatever they answer."""

from dataclasses import dataclass

from edgers.products.tile_record import TileRecord


@dataclass(slots=True, kw_only=True)
class Tally:
    """Running sums over finished tiles."""

    total_px: int
    """Pixels of the product."""
    nodata_px: int = 0
    """Pixels that are nodata."""
    not_finite_px: int = 0
    """Pixels with data at which the network gave NaN or infinity."""
    skipped_tiles: int = 0
    """Tiles that were not inferred because they hold no data."""

    def count(self, record: TileRecord) -> None:
        """Add a finished tile."""
        self.nodata_px += record.nodata_px
        self.not_finite_px += record.not_finite_px
        self.skipped_tiles += record.skipped

    @property
    def nodata_share(self) -> float:
        """Share of the product's pixels that are nodata."""
        return self.nodata_px / self.total_px
