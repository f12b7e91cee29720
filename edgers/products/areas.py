"""How much of a scene each class covers."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from edgers.contract import ModelClass

MM2_PER_M2 = 10**6


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
    """Area on the WGS 84 ellipsoid in km², or None without a place on Earth."""


def block_pixels(
    block: npt.NDArray[np.generic], classes: Sequence[ModelClass],
    row_areas_m2: npt.NDArray[np.float64] | None,
) -> tuple[tuple[int, ...], tuple[int, ...] | None]:  # fmt: skip
    """Count pixels and area, in mm², of each class in a block, (height, width).

    Pixels of row i have the area `row_areas_m2[i]`; without it there are no areas.
    """
    if not block.size:
        return (0,) * len(classes), (0,) * len(classes)
    rows = [np.count_nonzero(block == entry.value, axis=1) for entry in classes]
    pixels = tuple(int(row.sum()) for row in rows)
    if row_areas_m2 is None:
        return pixels, None
    return pixels, tuple(round(float(row @ row_areas_m2) * MM2_PER_M2) for row in rows)


class AreaCounter:
    """Running sums over blocks of a class map; whole numbers, so that their order is no matter."""

    def __init__(self, classes: Sequence[ModelClass]) -> None:
        self._classes = classes
        self._pixels = [0] * len(classes)
        self._areas_mm2 = [0] * len(classes)
        self._has_area = True

    def add(self, pixels: Sequence[int], areas_mm2: Sequence[int] | None) -> None:
        """Add the counts of a block, in the order of the classes."""
        self._has_area &= areas_mm2 is not None
        for i, count in enumerate(pixels):
            self._pixels[i] += count
        for i, area in enumerate(areas_mm2 or ()):
            self._areas_mm2[i] += area

    def areas(self, data_px: int | None = None) -> tuple[ClassArea, ...]:
        """Give the sums, in the order of the classes.

        `data_px` are the pixels that have data, where one may be of several classes or of none.
        """
        total = sum(self._pixels) if data_px is None else data_px
        return tuple(
            ClassArea(
                value=entry.value,
                name=entry.name,
                pixels=pixels,
                share=pixels / total if total else 0.0,
                area_km2=area / MM2_PER_M2 / 1e6 if self._has_area else None,
            )
            for entry, pixels, area in zip(
                self._classes, self._pixels, self._areas_mm2, strict=True
            )
        )
