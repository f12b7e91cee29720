"""What an alert tells of a map of values: the largest of each, and where it lies.

Values with a threshold are told where they reach it, the rarest first; then those without one.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from edgers.contract import OutputValue
from edgers.products.alert import Finding
from edgers.products.class_findings import MOST, ROWS, lonlat
from edgers.products.draft import Draft
from edgers.products.found import ValueRange
from edgers.products.raster_drafts import RasterDrafts
from edgers.scene.place import Place

Reals = npt.NDArray[np.float32]
Read = Callable[[npt.NDArray[np.generic]], Reals]
"""Turns samples of the draft into values, NaN where there is none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Told:
    """One value that is told."""

    band: int
    """Position in the draft."""
    range: ValueRange
    """What is known of it."""
    pixels: float
    """Pixels that reach the threshold; infinite where there is none."""


def value_findings(
    values: Sequence[OutputValue], ranges: Sequence[ValueRange], drafts: RasterDrafts,
    place: Place, read: Read,
) -> list[Finding]:  # fmt: skip
    """Give what was found of each value that has any, in the order told above."""
    told = [
        _Told(band=i, range=found, pixels=found.found.pixels if found.found else np.inf)
        for i, (one, found) in enumerate(zip(values, ranges, strict=True))
        if found.most is not None and (found.found is None or found.found.pixels)
    ]
    told.sort(key=lambda one: one.pixels)
    return [
        Finding(
            name=one.range.name,
            area_km2=one.range.found.area_km2 if one.range.found else None,
            most=one.range.most,
            lonlat=lonlat(place, *_largest(drafts["values"], one.band, read))
            if number < MOST
            else None,
        )
        for number, one in enumerate(told)
    ]


def _largest(draft: Draft, band: int, read: Read) -> tuple[float, float]:
    """Give column and row of the middle of the first pixel of the largest value."""
    height, width = draft.shape.height_px, draft.shape.width_px
    most, spot = -np.inf, (0.5, 0.5)
    for top in range(0, height, ROWS):
        values = read(draft.read(top, 0, min(ROWS, height - top), width)[band])
        here = np.where(np.isnan(values), -np.inf, values)
        at = int(here.argmax())
        if here.flat[at] > most:
            most, (row, column) = here.flat[at], divmod(at, width)
            spot = column + 0.5, top + row + 0.5
    return spot
