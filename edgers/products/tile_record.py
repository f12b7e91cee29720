"""What is noted of a finished tile: enough to go on without it, and to know that it is whole."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class TileRecord:
    """One finished tile."""

    tile: int
    """Position in the order of work."""
    checksums: tuple[int, ...]
    """CRC-32 of its block in each draft."""
    nodata_px: int
    """Pixels that are nodata."""
    not_finite_px: int
    """Pixels with data at which the network gave NaN or infinity."""
    skipped: bool
    """Whether the tile was not inferred because it holds no data."""
    seam: int | None = None
    """CRC-32 of what it put aside for later tiles; None where it gave nothing."""
    gated: bool = False
    """Whether the gate of a cascade spared it the heavy graph."""
    own: Mapping[str, Any] = field(default_factory=dict)
    """What its kind of answer counts, JSON values; sums of them must hang on no order."""

    def document(self) -> dict[str, object]:
        """Give the record as JSON values."""
        return {name: getattr(self, name) for name in self.__slots__}


def record_from_document(document: Mapping[str, Any]) -> TileRecord:
    """Read a record back."""
    return TileRecord(**{**document, "checksums": tuple(document["checksums"])})
