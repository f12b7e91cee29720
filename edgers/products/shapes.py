"""Features as shapes on the ground: the same polygons for every format."""

import itertools
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import TypeVar

import numpy as np
from rasterio.crs import CRS

from edgers.products.feature import AREA, Feature, Ring
from edgers.scene.ground_polygon import ground_polygons, polygon_areas_m2
from edgers.scene.lonlat_ring import Point, twice_area
from edgers.scene.place import Place

FoundT = TypeVar("FoundT")

Shape = list[list[list[Point]]]
"""Polygons, each a shell counter-clockwise and its holes clockwise, all rings closed."""

CHUNK = 1024
"""Features that are put onto the ground together: asking PROJ has a price of its own."""

CRS84 = "OGC:CRS84"
"""Longitude and latitude of WGS 84, in this order."""

AREA_DIGITS = 3
"""Digits after the point of areas in m²."""


def lonlat_shapes(
    features: Iterable[Feature], place: Place
) -> Iterator[tuple[Feature, Shape | None]]:
    """Give features with their shapes in WGS 84 longitude and latitude, cut at the date line.

    Shapes are None for features that have no outline, are not wholly on Earth, or are smaller than
    a centimetre; and for all where the scene has no place.
    """
    for feature, polygons in _grounded(features, place, ground_polygons):
        yield feature, [part for one in polygons for part in one.parts()] or None


def own_shapes(features: Iterable[Feature], place: Place) -> Iterator[tuple[Feature, Shape | None]]:
    """Give features with their shapes in the CRS that `own_crs` names.

    On a map corners go through its affine, and nothing is added or cut. Without a place shapes are
    in columns and rows of pixels.
    """
    if place.kind not in ("map", "none"):
        yield from lonlat_shapes(features, place)
        return
    for feature in features:
        yield feature, [_mapped(rings, place) for rings in _polygons(feature)] or None


def own_crs(place: Place) -> CRS | None:
    """Give the CRS of `own_shapes`: the map's; degrees for a swath; None without a place."""
    kind = place.kind
    if kind == "map":
        return place.crs
    return None if kind == "none" else CRS.from_string(CRS84)


def pixel_shape(feature: Feature) -> Shape | None:
    """Give the shape of a feature in columns and rows of pixels."""
    return [
        [_closed(ring, is_hole=i > 0) for i, ring in enumerate(rings)]
        for rings in _polygons(feature)
    ] or None


def with_areas(features: Iterable[Feature], place: Place) -> Iterator[Feature]:
    """Give features the property `area_m2`, on the ellipsoid; null without a place."""
    for feature, areas in _grounded(features, place, polygon_areas_m2):
        told = round(sum(areas), AREA_DIGITS) if areas else None
        yield replace(feature, properties={**feature.properties, AREA.name: told})


def _grounded(
    features: Iterable[Feature], place: Place,
    find: Callable[[Place, list[list[Ring]]], list[FoundT | None]],
) -> Iterator[tuple[Feature, list[FoundT]]]:  # fmt: skip
    """Give features with what is found of their polygons on the ground, some together.

    Nothing is found of a feature without polygons, or where one of them is not wholly on Earth.
    """
    remaining = iter(features)
    while chunk := list(itertools.islice(remaining, CHUNK)):
        polygons = [_polygons(feature) for feature in chunk]
        answers = iter(find(place, list(itertools.chain(*polygons))))
        found = [list(itertools.islice(answers, len(some))) for some in polygons]
        for feature, some in zip(chunk, found, strict=True):
            whole = [one for one in some if one is not None]
            yield feature, whole if len(whole) == len(some) else []
        del chunk, polygons, answers, found  # else two chunks were in memory


def _polygons(feature: Feature) -> list[list[Ring]]:
    """Give the polygons of a feature as rings; none where one of these is no polygon."""
    if feature.geometry is None:
        return []
    whole = ((feature.geometry, *feature.holes), *feature.others)
    polygons = [[np.asarray(ring, np.float64) for ring in rings] for rings in whole]
    every = itertools.chain(*polygons)
    return polygons if all(len(ring) >= 3 and np.isfinite(ring).all() for ring in every) else []


def _mapped(rings: list[Ring], place: Place) -> list[list[Point]]:
    t = place.transform
    return [
        _closed(
            np.stack(
                [t.a * ring[:, 0] + t.b * ring[:, 1] + t.c,
                 t.d * ring[:, 0] + t.e * ring[:, 1] + t.f], axis=1,
            ),
            is_hole=i > 0,
        )
        for i, ring in enumerate(rings)
    ]  # fmt: skip


def _closed(ring: Ring, *, is_hole: bool) -> list[Point]:
    """Close a ring, and let it run counter-clockwise, or clockwise where it is a hole."""
    points: list[Point] = [(x + 0.0, y + 0.0) for x, y in ring.tolist()]
    x, y = points[0]
    area = twice_area([(a - x, b - y) for a, b in points])
    if area > 0 if is_hole else area < 0:
        points.reverse()
    return [*points, points[0]]
