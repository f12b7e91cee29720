"""How much of a scene each class covers."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from edgers.contract import ModelClass


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassArea:
    """What one class covers."""

    value: int
    """Value in the class map."""
    name: str
    """Class name."""
    pixels: int
    """Pixels."""
    share: float
    """Share of the pixels that are not nodata; 0 where all are."""
    area_km2: float | None
    """Area on the WGS 84 ellipsoid in km², or None without a CRS."""


class AreaCounter:
    """Running sums over blocks of a class map."""

    def __init__(self, classes: Sequence[ModelClass]) -> None:
        self._classes = classes
        self._pixels = [0] * len(classes)
        self._area_m2 = [0.0] * len(classes)
        self._has_area = True

    def add(
        self, block: npt.NDArray[np.generic], row_areas_m2: npt.NDArray[np.float64] | None
    ) -> None:
        """Count a block, (height, width), of which row i has pixels of `row_areas_m2[i]`."""
        self._has_area &= row_areas_m2 is not None
        for i, entry in enumerate(self._classes):
            by_row = np.count_nonzero(block == entry.value, axis=1)
            self._pixels[i] += int(by_row.sum())
            if row_areas_m2 is not None:
                self._area_m2[i] += float(by_row @ row_areas_m2)

    def areas(self) -> tuple[ClassArea, ...]:
        """Give the sums, in the order of the classes."""
        total = sum(self._pixels)
        return tuple(
            ClassArea(
                value=entry.value,
                name=entry.name,
                pixels=pixels,
                share=pixels / total if total else 0.0,
                area_km2=area / 1e6 if self._has_area else None,
            )
            for entry, pixels, area in zip(self._classes, self._pixels, self._area_m2, strict=True)
        )
