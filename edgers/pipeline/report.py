"""What a run has to say about one scene."""

from dataclasses import asdict, dataclass
from pathlib import Path

from edgers.products.areas import ClassArea
from edgers.products.found import Found


@dataclass(frozen=True, slots=True, kw_only=True)
class SceneReport:
    """Results and measurements of one scene."""

    scene: str
    """File name of the scene."""
    height_px: int
    """Rows of the scene."""
    width_px: int
    """Columns of the scene."""
    run_px: tuple[int, int]
    """Rows and columns the network was run on: others where the scene was resampled for it."""
    tiles: int
    """Tiles of the grid."""
    reused_tiles: int
    """Tiles that an earlier, unfinished run had made."""
    skipped_tiles: int
    """Tiles that held no data and were not inferred."""
    nodata_share: float
    """Share of the product's pixels that are nodata."""
    not_finite_px: int
    """Pixels where the network gave NaN or infinity; they are nodata in the product."""
    found: Found
    """What was found."""
    products: tuple[Path, ...]
    """Files written, the main one first."""
    gated_tiles: int
    """Tiles that the gate of a cascade spared the heavy graph."""
    wall_s: float
    """Seconds from opening the scene to the last product."""
    peak_bytes: int
    """Most memory the process held up to now."""
    stage_s: dict[str, float]
    """Seconds of work by stage, summed over its threads."""
    fallback: tuple[str, ...] = ()
    """Engines the bundle prefers to the one that ran, each with the reason why it did not."""

    @property
    def classes(self) -> tuple[ClassArea, ...]:
        """What each class covers, where the model gives classes."""
        return self.found.classes

    @property
    def megapixels(self) -> float:
        """Size of the scene in megapixels."""
        return self.height_px * self.width_px / 1e6

    def document(self) -> dict[str, object]:
        """Give the report as JSON values."""
        facts = asdict(self)
        return {
            **{key: value for key, value in facts.items() if key != "found"},
            **facts["found"],
            "products": [str(path) for path in self.products],
            "tiles_per_s": self.tiles / self.wall_s,
            "megapixels_per_s": self.megapixels / self.wall_s,
        }
