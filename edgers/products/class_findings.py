"""What an alert tells of a map of classes: the rarest first, for they say most."""

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

Layer = tuple[str, int, int]
"""Role of a draft, position of its band there, and the value of the pixels of a class."""

ROWS = 256
"""Rows that are searched together for a class too rare for the thinned map."""


def class_findings(
    areas: Sequence[ClassArea], drafts: RasterDrafts, place: Place,
    confidences: Sequence[float | None], layers: Sequence[Layer],
) -> list[Finding]:  # fmt: skip
    """Give what was found of each class that has pixels, the rarest first.

    The place of a class is a pixel of its largest part, the nearest to the middle of that part, of
    the map thinned as for the picture. `confidences` and `layers`, which say where its pixels are
    told, are in the order of `areas`.
    """
    rows = [row for row in zip(areas, confidences, layers, strict=True) if row[0].pixels]
    rows.sort(key=lambda row: row[0].pixels)
    return [
        Finding(
            name=area.name,
            area_km2=area.area_km2,
            lonlat=lonlat(place, *_spot(drafts, layer)) if number < MOST else None,
            confidence=confidence,
        )
        for number, (area, confidence, layer) in enumerate(rows)
    ]


def lonlat(place: Place, column: float, row: float) -> tuple[float, float] | None:
    """Give longitude and latitude of a place in pixels; None where there is none."""
    lon, lat = (float(side[0]) for side in place.lonlat(np.array([column]), np.array([row])))
    return (lon, lat) if np.isfinite([lon, lat]).all() else None


def _spot(drafts: RasterDrafts, layer: Layer) -> tuple[float, float]:
    """Give column and row of the middle of a pixel of a class."""
    role, band, value = layer
    own = np.asarray(drafts.thinned(role, [band])[0] == value, np.uint8)
    if not own.any():
        return _rare_spot(drafts, layer)
    parts = class_polygons(lambda row, height: own[row : row + height], own.shape, 0)
    rings = max(parts, key=lambda part: part.pixels).rings
    document = {"type": "Polygon", "coordinates": [ring.tolist() for ring in rings]}
    row, column = _middle(np.argwhere(rasterize([(document, 1)], out_shape=own.shape)))
    step = drafts.thinning.step
    return column * step + 0.5, row * step + 0.5


def _rare_spot(drafts: RasterDrafts, layer: Layer) -> tuple[float, float]:
    """Look through the whole map for rows with the most pixels of a class."""
    role, band, value = layer
    draft = drafts[role]
    height, width = draft.shape.height_px, draft.shape.width_px
    found = np.zeros((0, 2), np.int64)
    for top in range(0, height, ROWS):
        block = draft.read(top, 0, min(ROWS, height - top), width)[band]
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
