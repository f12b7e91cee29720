"""What an alert tells of a class map: the rarest classes first, for they say most."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from rasterio.features import rasterize

from edgers.products.alert import Finding
from edgers.products.areas import ClassArea
from edgers.products.class_polygons import class_polygons
from edgers.products.raster_drafts import RasterDrafts
from edgers.scene.place import Place

MOST = 8
"""Classes whose places are looked for: an alert has no room for more."""

ROWS = 256
"""Rows that are searched together for a class too rare for the thinned map."""


def class_findings(
    areas: Sequence[ClassArea], drafts: RasterDrafts, place: Place,
    confidences: Sequence[float | None],
) -> list[Finding]:  # fmt: skip
    """Give what was found of each class that has pixels, the rarest first.

    The place of a class is a pixel of its largest part, the nearest to the middle of that part, of
    the map thinned as for the picture. `confidences` are in the order of `areas`.
    """
    pairs = [pair for pair in zip(areas, confidences, strict=True) if pair[0].pixels]
    pairs.sort(key=lambda pair: pair[0].pixels)
    thin = drafts.thinned("classes")[0]
    return [
        Finding(
            name=area.name,
            area_km2=area.area_km2,
            lonlat=_lonlat(place, _spot(drafts, thin, area.value)) if number < MOST else None,
            confidence=confidence,
        )
        for number, (area, confidence) in enumerate(pairs)
    ]


def _lonlat(place: Place, spot: tuple[float, float]) -> tuple[float, float] | None:
    lon, lat = (float(side[0]) for side in place.lonlat(*np.array([spot]).T))
    return (lon, lat) if np.isfinite([lon, lat]).all() else None


def _spot(drafts: RasterDrafts, thin: npt.NDArray[np.generic], value: int) -> tuple[float, float]:
    """Give column and row of the middle of a pixel of a class."""
    own = np.asarray(thin == value, np.uint8)
    if not own.any():
        return _rare_spot(drafts, value)
    parts = class_polygons(lambda row, height: own[row : row + height], own.shape, 0)
    rings = max(parts, key=lambda part: part.pixels).rings
    document = {"type": "Polygon", "coordinates": [ring.tolist() for ring in rings]}
    row, column = _middle(np.argwhere(rasterize([(document, 1)], out_shape=own.shape)))
    step = drafts.thinning.step
    return column * step + 0.5, row * step + 0.5


def _rare_spot(drafts: RasterDrafts, value: int) -> tuple[float, float]:
    """Look through the whole map for rows with the most pixels of a class."""
    draft = drafts["classes"]
    height, width = draft.shape.height_px, draft.shape.width_px
    found = np.zeros((0, 2), np.int64)
    for top in range(0, height, ROWS):
        block = draft.read(top, 0, min(ROWS, height - top), width)[0]
        here = np.argwhere(block == value)
        here[:, 0] += top
        found = here if len(here) > len(found) else found
    row, column = _middle(found)
    return column + 0.5, row + 0.5


def _middle(pixels: npt.NDArray[np.int64]) -> tuple[int, int]:
    """Give the one of some pixels, (pixel, (row, column)), that is nearest to their mean."""
    away = ((pixels - pixels.mean(axis=0)) ** 2).sum(axis=1)
    row, column = pixels[int(np.argmin(away))].tolist()
    return row, column
