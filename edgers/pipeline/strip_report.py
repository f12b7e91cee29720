"""What a push-broom run has to say about one strip."""

from dataclasses import asdict, dataclass
from pathlib import Path

from edgers.products.found import Found


@dataclass(frozen=True, slots=True, kw_only=True)
class StripReport:
    """Results and measurements of one strip."""

    strip: str
    """Name of the strip."""
    ended_by: str
    """Why no more rows came."""
    rows_in: int
    """Rows that arrived."""
    width_px: int
    """Pixels of a row."""
    rows_out: int
    """Rows of the product."""
    tiles: int
    """Tiles made."""
    skipped_tiles: int
    """Tiles that held no data and were not inferred."""
    nodata_share: float
    """Share of the product's pixels that are nodata."""
    not_finite_px: int
    """Pixels where the network gave NaN or infinity; they are nodata in the product."""
    dropped_bytes: int
    """Bytes of a last row that did not arrive whole."""
    missing_rows: int
    """Rows that the header states and that did not come, where they were waited for."""
    found: Found
    """What was found."""
    tile_rows_px: int
    """Rows of a tile."""
    lag_px: int
    """Rows from the first under a product row on, after which that product row leaves."""
    ring_bytes: int
    """Memory for the last rows, whatever the length of the strip."""
    provenance: dict[str, object]
    """What made the product, so that it can be made again."""
    wall_s: float
    """Seconds from opening the strip to the last row."""
    stage_s: dict[str, float]
    """Seconds of work by stage, summed over its threads."""
    products: tuple[Path, ...] = ()
    """Files written, the main one first."""

    def document(self) -> dict[str, object]:
        """Give the report as JSON values."""
        facts = asdict(self)
        found = facts.pop("found")
        return {**facts, **found, "products": [str(path) for path in self.products]}
