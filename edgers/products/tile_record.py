"""What is noted of a finished tile: enough to go on without it, and to know that it is whole."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class TileRecord:
    """One finished tile."""

    tile: int
    """Position in the order of work."""
    checksums: tuple[int, ...]
    """CRC-32 of its block in each draft."""
    pixels: tuple[int, ...]
    """Pixels of each class."""
    areas_mm2: tuple[int, ...] | None
    """Area of each class in whole mm², so that sums hang on no order; None without a place."""
    nodata_px: int
    """Pixels that are nodata."""
    not_finite_px: int
    """Pixels with data at which the network gave NaN or infinity."""
    skipped: bool
    """Whether the tile was not inferred because it holds no data."""
    seam: int | None = None
    """CRC-32 of what it put aside for later tiles; None where it gave nothing."""

    def document(self) -> dict[str, object]:
        """Give the record as JSON values."""
        return {name: getattr(self, name) for name in self.__slots__}


def record_from_document(document: Mapping[str, Any]) -> TileRecord:
    """Read a record back."""
    areas = document["areas_mm2"]
    return TileRecord(
        tile=document["tile"],
        checksums=tuple(document["checksums"]),
        pixels=tuple(document["pixels"]),
        areas_mm2=None if areas is None else tuple(areas),
        nodata_px=document["nodata_px"],
        not_finite_px=document["not_finite_px"],
        skipped=document["skipped"],
        seam=document["seam"],
    )
