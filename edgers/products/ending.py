"""What is known of a run when its products are made of their drafts."""

from collections.abc import Mapping
from dataclasses import dataclass

from edgers.scene.date import FILE_DATE


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """When a scene was taken, and what made its products."""

    time: tuple[str, str]
    """When the scene was taken, RFC 3339, and where that was read."""
    provenance: Mapping[str, object]
    """What made the products, so that they can be made again."""
    span: tuple[str, str] | None = None
    """First and last date of a series, RFC 3339."""

    @property
    def title(self) -> str:
        """Name scene and model in one line."""
        return f"{self.provenance['scene']} · {self.provenance['model']}"

    def facts(self, nodata_share: float) -> dict[str, object]:
        """Give what is written into every product."""
        facts = {**self.provenance, "nodata_share": round(nodata_share, 6)}
        # A file's date is no property of the scene: the same samples must give the same map.
        if self.time[1] != FILE_DATE:
            facts["datetime"] = self.time[0]
        return facts
